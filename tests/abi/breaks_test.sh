#!/bin/sh
# SPDX-License-Identifier: MIT
# breaks_test.sh <source tree> <C compiler>: tries the gate. In a copy of the sources each change below is made,
# the library built, and symbols_test.sh and abi_test.sh asked: what breaks programs must be called a break
# (also after --accept), what adds to the interface an addition that --accept settles, and no change nothing.
set -eu
LC_ALL=C
export LC_ALL
tree=$1 cc=$2
jobs=$(nproc 2>/dev/null || echo 2)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
copy=$scratch/copy
failed=0

# The copy and its build as they were before any change, times too: only what a change concerns is compiled again.
restore() {
  rm -rf "$copy" "$scratch/build"
  cp -a "$scratch/unchanged/." "$scratch"
}

unchanged() { # unchanged <file or folder>...: whether they are in the copy what they are in the sources
  for part; do diff -rq "$tree/$part" "$copy/$part" >/dev/null || return 1; done
}

build() {
  cmake --build "$scratch/build" -j "$jobs" >"$scratch/log" 2>&1
}

gate() { # 0: the same, 1: additions, 2: a break
  shared=$(find "$scratch/build/lib" -name 'libvpf.so.[0-9]*.*')
  worst=0
  sh "$copy/tests/abi/symbols_test.sh" "$copy" "$shared" "$scratch/build/lib/libvpf.a" >"$scratch/out" 2>&1 || worst=1
  status=0
  sh "$copy/tests/abi/abi_test.sh" "$@" "$copy" "$shared" "$cc" >>"$scratch/out" 2>&1 || status=$?
  [ $status -le $worst ] || worst=$status
  return $worst
}

# try <same|addition|break> <what> <command that changes files in the copy>
try() {
  wanted=$1 what=$2
  restore
  (cd "$copy" && eval "$3")
  if [ "$wanted" != same ] && unchanged CMakeLists.txt cmake include lib; then
    echo "FAILED: $what: the change did not change anything"
    failed=1
    return
  fi
  build || { echo "FAILED: $what: does not build"; cat "$scratch/log"; failed=1; return; }
  # What --accept calls a break is one without it: its status is the same one, and only additions are written down.
  got=0
  if [ "$wanted" = break ]; then gate --accept || got=$?; else gate || got=$?; fi
  reason=
  [ $got -eq 0 ] || reason=$(sed -n '/[^ ]/{s/^/ (/;s/$/)/;p;q}' "$scratch/out")
  case $got in 0) got=same ;; 1) got=addition ;; *) got='break' ;; esac
  if [ "$wanted" = break ]; then
    unchanged tests/abi/interface.txt tests/abi/libvpf.abi.xml || got='break that was accepted'
  elif [ $got = addition ]; then
    # What a maintainer does for a new function: a line in the list of symbols.
    sed -n 's/^VPF_API .*[ *]\(vpf_new[a-z_]*\)(.*/\1/p' "$copy"/include/vpf/*.h |
      sort -o "$scratch/list" - "$copy/tests/abi/exported-symbols.txt"
    cp "$scratch/list" "$copy/tests/abi/exported-symbols.txt"
    gate --accept || :
    if ! gate; then got='addition that cannot be accepted'; fi
  fi
  if [ "$got" = "$wanted" ]; then
    echo "ok: $what: $got$reason"
  else
    echo "FAILED: $what: $got, not $wanted"
    cat "$scratch/out"
    failed=1
  fi
}

# shellcheck disable=SC2317  # the changes call it
edit() { # edit <file> <sed expression>
  sed -i -E "$2" "$1"
}

mkdir -p "$scratch/unchanged/copy/tests"
cp -a "$tree/CMakeLists.txt" "$tree/cmake" "$tree/include" "$tree/lib" "$scratch/unchanged/copy"
cp -a "$tree/tests/abi" "$scratch/unchanged/copy/tests"
restore
cmake -S "$copy" -B "$scratch/build" -DCMAKE_C_COMPILER="$cc" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS='-g -O0' \
  -DVPF_BUILD_TESTS=OFF -DVPF_BUILD_EXAMPLES=OFF -DVPF_WERROR=OFF >"$scratch/log" 2>&1 &&
  build || { cat "$scratch/log"; exit 1; }
cp -a "$scratch/build" "$scratch/unchanged"
try same 'nothing' :

# Breaks.
try break 'a function is gone' \
  "edit include/vpf/data.h '/vpf_data_cols\(/d'; edit lib/api/data.c 's/^(size_t vpf_data_cols)/size_t vpf_data_cols(const vpf_data *);\n\1/'
   edit tests/abi/exported-symbols.txt '/^vpf_data_cols\$/d'"
try break 'a function has another name' \
  "edit include/vpf/model.h 's/vpf_model_layers\(/vpf_model_new_layers(/'; grep -rl 'vpf_model_layers(' lib | xargs sed -i 's/vpf_model_layers(/vpf_model_new_layers(/g'
   edit tests/abi/exported-symbols.txt 's/^vpf_model_layers\$/vpf_model_new_layers/'; sort -o tests/abi/exported-symbols.txt tests/abi/exported-symbols.txt"
try break 'a parameter has another type' \
  "edit include/vpf/model.h 's/(vpf_model_init\(vpf_model \*model, )uint64_t/\1uint32_t/'; edit lib/api/model.c 's/(vpf_model_init\(vpf_model \*model, )uint64_t/\1uint32_t/'"
try break 'two parameters have changed places' \
  "edit include/vpf/data.h 's/(vpf_data_slice\(.*)size_t first, size_t count/\1size_t count, size_t first/'; edit lib/api/data.c 's/(vpf_data_slice\(.*)size_t first, size_t count/\1size_t count, size_t first/'"
try break 'a result has another type' \
  "edit include/vpf/version.h 's/VPF_API unsigned vpf_version_number/VPF_API unsigned long vpf_version_number/'; edit lib/api/version.c 's/^unsigned vpf_version_number/unsigned long vpf_version_number/'"
try break 'fields of a struct have changed places' \
  "edit include/vpf/train.h 's/size_t batch; /size_t BATCH; /; s/size_t batches; /size_t batch; /; s/size_t BATCH; /size_t batches; /'"
try break 'a field is narrower' \
  "edit include/vpf/evaluate.h 's/double population_sparseness;/float population_sparseness;/'"
try break 'a field is gone' \
  "edit include/vpf/train.h '/double total_seconds;/d'; edit lib/learn/progress.c '/[.>]total_seconds/d'"
try break 'a field in the middle of a struct' \
  "edit include/vpf/likelihood.h 's/^( *)double ess; .*effective sample size of the weights/\1double middle;\n&/'"
try break 'a field in a hole of a struct' \
  "edit include/vpf/likelihood.h 's/^  int exact; .*/&\n  int hole;/'"
