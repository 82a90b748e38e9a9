# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154  # program, tests, ... come from the test
# Sourced by the tests of the example programs once $program is the absolute path of one, and $command, if that is set,
# the command of vpf that is tested: an empty folder to work in, and how to run the program and judge what it does.
# Needs python3.
LC_ALL=C
export LC_ALL
command=${command-}
name=$(basename "$program")${command:+ $command}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1

fail() {
  echo "FAILED: $*"
  for file in stdout stderr; do [ ! -s $file ] || sed "s/^/$file: /" $file; done
  exit 1
}

# train <folder> <arguments>...: let $program, which is vpf, leave a machine there, in a moment; $sample is the folder
# of images.
train() {
  folder=$1
  shift
  "$program" train --data "$sample" --limit 200 --epochs 2 --out "$folder" "$@" >stdout 2>stderr || fail "vpf train $*"
}

# expect <exit status> <arguments>...: run the program; its output is in stdout and stderr.
expect() {
  wanted=$1
  shift
  status=0
  "$program" ${command:+"$command"} "$@" >stdout 2>stderr </dev/null || status=$?
  [ "$status" -eq "$wanted" ] || fail "exit status $status instead of $wanted: $name $*"
}

# refused <part of the message> <arguments>...: exit status 2 and one line that says why.
refused() {
  text=$1
  shift
  expect 2 "$@"
  [ "$(wc -l <stderr)" -eq 1 ] || fail "not one line on stderr: $name $*"
  grep -q -F -e "$text" stderr || fail "no \"$text\" on stderr: $name $*"
}

# failing <part of the message> <arguments>...: exit status 1 and why.
failing() {
  text=$1
  shift
  expect 1 "$@"
  grep -q "^$name: [a-z ]*: " stderr || fail "no \"$name: status: message\": $name $*"
  grep -q -F -e "$text" stderr || fail "no \"$text\" on stderr: $name $*"
}

# helped <options without -->...: --help speaks of all of them.
helped() {
  expect 0 --help
  for option in "$@"; do grep -q -e "--$option" stdout || fail "--help does not speak of --$option"; done
  [ ! -s stderr ] || fail "--help writes to stderr"
}

# tiny_images <folder>: 2000 images of 4 x 4 pixels, whose lower half copies the upper one but for a fifth of the pixels.
tiny_images() {
  python3 - "$1" <<'PYTHON'
import os, random, struct, sys
random.seed(1)
os.makedirs(sys.argv[1])
with open(sys.argv[1] + "/train-images-idx3-ubyte", "wb") as file:
    file.write(struct.pack(">4I", 2051, 2000, 4, 4))
    for _ in range(2000):
        half = [random.random() < 0.3 for _ in range(8)]
        file.write(bytes(255 * bit for bit in half + [bit ^ (random.random() < 0.2) for bit in half]))
PYTHON
}

# check_picture <file> <width> <height>: as the header of a PNG has them.
check_picture() {
  python3 - "$@" <<'PYTHON' || fail "$1"
import struct, sys
head = open(sys.argv[1], "rb").read(24)
assert head[:8] == b"\x89PNG\r\n\x1a\n", head
assert struct.unpack(">II", head[16:]) == (int(sys.argv[2]), int(sys.argv[3])), head
PYTHON
}

# self_contained <page>: whatever it loads is in it. Identifiers are each the page's only one.
self_contained() {
  grep -oE '(src|href)="[^"]{0,12}' "$1" | grep -vE '="(data:|#)' >outside || :
  [ ! -s outside ] || fail "$1 loads $(head -n 1 outside)"
  grep -oE " id=['\"][^'\"]*" "$1" | sort | uniq -d >twice || :
  [ ! -s twice ] || fail "$1 has two of$(head -n 1 twice)"
}

# look_at <page in the scratch folder>: in a browser every picture shows, nothing complains, and a telephone need not
# scroll sideways.
look_at() {
  if ! command -v chromium >/dev/null; then
    echo "SKIPPED: chromium is not installed, so nobody has looked at $1"
    return 0
  fi
  cat >probe.html <<HTML
<!DOCTYPE html><body><iframe src="$(echo "$1" | sed 's/ /%20/g')" width="400" height="800" style="border:0"></iframe>
<script>
document.querySelector('iframe').onload = function () {
  var page = this.contentDocument, root = page.documentElement;
  var broken = [].filter.call(page.images, function (i) { return !i.complete || !i.naturalWidth; }).length;
  document.body.dataset.result = 'broken ' + broken + ', sideways ' + (root.scrollWidth - root.clientWidth);
};
</script>
HTML
  HOME=$scratch timeout 120 chromium --headless --no-sandbox --disable-gpu --allow-file-access-from-files \
    --virtual-time-budget=10000 --enable-logging=stderr --dump-dom \
    "file://$(echo "$scratch" | sed 's/ /%20/g')/probe.html" >dom 2>browser || :
  result=$(sed -n 's/.*data-result="\([^"]*\)".*/\1/p' dom)
  [ "$result" = 'broken 0, sideways 0' ] || fail "$1 in a browser: ${result:-it was not shown}"
  ! grep ':CONSOLE' browser || fail "the browser complains about $1"
}

# with_numpy <arguments>...: run the Python program on stdin, which may import filling_peer. Debian's Python
# has Debian's NumPy. $tests is the folder of the tests.
with_numpy() { PYTHONPATH=$tests/support PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 - "$@"; }
