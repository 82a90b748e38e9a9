#!/bin/sh
# SPDX-License-Identifier: MIT
# memcheck.sh <build folder> <test>: one test program under valgrind; prints one line, and what
# valgrind says if it says anything. Tests are named after their program: unit/bits_test.
set -u
program=$1/tests/$2
log=$1/memcheck/$2.log
scratch=$1/memcheck/$2.scratch
mkdir -p "$scratch"
cd "$scratch" || exit 1

if OMP_NUM_THREADS=2 timeout 600 valgrind --quiet --error-exitcode=99 \
  --leak-check=full --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect \
  --num-callers=20 --fair-sched=yes "$program" >"$log" 2>&1; then
  echo "    clean   $2"
else
  code=$?
  echo "    FAILED  $2 (exit $code), $log:"
  tail -n 60 "$log"
  exit 1
fi