try break 'a status has another number' \
  "edit include/vpf/status.h 's/X\(VPF_ERR_IO, -4,/X(VPF_ERR_IO, -40,/'"
try break 'an option has another number' \
  "edit include/vpf/optimizer.h 's/(MOMENTUM, |MOMENTUM = )204/\1209/'"
try break 'a constant is gone' \
  "edit include/vpf/optimizer.h 's/VPF_STOP_NONE = 0,/VPF_STOP_NOTHING = 0,/'; grep -rl VPF_STOP_NONE lib | xargs sed -i 's/VPF_STOP_NONE/VPF_STOP_NOTHING/g'"
try break 'another version of symbols' \
  "edit cmake/libvpf.map 's/^VPF_1 /VPF_2 /'"
try break 'another soname' \
  "edit lib/CMakeLists.txt 's/SOVERSION .\{PROJECT_VERSION_MAJOR\}/SOVERSION 2/'"
try break 'a name that does not say since when' \
  "edit include/vpf/data.h 's/Number of columns; 0 for NULL. Since 1.0./Number of columns; 0 for NULL./'"
try break 'a library that writes beyond the struct of an old program' \
  "edit lib/api/structs.c 's/end = size_of\(out\) < size \? size_of\(out\) : size;/end = size + 8;/'"
try break 'a symbol that no header declares' \
  "printf 'VPF_API int vpf_secret(void);\nint vpf_secret(void) { return 1; }\n' >>lib/api/status.c"

# Additions, which a maintainer has to write down.
try addition 'a new function' \
  "edit include/vpf/version.h 's/^(VPF_API unsigned vpf_version_number.*)/\1\n\/** New. Since 1.1. *\/\nVPF_API int vpf_new_function(void);/'
   echo 'int vpf_new_function(void) { return 1; }' >>lib/api/status.c"
try addition 'a new field at the end of a struct with struct_size' \
  "edit include/vpf/train.h 's/^} vpf_progress;/  double new_field;\n&/'"
try addition 'a new constant' \
  "edit include/vpf/optimizer.h 's/^(  VPF_STOP_CONVERGED = 4) /  VPF_STOP_NEW = 5,\n\1 /'"
try addition 'an experimental function that is gone' \
  "edit include/vpf/experimental/stdp.h '/^VPF_API vpf_status vpf_stdp_changes/,/;/d'
   edit cmake/libvpf.map '/vpf_stdp_changes/d'
   edit tests/abi/experimental-symbols.txt '/vpf_stdp_changes/d'"
exit $failed
