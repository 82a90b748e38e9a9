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
plots=$(grep -c '"kind": "plot"' 'a run/results.json' || :)
shown=$(grep -c '^<svg role="img"' 'a run/report.html' || :)
[ "$shown" -eq "$plots" ] || fail "the report shows $shown of $plots plots"

self_contained 'a run/report.html'

# Going on with a finished run changes nothing; without being asked to, it is not touched.
cp 'a run/results.csv' before.csv
run 2
grep -q -e --resume stderr || fail "--resume was not offered"
run 0 --resume
cmp -s 'a run/results.csv' before.csv || fail "going on changed the results"

# Interrupted and gone on with, a run ends as one that was not.
# A background child of a shell ignores SIGINT unless that is put right.
env --default-signal=INT "$program" --quick --out interrupted --only "$interrupted" >stdout 2>stderr &
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

look_at "a run/report.html"
