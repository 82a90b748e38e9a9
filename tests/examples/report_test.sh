#!/bin/sh
# SPDX-License-Identifier: MIT
# report_test.sh <vpf> <sample folder>: vpf report as a person uses it: all that a training has left is on the page,
# which needs nothing else, and what it says when something is missing. Needs python3.
set -eu
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
# shellcheck disable=SC2034  # program.sh reads both
{
  command=report
  sample=$(cd "$2" && pwd)
}
# shellcheck source=/dev/null
. "$(dirname "$0")/../support/program.sh"

train 'a run' --arch 784-16 --epochs 4
train bare --arch 784
train deep --arch 784-16-9 --intra hidden

# ---- options ----

helped note about-images about-filled help
refused 'DIR: the folder of a training is needed'
refused '--wrong: allowed are --note, --about-images, --about-filled, --help' bare --wrong
refused 'more: is not an option' bare more
refused '--note: needs a value' bare --note
[ ! -e bare/report.html ] || fail "a mistake in the options leaves a page"
echo "ok: options"

# ---- the page ----

count() { grep -o -e "$1" "$2" | wc -l; }

expect 0 'a run'
[ ! -s stderr ] || fail "a good run writes to stderr"
grep -qx 'report  *a run/report.html' stdout || fail "it does not say where the page is"
page='a run/report.html'
self_contained "$page"
[ "$(count '<svg role="img"' "$page")" -eq 3 ] || fail "not three curves"
[ "$(count '<img ' "$page")" -eq 1 ] || fail "not one picture, the filters"
! grep -q 'class="note"' "$page" || fail "a note that nobody wrote"

# Every fact of the summary, and every number of the log.
python3 - 'a run' <<'PYTHON' || fail "facts and numbers"
import html, json, re, sys
folder = sys.argv[1]
page = open(folder + "/report.html", encoding="utf-8").read()
facts = [tuple(html.unescape(cell) for cell in row) for row in
         re.findall(r"<tr><th>([^<]*)</th><td>([^<]*)</td></tr>", page)]
wanted = []
for line in open(folder + "/summary.txt"):
    if line.startswith("files "):
        break
    name, text = re.match(r"(.*?)  +(.*)", line).groups()
    wanted.append((name, text))
assert facts[:-2] == wanted, (facts, wanted)
assert [name for name, _ in facts[-2:]] == ["computer", "date"], facts
rows = [re.findall(r"<td>([^<]*)</td>", row) for row in re.findall(r"<tr>(<td>.*?)</tr>", page)]
lines = [json.loads(line) for line in open(folder + "/log.jsonl")]
assert rows == [["%d" % l["epoch"], "%.2f" % l["K"], "%.2f" % l["K_lower"][0], "%.2f" % l["K_upper"][0],
                 "%.3f" % l["rho"], "%.2f" % l["w2"], "%.2f" % l["seconds"]] for l in lines], rows
PYTHON

# Generated images, when they are there, and a note; the page is replaced whole.
stat -c %i "$page" >before
"$program" sample 'a run/model.safetensors' --out 'a run/images.png' >stdout 2>stderr || fail "vpf sample"
grep -q 'Drawn from the top down' "$page" && fail "words about a picture that is not there"
expect 0 'a run'
grep -q '<p>Drawn from the top down' "$page" || fail "no words about the images"
"$program" fill 'a run/model.safetensors' --data "$sample" --rows 20 --region top --out 'a run/filled.png' >stdout 2>stderr ||
  fail "vpf fill"
expect 0 'a run' --note 'A <b> & "that"' --about-images 'of <my> own' --about-filled 'tops'
stat -c %i "$page" | cmp -s - before && fail "the page was written over"
[ "$(count '<img ' "$page")" -eq 3 ] || fail "not three pictures"
grep -q '<p>of &lt;my&gt; own</p>' "$page" || fail "my own words about the images"
grep -q '<p>tops</p>' "$page" || fail "my own words about what is filled in"
grep -q 'Drawn from the top down' "$page" && fail "words that were to be replaced"
grep -qF '<section class="note"><p>A &lt;b&gt; &amp; &quot;that&quot;</p></section>' "$page" || fail "the note"
[ -z "$(find . -name '.*.tmp')" ] || fail "files are left over: $(find . -name '.*.tmp')"
self_contained "$page"
look_at "$page"
echo "ok: the page"

# ---- other trainings ----

expect 0 bare --note ''
[ "$(count '<img ' bare/report.html)" -eq 0 ] || fail "a picture of no weights"
! grep -q 'class="note"' bare/report.html || fail "a note without a word"
[ "$(count '<tr><td>' bare/report.html)" -eq 2 ] || fail "not a line for each epoch"
expect 0 deep
[ "$(count '<tr><td>' deep/report.html)" -eq 2 ] || fail "not a line for each epoch"

# The likelihood that was watched: a curve, a column, and what is doubtful of it.
cp -r deep doubted
python3 - deep/log.jsonl doubted/log.jsonl <<'PYTHON'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
lines[0].update(log_p=-200.25, doubts=[])
lines[1].update(log_p=-190.5, doubts=["ess"])
open(sys.argv[2], "w").writelines(json.dumps(line) + "\n" for line in lines)
PYTHON
expect 0 doubted
[ "$(count '<svg role="img"' doubted/report.html)" -eq 4 ] || fail "no curve of the likelihood"
grep -q '<td>-200.25</td></tr>' doubted/report.html || fail "no likelihood in the table"
grep -q '<td>-190.50 doubtful</td></tr>' doubted/report.html || fail "what is doubtful is not marked in the table"
grep -q '>doubtful</text>' doubted/report.html || fail "what is doubtful is not marked in the curve"
sed -i 's/"ess"//' doubted/log.jsonl
expect 0 doubted
! grep -qE '(>|[0-9] )doubtful</' doubted/report.html || fail "a doubt that nobody has"
look_at doubted/report.html

# A line that is still being written is not one yet; before the first one there are no curves.
cp deep/log.jsonl whole
{ cat whole; head -c 40 whole; } >deep/log.jsonl
expect 0 deep
[ "$(count '<tr><td>' deep/report.html)" -eq 2 ] || fail "half a line counts as an epoch"
: >deep/log.jsonl
expect 0 deep
[ "$(count '<svg' deep/report.html)" -eq 0 ] || fail "curves of nothing"
look_at deep/report.html
echo "ok: other trainings"

# ---- what goes wrong ----

failing 'missing/log.jsonl' missing
rm bare/summary.txt bare/report.html
failing 'bare/summary.txt' bare
[ ! -e bare/report.html ] || fail "a failure leaves a page"
rm deep/filters.png
mkdir deep/filters.png
failing 'deep/filters.png' deep
[ -z "$(find . -name '.*.tmp')" ] || fail "files are left over: $(find . -name '.*.tmp')"
echo "ok: missing files"
