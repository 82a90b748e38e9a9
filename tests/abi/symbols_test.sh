#!/bin/sh
# SPDX-License-Identifier: MIT
# symbols_test.sh <source tree> <libvpf.so> <libvpf.a>: what the libraries show to a linker.
#
# To accept a new function: add it to tests/abi/exported-symbols.txt. A name that was released is
# never taken from that list; that would need SOVERSION 2. Experimental ones are in a list and a
# version of their own.
set -eu
LC_ALL=C
export LC_ALL
tree=$1 shared=$2 static=$3
list=$tree/tests/abi/exported-symbols.txt
experimental=$tree/tests/abi/experimental-symbols.txt

# Every piece of memory that is written to. Adding to this list is a decision about threads.
mutable='allocator_state allowed error_text first_use forks forks_are_counted the_allocator threads_set'

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0
# none <file> <what>: complain unless the file is empty.
none() {
  if [ -s "$1" ]; then
    echo "$2:"
    sed 's/^/    /' "$1"
    failed=1
  fi
}

for sorted in "$list" "$experimental"; do
  sort -u "$sorted" | cmp -s "$sorted" - || { echo "$sorted is not sorted"; failed=1; }
done

# check_exports <folder of headers> <version> <list>
check_exports() {
  # 1. The list is what the headers declare ...
  find "$1" -maxdepth 1 -name '*.h' -exec cat {} + | sed -n 's/^VPF_API .*[ *]\(vpf_[a-z0-9_]*\)(.*/\1/p' | sort >"$scratch/declared"
  diff "$scratch/declared" "$3" >"$scratch/out" || none "$scratch/out" "headers in $1 (<) and $3 (>) differ"

  # 2. ... and what the shared library exports with that version.
  sed -n "s/@@$2\$//p" "$scratch/exported" >"$scratch/names"
  diff "$3" "$scratch/names" >"$scratch/out" || none "$scratch/out" "$3 (<) and exported as $2 (>) differ"
}
nm -D --defined-only "$shared" | awk '$3 !~ /^VPF_(1|EXPERIMENTAL)(@@.*)?$/ { print $3 }' | sort >"$scratch/exported"
grep -vE '@@VPF_(1|EXPERIMENTAL)$' "$scratch/exported" >"$scratch/out" || :
none "$scratch/out" "exported without a version"
check_exports "$tree/include/vpf" VPF_1 "$list"
check_exports "$tree/include/vpf/experimental" VPF_EXPERIMENTAL "$experimental"

readelf -d "$shared" | grep -q 'SONAME.*\[libvpf\.so\.1\]' || { echo "the soname is not libvpf.so.1"; failed=1; }

# 3. The static library adds no other names to a program.
nm -g --defined-only "$static" 2>/dev/null | awk 'NF == 3 && $3 !~ /^vpfi?_/ { print $3 }' >"$scratch/out"
none "$scratch/out" "global in the static library, but neither vpf_ nor vpfi_"

# 4. No mutable state. (.data.rel.ro is constant after loading.) Compilers put a number or the
# name of the function to a static variable inside a function.
objdump -t "$static" | awk '
  $0 ~ /[ \t]\*COM\*|[ \t]\.(data|bss|tdata|tbss|ldata|lbss)(\.[^ \t]+)?[ \t]/ &&
  $0 !~ /[ \t]\.data\.rel\.ro/ && $(NF) !~ /^\./ { print $NF }' | sort -u >"$scratch/written"
for name in $mutable; do echo "$name"; done >"$scratch/allowed"
grep -vxF -f "$scratch/allowed" "$scratch/written" >"$scratch/out" || :
none "$scratch/out" "mutable data that is not on the list"
grep -vxF -f "$scratch/written" "$scratch/allowed" >"$scratch/out" || :
none "$scratch/out" "on the list of mutable data, but not in the library"

exit $failed
