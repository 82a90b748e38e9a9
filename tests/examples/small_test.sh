#!/bin/sh
# SPDX-License-Identifier: MIT
# small_test.sh <folder of the programs> <sample folder>: each small example does what it says.
set -eu
programs=$(cd "$1" && pwd)
images=$(cd "$2" && pwd)/train-images-idx3-ubyte.gz
tests=$(cd "$(dirname "$0")/.." && pwd)
program=$programs/minimal
# shellcheck source=/dev/null
. "$tests/support/program.sh"

# use <name>: the program that expect, refused and failing run.
use() {
  name=$1
  program=$programs/$1
}

# holds <what> <awk program> [<file>]: which exits with 0 if the output is right; its END decides.
holds() { awk "$2" "${3-stdout}" || fail "$name: $1"; }

# A run that writes nothing to stderr.
clean() {
  expect 0 "$@"
  [ ! -s stderr ] || fail "$name writes to stderr"
}

# ascii_art <images>: 28 x 14 characters each, of several shades.
ascii_art() {
  holds "$1 rows of pictures" '
    length($0) == 112 && /^[ .:=+*#%@-]*$/ { ++rows; for (i = 1; i <= 112; ++i) seen[substr($0, i, 1)] = 1 }
    END { for (shade in seen) ++shades; exit !(rows == '"$1"' && shades >= 8) }'
}

use minimal
clean
holds "the flow does not fall" '/^flow before/ { before = $4 } /^flow after/ { after = $4 }
  END { exit !(before > 27 && before < 29 && after > 10 && after < 0.75 * before) }'
[ -s minimal.safetensors ] || fail "no model"
clean 'another name'
cmp minimal.safetensors 'another name' || fail "minimal: another model"
failing 'no folder' 'no folder/model'
[ ! -e 'no folder' ] || fail "minimal makes a folder"
echo "ok: minimal"

use ising
clean
holds "the error does not fall as 1/sqrt(samples)" '
  $1 ~ /^[0-9]+$/ && NF == 4 { if (n++) { if (!($2 < 0.75 * last)) bad = 1 } else first = $2; last = $2; r2 = $4; max = $3
    samples = $1 }
  END { exit !(n == 5 && !bad && samples == 256000 && first < 0.1 && last < 0.006 && max < 0.025 && r2 > 0.999) }'
holds "couplings are not found" '
  /^true coupling/ { for (i = 3; i <= NF; ++i) truth[i - 2] = $i; n = NF - 2 }
  /^found/ { for (i = 4; i <= NF; ++i) { d = $i - truth[i - 3]; if (d < -0.03 || d > 0.03) bad = 1; ++m } }
  END { for (i in truth) bonds += truth[i] * truth[i] == 0.25; exit !(n == 15 && m == 15 && bonds == 4 && !bad) }'
echo "ok: ising"

use rbm
clean "$images" best.safetensors
ascii_art 14
holds "the best is not kept" '
  /^epoch/ { sub(":", "", $2); at[$2] = $(NF - 1); flow = $4 + 0; if (n++ && !(flow < last)) bad = 1; last = flow
    if (n == 1 || at[$2] > at[best]) best = $2; worse = at[$2] < at[best] }
  /^saved best.safetensors/ { kept = $7; sub(";", "", kept) }
  END { exit !(n >= 4 && !bad && worse && kept == best && at[best] > -360 && at[best] < -320) }'
best=$(sed -n 's/^saved .* of epoch \([0-9]*\);.*/\1/p' stdout)
"$programs/train_mnist" --data "$(dirname "$images")" --limit 1800 --arch 784-128 --decay 0.05 --epochs "$best" \
  --out same >same.log 2>&1 || fail "train_mnist"
cmp same/model.safetensors best.safetensors || fail "the model that was saved is not that of epoch $best"
refused 'usage: rbm IMAGES [MODEL]'
refused 'usage: rbm IMAGES [MODEL]' a b c
failing 'no-such-file' no-such-file
failing 'is not an IDX file' best.safetensors
echo "ok: rbm"

use dbm_intra
clean "$images"
ascii_art 56
holds "it fills in no better than black" '
  /^epoch/ { if (NF != 11) bad = 1; if (n++ && !($4 < flow)) bad = 1; flow = $4 }
  /^error in pixels/ { error = $7 + 0; black = $NF + 0 }
  END { exit !(n == 3 && !bad && error > 50 && error < 0.85 * black && black > 100 && black < 150) }'
refused 'usage: dbm_intra IMAGES'
refused 'usage: dbm_intra IMAGES' a b
failing 'no-such-file' no-such-file
echo "ok: dbm_intra"

use own_loop
clean "$images"
holds "it is not what vpf_train() does" '
  $1 ~ /^[0-9]+$/ { ++n; if ($1 == 1) same = $4 < 1e-6 && $2 == $3; if (n > 1 && !($2 < last)) bad = 1; last = $2
    ratio = $2 / $3 }
  END { exit !(n == 10 && same && !bad && ratio > 0.97 && ratio < 1.03 && last < 560) }'
refused 'usage: own_loop IMAGES'
failing 'no-such-file' no-such-file
echo "ok: own_loop"

use resume
clean
grep -q '^10 epochs, and 4 and 6: the 230 parameters are identical$' stdout || fail "resume"
[ -s resume.safetensors ] || fail "no checkpoint"
failing 'no folder' 'no folder/checkpoint'
echo "ok: resume"

# interrupted <signal> <checkpoint>: stop it while it trains.
interrupted() {
  : >stdout # of the run before: the child may be slow to replace it
  "$program" "$images" "$2" >stdout 2>stderr &
  child=$!
  tries=0
  until grep -q 'epoch 2' stdout; do
    kill -0 $child 2>/dev/null && [ $tries -lt 600 ] || fail "$name ended before it was interrupted"
    tries=$((tries + 1))
    sleep 0.05
  done
  kill "-$1" $child
  status=0
  wait $child || status=$?
  [ $status -eq 0 ] || fail "exit status $status after $1"
  [ ! -s stderr ] || fail "$name writes to stderr after $1"
  grep -q '^stopped; the same command goes on$' stdout || fail "$name does not say that it was stopped by $1"
  [ -s "$2" ] || fail "no checkpoint after $1"
}

use progress_cancel
interrupted TERM terminated.safetensors
# A background child of a shell ignores SIGINT until it asks for it, as this program does.
interrupted INT run.safetensors
tr '\r' '\n' <stdout >lines
holds "no time left is told" '/minibatch [0-9]+ of 50: flow [0-9.]+, [0-9.]+ s left/ { ++n } END { exit !(n > 10) }' lines
done=$(awk '/^epoch [0-9]+ of 100, minibatch/ { last = $2 } END { print last }' lines)
clean "$images" run.safetensors 0.2
tr '\r' '\n' <stdout >lines
begun=$(awk '/^epoch/ { print $2; exit }' lines)
[ "$begun" -eq "$done" ] || [ "$begun" -eq $((done + 1)) ] || fail "it goes on in epoch $begun after epoch $done"
grep -q '^stopped; the same command goes on$' stdout || fail "the time limit does not stop it"
cp run.safetensors before
failing 'no-such-file' no-such-file run.safetensors
cmp before run.safetensors || fail "a failure changes the checkpoint"
failing 'not-one' "$images" not-one/checkpoint 0.01
for seconds in '' x 0 -1 1x nan; do
  refused 'usage: progress_cancel IMAGES CHECKPOINT [SECONDS]' "$images" run.safetensors "$seconds"
done
refused 'usage: progress_cancel' "$images"
echo 'no checkpoint' >broken
failing 'malformed file' "$images" broken
echo "ok: progress_cancel"

use own_allocator
clean
holds "the peak" '/^training:/ { rest = $2; peak = $6 } END { exit !(rest > 30000 && peak > rest + 50000 && peak < 3e6) }'
grep -q '^with half of the difference: out of memory: ' stdout || fail "no VPF_ERR_MEMORY"
grep -q '^the machine is unchanged$' stdout || fail "it is changed"
grep -q '^without a limit: trained, as if nothing had happened$' stdout || fail "it cannot go on"
grep -q '^0 bytes are left$' stdout || fail "a leak"
echo "ok: own_allocator"
