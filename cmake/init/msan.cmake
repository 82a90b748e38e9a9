# SPDX-License-Identifier: MIT
set(CMAKE_C_COMPILER clang CACHE STRING "")
set(CMAKE_CXX_COMPILER clang++ CACHE STRING "")
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_C_FLAGS "-O1 -fsanitize-memory-track-origins=1" CACHE STRING "")
set(CMAKE_CXX_FLAGS "-O1 -fsanitize-memory-track-origins=1" CACHE STRING "")
set(VPF_OPENMP OFF CACHE BOOL "")
set(VPF_SANITIZE memory CACHE STRING "")
