# SPDX-License-Identifier: MIT
# MemorySanitizer, with clang: whether what is read was ever written.
#
#   cmake -C cmake/init/msan.cmake -B build/msan && cmake --build build/msan -j
#   ctest --test-dir build/msan -L 'unit|api' -LE script \
#     -E 'idx|safetensors|allocator|checkpoint|contrast|divergence|file|pair|program|rbm_cpp|resume|threads'
#
# It has to see every write, and jansson and zlib are not instrumented: what they make counts as unwritten. So the
# tests that read safetensors files or compress are left out (valgrind, in tests/run.sh, looks at those); all the
# mathematics, training, sampling and evaluation remain.
# For the origin of a value: -DCMAKE_C_FLAGS='-O1 -fsanitize-memory-track-origins'.
set(CMAKE_C_COMPILER clang CACHE STRING "")
set(CMAKE_CXX_COMPILER clang++ CACHE STRING "")
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_C_FLAGS -O1 CACHE STRING "")
set(CMAKE_CXX_FLAGS -O1 CACHE STRING "")
set(VPF_SANITIZE memory CACHE STRING "")
