# SPDX-License-Identifier: MIT
# IBM Z, which is big-endian, by Debian's cross compiler.
set(processor s390x)
include(${CMAKE_CURRENT_LIST_DIR}/debian-cross.cmake)
