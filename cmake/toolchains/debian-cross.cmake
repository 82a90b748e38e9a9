# SPDX-License-Identifier: MIT
# Debian's cross compiler for ${processor}, which aarch64.cmake and s390x.cmake beside this file set; programs, tests among
# them, run under QEMU. tests/emulated.sh uses it, and unpacks the libraries into the folder named here.

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${processor})
set(CMAKE_C_COMPILER ${processor}-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER ${processor}-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE ${processor}-linux-gnu) # CMake does not find it out where a path has a blank

# The compiler brings the C library in a folder of its own; what else there is comes from the other.
cmake_path(SET CMAKE_SYSROOT NORMALIZE ${CMAKE_CURRENT_LIST_DIR}/../../build/${processor}-root)
set(compiler_root /usr/${processor}-linux-gnu)
set(CMAKE_FIND_ROOT_PATH ${compiler_root})
set(CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,-rpath-link,${compiler_root}/lib") # for what libvpf.so needs
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
foreach(kind INCLUDE LIBRARY PACKAGE)
  set(CMAKE_FIND_ROOT_PATH_MODE_${kind} ONLY)
endforeach()

set(libraries ${CMAKE_SYSROOT}/usr/lib/${processor}-linux-gnu:${CMAKE_SYSROOT}/lib/${processor}-linux-gnu)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-${processor}-static -L ${compiler_root} -E LD_LIBRARY_PATH=${libraries})
