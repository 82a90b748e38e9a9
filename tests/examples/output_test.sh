#!/bin/sh
# SPDX-License-Identifier: MIT
# output_test.sh <vpf> <sample folder>: where results go that are not to be a plain file: links, devices, pipes,
# descriptors, and files that belong to others. No program ever puts a file in the place of anything else.
#
# Devices are made in the test's own folder, since a mistake would cost root those in /dev. Without root, or in a
# container that forbids it, that part is skipped.
set -eu
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
sample=$(cd "$2" && pwd)
tests=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=/dev/null
. "$tests/support/program.sh"
chmod 755 . # others look into it, too

train rbm --arch 784-8
model=rbm/model.safetensors
ln -s "$sample" images

# Every way to a result in one file: the command without the name of the file, and how to know a good result.
sample_to() { "$program" sample $model --count 4 --out "$@"; }
fill_to() { "$program" fill $model --data images --rows 20 --region top --count 2 --out "$@"; }
evaluate_to() { "$program" evaluate $model --data images --limit 300 --rows 20 --quick --parts machine --out "$@"; }
scores_to() {
  "$program" evaluate $model --data images --limit 300 --rows 20 --quick --parts likelihood --scores "$@"
}
is_good() { # is_good <command> <file>
  case $1 in
  sample) check_picture "$2" 62 62 ;;
  fill) check_picture "$2" 62 92 ;;
  evaluate) python3 -c 'import json, sys; json.load(open(sys.argv[1]))["machine"]' "$2" || fail "$2 is not JSON" ;;
  scores) [ "$(head -n 1 "$2" | cut -c 1-4)" = row, ] && [ "$(wc -l <"$2")" -eq 21 ] || fail "$2 is not a table" ;;
  esac
}
no_leftovers() { [ -z "$(find . -name '.*.tmp' -o -name '*deleted*')" ] || fail "left: $(find . -name '.*.tmp')"; }
complains() { # complains <part of the message> <command> <arguments>...
  text=$1
  shift
  ! "$@" >stdout 2>stderr </dev/null || fail "no failure: $*"
  [ "$(wc -l <stderr)" -eq 1 ] || fail "not one line on stderr: $*"
  grep -q -F -e "$text" stderr || fail "no \"$text\" on stderr: $*"
}
early() { # the same, and nothing has been computed before
  complains "$@"
  [ ! -s stdout ] || fail "the work is done first"
}

for kind in sample fill evaluate scores; do
  to=${kind}_to

  # ---- links: what they lead to is written, and they stay ----
  mkdir made
  ln -s made/result link
  "$to" link >stdout 2>stderr || fail "$kind to a link to nothing"
  [ -L link ] || fail "$kind has replaced a link"
  is_good $kind made/result
  ln -s link chain
  echo old >made/result
  "$to" chain >stdout 2>stderr || fail "$kind to a link to a link"
  [ -L link ] && [ -L chain ] || fail "$kind has replaced a link"
  is_good $kind made/result
  ln -s circle circle
  early 'symbolic links' "$to" circle
  rm link chain circle

  # ---- permissions are kept; what may not be written is not replaced ----
  chmod 640 made/result
  "$to" made/result >stdout 2>stderr || fail "$kind over a file"
  [ "$(stat -c %a made/result)" = 640 ] || fail "$kind changes permissions"
  chmod 4755 made/result
  "$to" made/result >stdout 2>stderr || fail "$kind over a program"
  [ "$(stat -c %a made/result)" = 755 ] || fail "$kind keeps the bit that lends rights"
  (umask 027 && "$to" made/new >stdout 2>stderr) || fail "$kind to a new file"
  [ "$(stat -c %a made/new)" = 640 ] || fail "$kind ignores the umask"
  early 'Is a directory' "$to" made

  # ---- pipes ----
  mkfifo pipe
  early 'no process has this pipe open for reading' "$to" pipe
  cat pipe >through &
  reader=$!
  tries=0
  until "$to" pipe >stdout 2>stderr; do # until cat has opened it
    tries=$((tries + 1))
    [ $tries -lt 200 ] || fail "$kind to a pipe"
    sleep 0.05
  done
  wait $reader
  is_good $kind through
  [ -p pipe ] || fail "$kind has replaced a pipe"
  rm pipe

  # ---- standard output: the result, and nothing else ----
  "$to" /dev/stdout 2>stderr | cat >through
  is_good $kind through
  grep -q '/dev/stdout' stderr || fail "$kind says nothing"
  echo before >through
  "$to" /dev/fd/1 2>stderr >>through || fail "$kind to the end of a file"
  [ "$(head -n 1 through)" = before ] || fail "$kind overwrites what was to stay"
  tail -n +2 through >part
  is_good $kind part
  "$to" /dev/stdout 2>stderr >through || fail "$kind to a file by way of standard output"
  is_good $kind through

  # ---- other descriptors ----
  "$to" /dev/fd/3 3>through >stdout 2>stderr || fail "$kind to a descriptor"
  is_good $kind through
  (
    exec 5<>gone
    rm gone
    "$to" /proc/self/fd/5 >stdout 2>stderr || fail "$kind to a deleted file"
    cat /proc/self/fd/5 >through
  )
  is_good $kind through
  early 'Bad file descriptor' "$to" /dev/fd/99
  early 'Bad file descriptor' "$to" /dev/fd/3 3<through
  no_leftovers
  rm -r made through part
done
echo "ok: links, permissions, pipes, descriptors"

# ---- a folder of results: what is a pipe or a link in it, stays one ----

