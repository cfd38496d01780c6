#!/usr/bin/env python3
"""Records docs/pictures/drain.svg: docs/pictures/record.py target/release/rictl

Types the commands below into a copy of examples/maintenance-drain and draws what the binary answers, line by line, as it
came and when. Nothing but Python's own library. A test compares the picture's text with what the binary prints today.
"""

import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLE = REPOSITORY / "examples" / "maintenance-drain"
PICTURE = REPOSITORY / "docs" / "pictures" / "drain.svg"
COMMANDS = ["rictl apply --auto-approve", "rictl whatif --down sh-backup"]

# Seconds: before a further command is typed, from there to its first answer, and the last moment, held until it begins anew.
PAUSE, TYPING, HOLD = 1.5, 0.8, 12.0
FONT, LINE, MARGIN = 12, 16, 18
ADVANCE = 0.602 * FONT

# What SGR codes are drawn as; 0 ends them.
CLASSES = {"1": "b", "2": "d", "31": "r", "32": "g", "33": "y", "36": "c"}

STYLE = """
  .back { fill: #ffffff; stroke: #d0d7de }
  text { font: %(font)dpx ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #1f2328; white-space: pre }
  .b { font-weight: bold } .d { fill: #656d76 } .r { fill: #cf222e } .g { fill: #1a7f37 } .y { fill: #9a6700 } .c { fill: #0969da }
  .typed { font-weight: bold }
  @media (prefers-color-scheme: dark) {
    .back { fill: #0d1117; stroke: #30363d }
    text { fill: #e6edf3 }
    .d { fill: #8b949e } .r { fill: #ff7b72 } .g { fill: #3fb950 } .y { fill: #d29922 } .c { fill: #58a6ff }
  }
"""


def record(binary, directory, home):
    """Returns (moment, line) of all that was typed and answered, in seconds from the beginning."""
    lines, clock = [], 0.0
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": home,
        "USER": "you",
        "LANG": "C.UTF-8",
        "CLICOLOR_FORCE": "1",
    }
    for command in COMMANDS:
        if lines:
            clock += PAUSE
            lines.append((clock, ""))
        lines.append((clock, "$ " + command))
        clock += TYPING
        words = [str(binary)] + command.split()[1:]
        begun = time.monotonic()
        with subprocess.Popen(
            words, cwd=directory, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1
        ) as process:
            for line in process.stdout:
                lines.append((clock + time.monotonic() - begun, line.rstrip("\n")))
        clock += time.monotonic() - begun
    return lines


def spans(line):
    """Returns a line with its colours as elements, and how many columns it has."""
    drawn, columns, classes = "", 0, []
    for text, codes in re.findall(r"([^\x1b]+)|\x1b\[([0-9;]*)m", line):
        if text:
            columns += len(text)
            escaped = html.escape(text, quote=False)
            drawn += f'<tspan class="{" ".join(classes)}">{escaped}</tspan>' if classes else escaped
        else:
            for code in codes.split(";"):
                classes = [] if code in ("", "0") else classes + [CLASSES[code]]
    return drawn, columns


def draw(lines):
    """Returns the picture. Without animations, and where less motion is wanted, every line of it is seen."""
    whole = lines[-1][0] + HOLD
    moments, rows, columns = [], [], 0
    for number, (moment, line) in enumerate(lines):
        # What comes within a tenth of a second is seen at once.
        if not moments or moment - moments[-1] > 0.1:
            moments.append(moment)
        drawn, width = spans(line)
        columns = max(columns, width)
        kind = "line typed" if line.startswith("$ ") else "line"
        y = MARGIN + FONT + number * LINE
        rows.append(f'<text class="{kind} t{len(moments) - 1}" x="{MARGIN}" y="{y}" xml:space="preserve">{drawn}</text>')
    shown = []
    for number, moment in enumerate(moments):
        if moment == 0:
            # The first command stands there from the first frame on: nobody looks at an empty box.
            continue
        at = 100 * moment / whole
        shown.append(f"    @keyframes t{number} {{ 0% {{ opacity: 0 }} {at:.2f}%, 100% {{ opacity: 1 }} }}")
        shown.append(f"    .t{number} {{ animation: t{number} {whole:.2f}s step-end infinite }}")
    width = round(2 * MARGIN + columns * ADVANCE)
    height = 2 * MARGIN + len(lines) * LINE
    motion = "  @media (prefers-reduced-motion: no-preference) {\n" + "\n".join(shown) + "\n  }\n"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">\n'
        "<title>rictl drains sh-primary: sh-backup comes up first, and is then the last link that may not go</title>\n"
        f"<style>{STYLE % {'font': FONT}}{motion}</style>\n"
        f'<rect class="back" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"/>\n' + "\n".join(rows) + "\n</svg>\n"
    )


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: docs/pictures/record.py RICTL")
    binary = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as home:
        directory = Path(home) / "drain"
        directory.mkdir()
        for name in ("rictl.yaml", "world.yaml"):
            shutil.copy(EXAMPLE / name, directory / name)
        PICTURE.write_text(draw(record(binary, directory, home)), encoding="utf-8")


main()
