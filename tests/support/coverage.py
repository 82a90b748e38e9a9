# SPDX-License-Identifier: MIT
"""coverage.py <repository> <gcovr's JSON> <least percentage>: compares the lines that no test ran with docs/coverage.md.

A line is justified under the heading of its file, by its text: line numbers move."""
import json
import re
import sys
from pathlib import Path

root, measured, least = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])


def justifications(path):
    """{(file, text of the line)} of "## `file`" and "* `line`: why"."""
    found, name = set(), None
    for line in path.read_text().splitlines():
        if heading := re.fullmatch(r"## `(.+)`", line):
            name = heading[1]
        elif item := re.match(r"\* `(.+?)`: .", line):
            found.add((name, item[1]))
    return found


justified, used, failed = justifications(root / "docs/coverage.md"), set(), False
lines = ran = 0
for entry in json.loads(measured.read_text())["files"]:
    name = entry["file"]
    source = (root / name).read_text().splitlines()
    counted = [line for line in entry["lines"] if not line.get("gcovr/noncode")]
    missed = [line["line_number"] for line in counted if line["count"] == 0]
    lines += len(counted)
    ran += len(counted) - len(missed)
    print(f"{name:40} {len(counted):5} lines {100 * (1 - len(missed) / max(len(counted), 1)):6.1f} %")
    for number in missed:
        text = source[number - 1].strip()
        known = (name, text) in justified
        used.add((name, text))
        failed |= not known
        print(f"  {number:5}: {text}{'' if known else '    <- NOT JUSTIFIED in docs/coverage.md'}")
for name, text in sorted(justified - used):
    print(f"docs/coverage.md justifies a line that is run or gone: {name}: {text}")

percentage = 100 * ran / lines if lines else 0
print(f"lines: {percentage:.2f} % ({ran} of {lines})")
if percentage < least:
    print(f"fewer than {least:g} %")
sys.exit(failed or percentage < least)
