#!/bin/sh
# Is the region still well? Exit 0: go on. Anything else: stop before the next wave. A real one would ask the monitoring.
test ! -e region-is-unwell || { echo "monitoring: $1 is unwell" >&2; exit 1; }
