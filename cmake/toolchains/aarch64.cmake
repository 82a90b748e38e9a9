# SPDX-License-Identifier: MIT
# Debian's cross compiler for 64-bit ARM; programs, tests among them, run under QEMU. tests/aarch64.sh uses it,
# and unpacks the libraries into the folder named here.

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu) # CMake does not find it out where a path has a blank

# The compiler brings the C library in a folder of its own; what else there is comes from the other.
cmake_path(SET CMAKE_SYSROOT NORMALIZE ${CMAKE_CURRENT_LIST_DIR}/../../build/aarch64-root)
set(compiler_root /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH ${compiler_root})
set(CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,-rpath-link,${compiler_root}/lib") # for what libvpf.so needs
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
foreach(kind INCLUDE LIBRARY PACKAGE)
  set(CMAKE_FIND_ROOT_PATH_MODE_${kind} ONLY)
endforeach()

set(libraries ${CMAKE_SYSROOT}/usr/lib/aarch64-linux-gnu:${CMAKE_SYSROOT}/lib/aarch64-linux-gnu)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static -L ${compiler_root} -E LD_LIBRARY_PATH=${libraries})
