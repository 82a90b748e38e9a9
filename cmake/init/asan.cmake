# SPDX-License-Identifier: MIT
# AddressSanitizer (with leaks) and UndefinedBehaviorSanitizer, gcc or clang:
#
#   cmake -C cmake/init/asan.cmake -B build/asan && cmake --build build/asan -j && ctest --test-dir build/asan
#
# float-cast-overflow is in no group: a float that does not fit the integer it becomes. -O1, or tests take minutes.
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_C_FLAGS -O1 CACHE STRING "")
set(CMAKE_CXX_FLAGS -O1 CACHE STRING "")
set(VPF_SANITIZE address,undefined,float-cast-overflow CACHE STRING "")
