#!/bin/sh
# SPDX-License-Identifier: MIT
# reproduce_test.sh <reproduce> [SECTION,... SECTION]: a quick run leaves everything it should, can be interrupted and gone
# on with, and makes a page that needs nothing else. With a list of sections, only those; the last one is the one
# that is interrupted.
set -u
reproduce=$1
only=${2:-}
interrupted=${3:-table1}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0
fail() {
  echo "FAILED: $*"
  failed=1
}

out="$scratch/a run"
"$reproduce" --quick --out "$out" ${only:+--only "$only"} >"$scratch/log" 2>&1 || { cat "$scratch/log"; fail "a quick run"; }
for file in report.html results.csv results.json; do [ -s "$out/$file" ] || fail "no $file"; done

# Every section is there, in all three files.
"$reproduce" --help | sed -n 's/^                      \([a-z0-9]*\)  *\(Fig\|Beyond\).*/\1/p' >"$scratch/all"
[ "$(wc -l <"$scratch/all")" -ge 13 ] || fail "the help lists too few sections"
if [ -n "$only" ]; then echo "$only" | tr , '\n' >"$scratch/wanted"; else cp "$scratch/all" "$scratch/wanted"; fi
while read -r name; do
  grep -q "<section id=\"$name\">" "$out/report.html" || fail "$name is not in the report"
  grep -q "\"section\": \"$name\"" "$out/results.json" || fail "$name is not in results.json"
done <"$scratch/wanted"
columns=$(head -n 1 "$out/results.csv" | tr -cd , | wc -c)
[ "$columns" -eq 12 ] || fail "results.csv has $columns columns"
! grep -q 'needs gnuplot' "$out/report.html" || fail "plots are missing"

# Self-contained: whatever it loads is in it. Identifiers, which plots bring along, are each the page's only one.
grep -oE '(src|href)="[^"]{0,12}' "$out/report.html" | grep -vE '="(data:|#)' >"$scratch/outside"
[ ! -s "$scratch/outside" ] || fail "the report loads $(head -n 1 "$scratch/outside")"
grep -oE " id=['\"][^'\"]*" "$out/report.html" | sort | uniq -d >"$scratch/twice"
[ ! -s "$scratch/twice" ] || fail "the report has two of$(head -n 1 "$scratch/twice")"

# Going on with a finished run changes nothing; without being asked to, it is not touched.
cp "$out/results.csv" "$scratch/before.csv"
"$reproduce" --quick --out "$out" ${only:+--only "$only"} >"$scratch/log" 2>&1
[ $? -eq 2 ] || fail "an existing run was not refused"
grep -q -- --resume "$scratch/log" || fail "--resume was not offered"
"$reproduce" --quick --out "$out" --resume ${only:+--only "$only"} >"$scratch/log" 2>&1 || fail "going on with a finished run"
cmp -s "$out/results.csv" "$scratch/before.csv" || fail "going on changed the results"

# Interrupted and gone on with, a run ends as one that was not.
other=$scratch/interrupted
"$reproduce" --quick --out "$other" --only "$interrupted" >"$scratch/log" 2>&1 &
pid=$!
tries=0
until ls "$other"/machines/*.safetensors >/dev/null 2>&1 || [ $tries -ge 600 ]; do
  sleep 0.05
  tries=$((tries + 1))
done
kill -INT $pid
wait $pid
[ $? -eq 130 ] || { cat "$scratch/log"; fail "an interrupted run does not say so"; }
[ ! -e "$other/findings/$interrupted.json" ] || fail "the run was not interrupted before its end"
"$reproduce" --quick --out "$other" --only "$interrupted" --resume >"$scratch/log" 2>&1 || { cat "$scratch/log"; fail "going on"; }
"$reproduce" --quick --out "$scratch/whole" --only "$interrupted" >"$scratch/log" 2>&1 || fail "a run of one section"
for file in "$scratch"/whole/machines/*.safetensors "$scratch/whole/results.csv"; do
  cmp -s "$file" "$other/${file#"$scratch/whole/"}" || fail "${file##*/} is another after an interruption"
done

# What was trained otherwise is not used.
sed -i 's/"epochs": 4,/"epochs": 5,/' "$other/machines/rbm196-1.json"
rm "$other/findings/$interrupted.json"
"$reproduce" --quick --out "$other" --only "$interrupted" --resume >"$scratch/log" 2>&1
[ $? -eq 1 ] && grep -q 'trained otherwise' "$scratch/log" || fail "a machine of another recipe was used"

# Mistakes.
mistake() {
  "$reproduce" "$@" >"$scratch/log" 2>&1
  [ $? -eq 2 ] || fail "accepted: $*"
}
mistake --quick
mistake --out "$scratch/m"
mistake --quick --out "$scratch/m" --only table3
mistake --quick --out "$scratch/m" --only "$interrupted",
mistake --quick --out "$scratch/m" --nonsense
"$reproduce" --out "$scratch/m" --data "$scratch/nowhere" >"$scratch/log" 2>&1
[ $? -eq 1 ] || fail "a folder that is not there was accepted"

# In a browser: every picture shows, nothing complains, and a phone need not scroll sideways.
if command -v chromium >/dev/null; then
  cat >"$out/probe.html" <<'HTML'
<!DOCTYPE html><body><iframe src="report.html" width="400" height="800" style="border:0"></iframe>
<script>
document.querySelector('iframe').onload = function () {
  var page = this.contentDocument, root = page.documentElement;
  var broken = [].filter.call(page.images, function (i) { return !i.complete || !i.naturalWidth; }).length;
  document.body.dataset.result = 'broken ' + broken + ', sideways ' + (root.scrollWidth - root.clientWidth);
};
</script>
HTML
  HOME=$scratch timeout 120 chromium --headless --no-sandbox --disable-gpu --allow-file-access-from-files \
    --virtual-time-budget=10000 --enable-logging=stderr --dump-dom "file://$(printf '%s' "$out" | sed 's/ /%20/g')/probe.html" \
    >"$scratch/dom" 2>"$scratch/browser"
  result=$(sed -n 's/.*data-result="\([^"]*\)".*/\1/p' "$scratch/dom")
  [ "$result" = 'broken 0, sideways 0' ] || fail "in a browser: ${result:-it was not shown}"
  ! grep -q ':CONSOLE' "$scratch/browser" || { grep ':CONSOLE' "$scratch/browser"; fail "the browser complains"; }
else
  echo "SKIPPED: chromium is not installed, so nobody has looked at the report"
fi
exit $failed