mkdir run
ln -s elsewhere run/summary.txt
ln -s ../elsewhere.png run/filters.png
mkfifo run/log.jsonl
cat run/log.jsonl >through &
reader=$!
tries=0
until "$program" train --data images --limit 200 --epochs 2 --arch 784-16 --checkpoint-every 1 --out run >stdout 2>stderr; do
  tries=$((tries + 1))
  [ $tries -lt 200 ] || fail "training with a log that is a pipe"
  sleep 0.05
done
wait $reader
[ "$(wc -l <through)" -eq 2 ] || fail "the log in a pipe has $(wc -l <through) lines"
cat run/log.jsonl >through &
reader=$!
tries=0
until timeout 60 "$program" train --data images --resume run/checkpoint.safetensors --epochs 3 --out run >stdout \
  2>stderr; do
  [ $? -ne 124 ] || fail "resuming waits for a log that is a pipe"
  tries=$((tries + 1))
  [ $tries -lt 200 ] || fail "resuming with a log that is a pipe"
  sleep 0.05
done
wait $reader
[ "$(wc -l <through)" -eq 1 ] || fail "the log of a resumed run, in a pipe, has $(wc -l <through) lines"
[ -p run/log.jsonl ] && [ -L run/summary.txt ] && [ -L run/filters.png ] || fail "something is replaced"
grep -q '^machine ' run/elsewhere || fail "summary.txt is not written to what it leads to"
check_picture elsewhere.png 122 122
no_leftovers
echo "ok: a folder of results"

# ---- a disk that becomes full ----

# A limit on the size of files ends a write in the middle, too. Standard output and error are pipes, without a limit.
limited() { (trap '' XFSZ && ulimit -f 1 && "$@" 2>&1 </dev/null) | cat >said; }
for kind in sample fill evaluate scores; do
  case $kind in sample) set -- --count 100 ;; *) set -- ;; esac
  echo old >result
  limited ${kind}_to result "$@"
  grep -q 'cannot write .*result.*: File too large' said || fail "$kind on a full disk: $(cat said)"
  [ "$(cat result)" = old ] || fail "$kind on a full disk loses the old file"
  no_leftovers
  rm result
done
cp rbm/model.safetensors rbm/log.jsonl .
limited "$program" train --data images --limit 200 --epochs 2 --arch 784-16 --out rbm
grep -q 'model.safetensors: File too large' said || fail "training on a full disk: $(cat said)"
cmp -s model.safetensors rbm/model.safetensors || fail "training on a full disk loses the old model"
cmp -s log.jsonl rbm/log.jsonl || [ "$(wc -l <rbm/log.jsonl)" -eq 2 ] || fail "the log is broken"
no_leftovers

# A file system of its own, in a name space of its own: 192 KiB, of which a model and its checkpoint take more.
if unshare -m mount --version >/dev/null 2>&1 && [ "$(id -u)" -eq 0 ]; then
  mkdir disk
  cat >on_disk.sh <<'SCRIPT'
mount -t tmpfs -o size=192k none disk || { echo SKIPPED; exit 0; }
echo '{"epoch": 0}' >disk/log.jsonl
"$@" train --data images --limit 200 --epochs 9 --arch 784-16 --checkpoint-every 1 --out disk >stdout 2>stderr </dev/null
echo "status $?"
find disk -type f | sort
SCRIPT
  unshare -m sh on_disk.sh "$program" >seen 2>&1 || fail "a disk of its own: $(cat seen)"
  if ! grep -q SKIPPED seen; then
    grep -q '^status 1$' seen || fail "a disk that becomes full: $(cat seen)"
    grep -q 'No space left on device' stderr || fail "it does not say that the disk is full"
    ! grep -q 'tmp$' seen || fail "left on a full disk: $(cat seen)"
  fi
fi
echo "ok: a disk that becomes full"

# ---- devices, and owners ----

if [ "$(id -u)" -ne 0 ]; then
  echo "SKIPPED: devices and owners, which need root"
  exit 0
fi

echo old >owned.png
if chown 65533:65532 owned.png && chmod 644 owned.png; then
  sample_to owned.png >stdout 2>stderr || fail "to a file of another user"
  [ "$(stat -c %u:%g:%a owned.png)" = 65533:65532:644 ] || fail "another owner"
  is_good sample owned.png
fi

# made_device <name> <minor number>
made_device() { mknod -m 666 "$1" c 1 "$2" 2>/dev/null && (: >>"$1") 2>/dev/null; }
if ! made_device null 3 || ! made_device full 7; then
  echo "SKIPPED: devices, which this container forbids"
  exit 0
fi
ln -s null link
for kind in sample fill evaluate scores; do
  to=${kind}_to
  "$to" null >stdout 2>stderr || fail "$kind to a device"
  "$to" link >stdout 2>stderr || fail "$kind to a link to a device"
  complains 'No space left on device' "$to" full
done
mkdir run2
for name in model.safetensors log.jsonl summary.txt filters.png checkpoint.safetensors; do ln -s ../null run2/$name; done
"$program" train --data images --limit 200 --epochs 2 --arch 784-16 --checkpoint-every 1 --out run2 >stdout 2>stderr ||
  fail "training into devices"
ln -sf ../full run2/model.safetensors
complains 'No space left on device' "$program" train --data images --limit 200 --epochs 2 --arch 784-16 --out run2
[ -c null ] && [ -c full ] && [ -L link ] && [ "$(find run2 -type l | wc -l)" -eq 5 ] || fail "something is replaced"
no_leftovers
echo "ok: devices and owners"
