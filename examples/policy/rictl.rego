# What a plan may do here, for conftest or OPA, on `rictl plan --json`: rictl's own guards hold whatever this says.
#   rictl plan --json > plan.json; conftest test --policy examples/policy plan.json
package main

import rego.v1

# Nothing goes down on a working day without a change that somebody owns.
deny contains message if {
	some step in input.steps
	step.action == "deactivate"
	not step.change_id
	message := sprintf("%s goes down without a change (`changes` of the spec)", [step.id])
}

# A site keeps two links up at every moment of the plan.
deny contains message if {
	some step in input.steps
	some margin in step.margins
	margin.of > 2
	margin.lowest < 2
	message := sprintf("%s would be left with %d of %d links at its lowest", [margin.group, margin.lowest, margin.of])
}

# Nobody loosens a guard in passing.
deny contains message if {
	some weakened in input.guards_weakened
	message := sprintf("%s: %v -> %v: say why in a request of its own", [weakened.what, weakened.before, weakened.after])
}

warn contains message if {
	some warning in input.warnings
	message := sprintf("%s: %s", [warning.code, warning.summary])
}
