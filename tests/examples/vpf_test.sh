#!/bin/sh
# SPDX-License-Identifier: MIT
# vpf_test.sh <vpf> <train_mnist> <sample folder>: what vpf says of its commands, and that train_mnist is one of them.
# shellcheck disable=SC2034  # program.sh reads what is set here
set -eu
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
train_mnist=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
sample=$(cd "$3" && pwd)
# shellcheck source=/dev/null
. "$(dirname "$0")/../support/program.sh"

# ---- the list of commands ----

helped help version
mv stdout help
grep -q '^Usage: vpf COMMAND ' help || fail "no usage"
commands=$(sed -n '/^Commands:/,/^$/ s/^  \([a-z]*\)  *[a-z].*/\1/p' help)
for wanted in train sample fill evaluate report; do
  echo "$commands" | grep -qx $wanted || fail "$wanted is not in the list"
done
for arguments in '' -h; do
  # shellcheck disable=SC2086  # one word or none
  expect 0 $arguments
  cmp stdout help || fail "vpf $arguments is not vpf --help"
done
expect 0 --version
grep -qxE 'vpf [0-9]+\.[0-9]+\.[0-9]+' stdout || fail "no version"
[ "$(wc -l <stdout)" -eq 1 ] || fail "more than the version"

list=$(echo "$commands" | tr '\n' ',' | sed 's/,$//; s/,/, /g')
for word in paint trains '' --data --helpme -x Train; do
  refused "vpf: $word: is not a command; there are $list (see --help)" "$word"
done
refused 'vpf: paint: is not a command' paint --help
echo "ok: the list of commands"

# ---- every command ----

for command in $commands; do
  name="vpf $command"
  expect 0 --help
  [ ! -s stderr ] || fail "--help writes to stderr"
  head -n 1 stdout | grep -q "^Usage: vpf $command " || fail "it has another name for itself"
  for option in help version; do grep -q "^  --$option " stdout || fail "--help does not speak of --$option"; done
  mv stdout "$command.help"
  expect 0 -h
  cmp stdout "$command.help" || fail "-h is not --help"
  refused "vpf $command: --nonsense: " --nonsense
done
echo "ok: every command"

# ---- train_mnist ----

"$train_mnist" --help >mnist.help || fail "train_mnist --help"
sed 's/^Usage: train_mnist /Usage: vpf train /' mnist.help | cmp - train.help || fail "train_mnist has other options"
command=train
expect 0 --data "$sample" --limit 100 --epochs 1 --arch 784-5 --out here
"$train_mnist" --data "$sample" --limit 100 --epochs 1 --arch 784-5 --out there >stdout 2>stderr || fail "train_mnist"
cmp here/model.safetensors there/model.safetensors || fail "train_mnist trains another machine"
status=0
"$train_mnist" --nonsense >stdout 2>stderr || status=$?
[ $status -eq 2 ] || fail "exit status $status instead of 2: train_mnist --nonsense"
grep -q '^train_mnist: --nonsense: allowed are --data' stderr || fail "train_mnist has another name for itself"
echo "ok: train_mnist"
