#!/bin/sh
# SPDX-License-Identifier: MIT
# sh tests/fuzz/run.sh [options]: fuzzes the readers of files and sequences of calls, under ASan and UBSan.
#
#   --engine libfuzzer|afl   libFuzzer of clang (default), or AFL++
#   --targets a,b,..         of model, checkpoint, idx, calls (default all)
#   --seconds N              for each target (default 60)
#   --jobs N                 targets at a time (default: processors)
#   --merge                  afterwards bring into tests/fuzz/corpus what reaches more of the code (libfuzzer)
#   --quick                  10 seconds a target
#
# Builds into build/fuzz-<engine>; inputs that were found stay in build/fuzz-<engine>/found/<target>. Prints for each target
# executions, processor time, and what broke; exit status 1 if something did. A file that broke something goes to
# tests/fuzz/corpus/<target>, where it is a test for ever: the corpora run with all other tests (ctest -L fuzz).
set -u
cd "$(dirname "$0")/../.." || exit 1
root=$(pwd)
. "$root/cmake/install-packages.sh"
engine=libfuzzer seconds=60 targets=model,checkpoint,idx,calls jobs=$(nproc 2>/dev/null || echo 2) merge=no
while [ $# -gt 0 ]; do
  case $1 in
  --engine) engine=$2; shift ;;
  --targets) targets=$2; shift ;;
  --seconds) seconds=$2; shift ;;
  --jobs) jobs=$2; shift ;;
  --merge) merge=yes ;;
  --quick) seconds=10 ;;
  *) sed -n '3,15s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
  shift
done
case $engine in
libfuzzer) cc=clang packages=clang ;;
afl) cc=afl-clang-fast packages='clang afl++' ;;
*) echo "no engine $engine" >&2; exit 2 ;;
esac
# shellcheck disable=SC2086  # words
install_packages cmake make $packages libclang-rt-14-dev libomp-dev librandom123-dev libjansson-dev zlib1g-dev libopenblas-dev libcmocka-dev g++ || exit 1

build=$root/build/fuzz-$engine
sanitize=address,undefined,float-cast-overflow
if [ "$engine" = libfuzzer ]; then sanitize=fuzzer-no-link,$sanitize; fi
echo "building into $build"
export AFL_QUIET=1
{
  cmake -S "$root" -B "$build" -DCMAKE_C_COMPILER=$cc -DCMAKE_CXX_COMPILER=g++ -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS=-O1 \
    -DVPF_SANITIZE=$sanitize -DVPF_BUILD_EXAMPLES=OFF -DVPF_FUZZ=ON &&
    cmake --build "$build" -j "$(nproc 2>/dev/null || echo 2)" \
      --target fuzz_model fuzz_checkpoint fuzz_idx fuzz_calls
} >"$build.log" 2>&1 || { tail -n 40 "$build.log"; exit 1; }
programs=$build/tests/fuzz/programs
export ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=1:symbolize=1 UBSAN_OPTIONS=print_stacktrace=1

limits() { # bytes that inputs of a target may have
  case $1 in idx) echo 2048 ;; calls) echo 1024 ;; *) echo 12288 ;; esac
}

fuzz_one() { # fuzz_one <target>
  target=$1 found=$build/found/$1
  mkdir -p "$found" "$build/broken/$target"
  dictionary=$root/tests/fuzz/safetensors.dict
  case $target in idx | calls) dictionary= ;; esac
  if [ "$engine" = libfuzzer ]; then
    (cd "$build/broken/$target" && exec "$programs/$target" -max_total_time="$seconds" -max_len="$(limits "$target")" -timeout=20 \
      -rss_limit_mb=2048 -print_final_stats=1 ${dictionary:+-dict="$dictionary"} "$found" "$root/tests/fuzz/corpus/$target") >"$build/$target.log" 2>&1
  else
    rm -rf "$build/afl/$target" && mkdir -p "$build/afl/$target"
    AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_AFFINITY=1 \
      ASAN_OPTIONS=$ASAN_OPTIONS:abort_on_error=1:symbolize=0:detect_leaks=0 UBSAN_OPTIONS=abort_on_error=1 \
      afl-fuzz -V "$seconds" -m none -t 5000 -G "$(limits "$target")" ${dictionary:+-x "$dictionary"} \
      -i "$root/tests/fuzz/corpus/$target" -o "$build/afl/$target" -- "$programs/$target" >"$build/$target.log" 2>&1
    cp "$build/afl/$target"/default/crashes/id* "$build/afl/$target"/default/hangs/id* "$build/broken/$target/" 2>/dev/null
    sed -n 's/^execs_done *: */stat::number_of_executed_units: /p' "$build/afl/$target/default/fuzzer_stats" >>"$build/$target.log"
  fi
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$target.log" | tail -n 1)
  covered=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$build/$target.log" | tail -n 1)
  broken=$(find "$build/broken/$target" -type f | wc -l)
  printf '%-12s %-10s %10s executions in %s s%s, %s broken promises\n' "$target" "$engine" "${executions:-0}" "$seconds" \
    "${covered:+, $covered edges}" "$broken"
  if [ "$broken" -ne 0 ]; then
    tail -n 30 "$build/$target.log"
    find "$build/broken/$target" -type f
    return 1
  fi
  [ "${executions:-0}" -gt 0 ] || { tail -n 20 "$build/$target.log"; return 1; }
}

failed=0
rm -rf "$build/broken"
running=0
pids=
for target in $(echo "$targets" | tr , ' '); do
  fuzz_one "$target" &
  pids="$pids $!"
  running=$((running + 1))
  if [ "$running" -ge "$jobs" ]; then
    for pid in $pids; do wait "$pid" || failed=1; done
    pids="" running=0
  fi
done
for pid in $pids; do wait "$pid" || failed=1; done

if [ $merge = yes ] && [ "$engine" = libfuzzer ]; then
  for target in $(echo "$targets" | tr , ' '); do
    mkdir -p "$build/merged/$target"
    "$programs/$target" -merge=1 -max_len="$(limits "$target")" "$build/merged/$target" "$root/tests/fuzz/corpus/$target" "$build/found/$target" \
      >"$build/merge-$target.log" 2>&1
    echo "$target: $(find "$build/merged/$target" -type f | wc -l) inputs, $(du -sk "$build/merged/$target" | cut -f1) KiB in $build/merged/$target"
  done
fi
exit $failed
