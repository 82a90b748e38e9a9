# SPDX-License-Identifier: MIT
# ThreadSanitizer, with clang and its OpenMP:
#
#   cmake -C cmake/init/tsan.cmake -B build/tsan && cmake --build build/tsan -j
#   ctest --test-dir build/tsan -L 'unit|api' -LE script
#
# Neither OpenMP runtime is instrumented, and what a sanitizer does not see of forks and joins it takes for races.
# libomp 14 tells it, by its libarcher (in libomp-dev, loaded by itself when the program has ThreadSanitizer); gcc's libgomp
# has nothing of the kind. Beside that TSAN_OPTIONS=ignore_noninstrumented_modules=1, which tests/CMakeLists.txt sets:
# without it libomp's own mutexes are reported, without libarcher the end of each parallel region. With both there are
# no reports, and one as soon as lib/base/threads.c no longer waits for who is inside a job. (With -DVPF_OPENMP=OFF
# nothing would be left to look at.)
set(CMAKE_C_COMPILER clang CACHE STRING "")
set(CMAKE_CXX_COMPILER clang++ CACHE STRING "")
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_C_FLAGS -O1 CACHE STRING "")
set(CMAKE_CXX_FLAGS -O1 CACHE STRING "")
set(VPF_SANITIZE thread CACHE STRING "")
