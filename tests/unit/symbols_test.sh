#!/bin/sh
# SPDX-License-Identifier: MIT
# symbols_test.sh <source tree> <libvpf.so> <libvpf.a>: what the libraries show to a linker.
#
# To accept a new function: add it to tests/abi/exported-symbols.txt. A name that was released is
# never taken from that list; that would need SOVERSION 2.
set -eu
LC_ALL=C
export LC_ALL
tree=$1 shared=$2 static=$3
list=$tree/tests/abi/exported-symbols.txt

# Every piece of memory that is written to. Adding to this list is a decision about threads.
mutable='allocator_state error_text the_allocator'

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

sort -u "$list" >"$scratch/list"
cmp -s "$list" "$scratch/list" || { echo "$list is not sorted"; failed=1; }

# 1. The list is what the headers declare ...
find "$tree/include" -name '*.h' -exec cat {} + | sed -n 's/^VPF_API .*[ *]\(vpf_[a-z0-9_]*\)(.*/\1/p' | sort >"$scratch/declared"
diff "$scratch/declared" "$scratch/list" >"$scratch/out" || none "$scratch/out" "headers (<) and $list (>) differ"

# 2. ... and what the shared library exports, all of it in the node VPF_1.
nm -D --defined-only "$shared" | awk '$3 != "VPF_1" && $3 != "VPF_1@@VPF_1" { print $3 }' | sort >"$scratch/exported"
grep -v '@@VPF_1$' "$scratch/exported" >"$scratch/out" || :
none "$scratch/out" "exported without the version VPF_1"
sed 's/@.*//' "$scratch/exported" >"$scratch/names"
diff "$scratch/list" "$scratch/names" >"$scratch/out" || none "$scratch/out" "$list (<) and exported (>) differ"

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
