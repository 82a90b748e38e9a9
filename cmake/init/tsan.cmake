# SPDX-License-Identifier: MIT
# ThreadSanitizer, with clang:
#
#   cmake -C cmake/init/tsan.cmake -B build/tsan && cmake --build build/tsan -j
#   ctest --test-dir build/tsan -L 'unit|api' -LE script
#
# It sees all that threads do, for they are POSIX threads and C atomics (lib/base/team.c). There is a report as soon as
# that file no longer waits for who is inside a job.
set(CMAKE_C_COMPILER clang CACHE STRING "")
set(CMAKE_CXX_COMPILER clang++ CACHE STRING "")
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_C_FLAGS -O1 CACHE STRING "")
set(CMAKE_CXX_FLAGS -O1 CACHE STRING "")
set(VPF_SANITIZE thread CACHE STRING "")
