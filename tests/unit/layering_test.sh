#!/bin/sh
# SPDX-License-Identifier: MIT
# layering_test.sh <source tree>: includes point only up the list
#
#   base <- num <- data <- bm <- {ladder <- learn <- store, sample <- eval} <- api
#
# and what only one place may know is known there only. Tries itself on small wrong trees first.
set -eu
LC_ALL=C
export LC_ALL

# Print every violation in a tree; succeed if there is none.
check_tree() (
  cd "$1"
  find lib include -name '*.[ch]' | sort | xargs awk '
    function bad(text) { print FILENAME ":" FNR ": " text; failed = 1 }

    BEGIN {
      may["base"] = " "
      may["num"] = " base "
      may["data"] = " base num "
      may["bm"] = " base num data "
      may["ladder"] = may["sample"] = " base num data bm "
      may["learn"] = " base num data bm ladder "
      may["store"] = " base num data bm ladder learn "
      may["eval"] = " base num data bm sample "
      may["api"] = " base num data bm ladder learn store sample eval "
    }

    FNR == 1 {
      n = split(FILENAME, part, "/")
      file = part[n]
      stem = file
      sub(/\.[ch]$/, "", stem)
      public = part[1] == "include"
      folder = public ? "" : part[2]
      if (!public && (n != 3 || !(folder in may))) bad("is not directly in a folder of a layer")
      if (file in seen) bad("there is also " seen[file])
      seen[file] = FILENAME
      if (!public) { # x.c and x.h belong together; include/vpf/x.h may have its lib/api/x.c
        if (stem in home && home[stem] != folder) bad("there is also lib/" home[stem] "/" stem)
        home[stem] = folder
      }
    }

    /^[ \t]*#[ \t]*pragma[ \t]+omp[ \t]+parallel/ && FILENAME != "lib/base/team.c" {
      bad("only lib/base/team.c starts threads")
    }

    /^[ \t]*#[ \t]*include/ {
      if (!match($0, /[<"][^>"]*[>"]/)) { bad("an include that cannot be read: " $0); next }
      quoted = substr($0, RSTART, 1) == "\""
      name = substr($0, RSTART + 1, RLENGTH - 2)

      if (!quoted) {
        if (name == "cblas.h" && FILENAME != "lib/num/blas.c") bad("only lib/num/blas.c knows CBLAS")
        if (name == "pthread.h" && FILENAME !~ /^lib\/base\//) bad("only lib/base knows threads")
        if (name ~ /^Random123\// && FILENAME !~ /^lib\/num\/rng[^\/]*$/) bad("only lib/num/rng.c knows Random123")
        if ((name == "immintrin.h" || name == "arm_neon.h") && FILENAME !~ /^lib\/num\/(kernels_[^\/]*\.[ch]|vector_[^\/]*\.h)$/) bad("only kernels and their layers of vectors have intrinsics")
        if (name ~ /^(base|num|data|bm|ladder|learn|store|sample|eval|api)\//) bad("private headers are included in quotes")
        next
      }
      if (public) { bad("a public header includes with <vpf/...>"); next }
      slash = index(name, "/")
      to = substr(name, 1, slash - 1)
      if (!(to in may)) bad("\"" name "\" is not rooted at lib/")
      else if (to != folder && index(may[folder], " " to " ") == 0) bad("lib/" folder " may not know lib/" to)
    }

    END { exit failed }'
)

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# A small correct tree, with one file added: expect <pass|fail> <file> <line>
expect() {
  rm -rf "$scratch/tree"
  for folder in base num data bm ladder learn store sample eval api; do mkdir -p "$scratch/tree/lib/$folder"; done
  mkdir -p "$scratch/tree/include/vpf"
  echo '#include <vpf/export.h>' >"$scratch/tree/include/vpf/model.h"
  echo '#include "learn/vpf_step.h"' >"$scratch/tree/lib/api/model.c"
  printf '#include "num/bits.h"\n#include <vpf/model.h>\n#include <math.h>\n' >"$scratch/tree/lib/num/bits.c"
  : >"$scratch/tree/lib/num/bits.h"
  mkdir -p "$(dirname "$scratch/tree/$2")"
  echo "$3" >"$scratch/tree/$2"
  if check_tree "$scratch/tree" >"$scratch/out"; then result=pass; else result=fail; fi
  if [ $result != "$1" ]; then
    echo "layering_test cannot judge: $2 with '$3' should $1"
    cat "$scratch/out"
    exit 1
  fi
}

expect pass lib/store/idx.c '#include "base/memory.h"'
expect pass lib/num/blas.c '#include <cblas.h>'
expect pass lib/base/team.c '#pragma omp parallel for'
expect pass lib/num/kernels_avx2.c '#include <immintrin.h>'
expect pass lib/num/vector_avx2.h '#include <immintrin.h>'
expect fail lib/base/memory.c '#include "num/bits.h"'
expect fail lib/bm/flow.c '  #  include "store/idx.h"'
expect pass lib/bm/flow.c '#include "data/rows.h"'
expect fail lib/data/rows.c '#include "bm/shape.h"'
expect pass lib/eval/exact.c '#include "sample/encode.h"'
expect fail lib/sample/encode.c '#include "eval/exact.h"'
expect fail lib/sample/encode.c '#include "learn/learner.h"'
expect pass lib/store/checkpoint_file.c '#include "learn/learner.h"'
expect fail lib/learn/learner.c '#include "store/checkpoint_file.h"'
expect pass lib/learn/learner.c '#include "ladder/rungs.h"'
expect fail lib/ladder/rungs.c '#include "learn/learner.h"'
expect fail lib/sample/encode.c '#include "ladder/rungs.h"'
expect fail lib/store/idx.c '#include "eval/exact.h"'
expect fail lib/eval/ais.c '#include "learn/vpf_step.h"'
expect fail lib/learn/epoch.c '#include "store/idx.h"'
expect fail lib/store/idx.c '#include "api/handles.h"'
expect fail lib/bm/flow.c '#include "flow.h"'
expect fail lib/bm/flow.c '#include <num/bits.h>'
expect fail lib/bm/flow.c '#include <cblas.h>'
expect fail lib/bm/flow.c '#include <pthread.h>'
expect fail lib/bm/flow.c '#pragma omp parallel for'
expect fail lib/bm/flow.c '#include <Random123/philox.h>'
expect fail lib/bm/flow.c '#include <immintrin.h>'
expect fail lib/bm/flow.c '#include <arm_neon.h>'
expect fail lib/num/vector_avx2.c '#include <immintrin.h>'
expect fail lib/bm/vector_avx2.h '#include <immintrin.h>'
expect fail lib/bm/flow.c '#include FLOW'
expect fail lib/bm/bits.c '/* the stem of lib/num/bits.h */'
expect fail lib/bm/model.h '/* the name of include/vpf/model.h */'
expect fail lib/extra/new.c '/* a folder that is no layer */'
expect fail lib/bm/deep/new.c '/* a folder in a layer */'
expect fail include/vpf/sample.h '#include "num/bits.h"'

if ! check_tree "$1"; then
  echo "the layers are: base <- num <- data <- bm <- {ladder <- learn <- store, sample <- eval} <- api"
  exit 1
fi
