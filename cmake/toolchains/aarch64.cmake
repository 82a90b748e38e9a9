# SPDX-License-Identifier: MIT
# 64-bit ARM, by Debian's cross compiler.
set(processor aarch64)
include(${CMAKE_CURRENT_LIST_DIR}/debian-cross.cmake)
