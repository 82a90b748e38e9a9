# SPDX-License-Identifier: MIT
# Which lines are run: what tests/coverage.sh builds, with gcc, whose gcov is always there:
#
#   cmake -C cmake/init/coverage.cmake -B build/coverage && cmake --build build/coverage -j && ctest --test-dir build/coverage
#
# Debug, for the asserts are lines too; -O0, or lines that were merged count as run. Counters are atomic, since
# threads share them.
set(CMAKE_C_COMPILER gcc CACHE STRING "")
set(CMAKE_CXX_COMPILER g++ CACHE STRING "")
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_C_FLAGS "-O0 --coverage -fprofile-update=atomic -fprofile-abs-path" CACHE STRING "")
set(CMAKE_CXX_FLAGS "${CMAKE_C_FLAGS}" CACHE STRING "")
