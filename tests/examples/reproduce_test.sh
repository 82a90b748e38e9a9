#!/bin/sh
# SPDX-License-Identifier: MIT
# reproduce_test.sh <reproduce> [SECTION,... SECTION]: a quick run leaves everything it should, can be interrupted and
# gone on with, and makes a page that needs nothing else. With a list of sections, only those; the last one is the one
# that is interrupted.
set -u
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
only=${2:-}
interrupted=${3:-table1}
# shellcheck source=/dev/null
. "$(dirname "$0")/../support/program.sh"

# quick <exit status> <folder> <arguments>...
quick() {
  wanted=$1
  folder=$2
  shift 2
  expect "$wanted" --quick --out "$folder" "$@"
}

# run <exit status> [--resume]: of all that is wanted, in "a run".
run() {
  wanted=$1
  shift
  quick "$wanted" 'a run' ${only:+--only "$only"} "$@"
}

run 0
for file in report.html results.csv results.json; do [ -s "a run/$file" ] || fail "no $file"; done

# Every section is there, in all three files.
helped out data fashion quick only resume train-only threads
sed -n 's/^                      \([a-z0-9]*\)  *\(Fig\|Beyond\).*/\1/p' stdout >all
[ "$(wc -l <all)" -ge 13 ] || fail "the help lists too few sections"
if [ -n "$only" ]; then echo "$only" | tr , '\n' >wanted; else cp all wanted; fi
while read -r section; do
  grep -q "<section id=\"$section\">" 'a run/report.html' || fail "$section is not in the report"
  grep -q "\"section\": \"$section\"" 'a run/results.json' || fail "$section is not in results.json"
done <wanted
columns=$(head -n 1 'a run/results.csv' | tr -cd , | wc -c)
[ "$columns" -eq 12 ] || fail "results.csv has $columns columns"
! grep -q 'needs gnuplot' 'a run/report.html' || fail "plots are missing"

# Self-contained: whatever it loads is in it. Identifiers, which plots bring along, are each the page's only one.
grep -oE '(src|href)="[^"]{0,12}' 'a run/report.html' | grep -vE '="(data:|#)' >outside
[ ! -s outside ] || fail "the report loads $(head -n 1 outside)"
grep -oE " id=['\"][^'\"]*" 'a run/report.html' | sort | uniq -d >twice
[ ! -s twice ] || fail "the report has two of$(head -n 1 twice)"

# Going on with a finished run changes nothing; without being asked to, it is not touched.
cp 'a run/results.csv' before.csv
run 2
grep -q -e --resume stderr || fail "--resume was not offered"
run 0 --resume
cmp -s 'a run/results.csv' before.csv || fail "going on changed the results"

# Interrupted and gone on with, a run ends as one that was not.
"$program" --quick --out interrupted --only "$interrupted" >stdout 2>stderr &
pid=$!
tries=0
until ls interrupted/machines/*.safetensors >/dev/null 2>&1 || [ $tries -ge 600 ]; do
  sleep 0.05
  tries=$((tries + 1))
done
kill -INT $pid
wait $pid
[ $? -eq 130 ] || fail "an interrupted run does not say so"
[ ! -e "interrupted/findings/$interrupted.json" ] || fail "the run was not interrupted before its end"
quick 0 interrupted --only "$interrupted" --resume
quick 0 whole --only "$interrupted"
for file in whole/machines/*.safetensors whole/results.csv; do
  cmp -s "$file" "interrupted/${file#whole/}" || fail "${file##*/} is another after an interruption"
done

# What was trained otherwise is not used.
sed -i 's/"epochs": 4,/"epochs": 5,/' interrupted/machines/rbm196-1.json
rm "interrupted/findings/$interrupted.json"
failing 'trained otherwise' --quick --out interrupted --only "$interrupted" --resume

# Mistakes.
refused --out --quick
refused --data --out m
refused --only --quick --out m --only table3
refused --only --quick --out m --only table1,
refused --nonsense --quick --out m --nonsense
failing nowhere --out m --data nowhere

# In a browser: every picture shows, nothing complains, and a phone need not scroll sideways.
if command -v chromium >/dev/null; then
  cat >'a run/probe.html' <<'HTML'
<!DOCTYPE html><body><iframe src="report.html" width="400" height="800" style="border:0"></iframe>
<script>
document.querySelector('iframe').onload = function () {
  var page = this.contentDocument, root = page.documentElement;
  var broken = [].filter.call(page.images, function (i) { return !i.complete || !i.naturalWidth; }).length;
  document.body.dataset.result = 'broken ' + broken + ', sideways ' + (root.scrollWidth - root.clientWidth);
};
</script>
HTML
  # shellcheck disable=SC2154  # made above, in what is sourced
  HOME=$scratch timeout 120 chromium --headless --no-sandbox --disable-gpu --allow-file-access-from-files \
    --virtual-time-budget=10000 --enable-logging=stderr --dump-dom \
    "file://$(printf '%s' "$scratch" | sed 's/ /%20/g')/a%20run/probe.html" >dom 2>browser
  result=$(sed -n 's/.*data-result="\([^"]*\)".*/\1/p' dom)
  [ "$result" = 'broken 0, sideways 0' ] || fail "in a browser: ${result:-it was not shown}"
  ! grep ':CONSOLE' browser || fail "the browser complains"
else
  echo "SKIPPED: chromium is not installed, so nobody has looked at the report"
fi
