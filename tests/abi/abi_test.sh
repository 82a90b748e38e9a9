#!/bin/sh
# SPDX-License-Identifier: MIT
# abi_test.sh [--accept] <source tree> <libvpf.so> <C compiler>: what programs compiled earlier find changed.
#
# Exit status 0: nothing. 1: additions only, which --accept writes into tests/abi/. 2: a break, which would need
# another major version and is never accepted. docs/abi.md says which is which. Compared are
#   interface.txt     prototypes, numbers, sizes and offsets, by interface.py
#   libvpf.abi.xml    the same as the debug information has it, by abidiff (abigail-tools)
#   1.0/              a program and the headers of the first release: it needs the symbols that it needed then
#                     (needs.txt), and runs; and every name in the headers says since when it is there
set -eu
LC_ALL=C
export LC_ALL
accept=no
if [ "$1" = --accept ]; then accept=yes; shift; fi
tree=$1 shared=$2 cc=$3
here=$tree/tests/abi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

verdict=0
finding() { # finding <status> <text>
  [ "$1" -le "$verdict" ] || verdict=$1
  [ -z "$2" ] || printf '%s\n' "$2"
}

# 1. The interface as a compiler has it, beside the last accepted one and that of the first release.
python3 "$here/interface.py" list "$tree/include" "$cc" >"$scratch/interface.txt"
interface=0
python3 "$here/interface.py" compare "$here/interface.txt" "$scratch/interface.txt" >"$scratch/out" || interface=$?
finding $interface "$(sed 's/^/interface: /' "$scratch/out")"
released=0
python3 "$here/interface.py" compare "$here/1.0/interface.txt" "$scratch/interface.txt" >"$scratch/out" || released=$?
[ $released -lt 2 ] || finding 2 "$(sed -n 's/^break/since 1.0: break/p' "$scratch/out")"
python3 "$here/interface.py" since "$tree/include" || finding 2 "names without Since, see above"

# 2. The symbols and types in the library's debug information.
dump() { # folders of this computer have no place in a file that is kept
  abidw --headers-dir "$tree/include" --drop-private-types --drop-undefined-syms --no-show-locs --no-corpus-path \
    --no-comp-dir-path --suppressions "$here/experimental.suppr" --out-file "$scratch/abi" "$shared" || return 1
  sed -E "s|path='[^']*/lib/|path='lib/|" "$scratch/abi" >"$scratch/libvpf.abi.xml"
}
if ! command -v abidw >/dev/null; then
  echo "SKIPPED: no abidw (Debian: abigail-tools)"
elif ! readelf -S "$shared" | grep -q '\.debug_info'; then
  echo "SKIPPED: abidiff, since $shared has no debug information"
elif [ "$(sed -n "1s/.*architecture='\([^']*\)'.*/\1/p" "$here/libvpf.abi.xml")" != elf-amd-x86_64 ] ||
  ! readelf -h "$shared" | grep -q 'X86-64'; then
  echo "SKIPPED: abidiff, since its baseline is one of x86-64"
else
  dump
  changes=0
  abidiff --suppressions "$here/experimental.suppr" "$here/libvpf.abi.xml" "$scratch/libvpf.abi.xml" >"$scratch/out" 2>&1 ||
    changes=$?
  # Bits: 1 and 2 an error, 4 a change, 8 certainly incompatible. A change is an addition if the interface has it.
  if [ $changes -ne 0 ]; then
    if [ $((changes & 11)) -ne 0 ] || [ $interface -ne 1 ]; then severity=2; else severity=1; fi
    finding $severity "$(sed 's/^/abidiff: /' "$scratch/out")"
  fi
fi

# 3. The program of the first release.
folder=$(dirname "$shared")
if ! $cc -std=c11 -o "$scratch/client" "$here/1.0/client.c" -L"$folder" -l:"$(basename "$shared")" -lm 2>"$scratch/out"; then
  finding 2 "$(sed 's/^/client of 1.0 does not link: /' "$scratch/out")"
else
  nm -D --undefined-only "$scratch/client" | awk '$2 ~ /^vpf_/ { print $2 }' | sort >"$scratch/needs.txt"
  diff "$here/1.0/needs.txt" "$scratch/needs.txt" >"$scratch/out" ||
    finding 2 "$(sed 's/^/client of 1.0 needs (< then, > now): /' "$scratch/out")"
  sed -n 's/^function .*\b\(vpf_[a-z0-9_]*\)(.*/\1@VPF_1/p' "$here/1.0/interface.txt" | sort |
    diff "$here/1.0/needs.txt" - >"$scratch/out" || finding 2 "$(sed 's/^/client of 1.0 calls (< it, > the interface): /' "$scratch/out")"
  LD_LIBRARY_PATH=$folder "$scratch/client" "$scratch/model.safetensors" >"$scratch/out" 2>&1 ||
    finding 2 "$(sed 's/^/client of 1.0 does not run: /' "$scratch/out")"
fi

if [ $accept = yes ] && [ "$verdict" -lt 2 ]; then
  cp "$scratch/interface.txt" "$here/interface.txt"
  if [ -s "$scratch/libvpf.abi.xml" ]; then cp "$scratch/libvpf.abi.xml" "$here/libvpf.abi.xml"; fi
  echo "accepted"
  exit 0
fi
case $verdict in
0) echo "ok: the ABI has not changed" ;;
1) echo "Additions: look them over, then sh tests/abi/abi_test.sh --accept SOURCE LIBRARY CC (docs/abi.md)" ;;
2) echo "This breaks programs that were compiled before (docs/abi.md)" ;;
esac
exit "$verdict"
