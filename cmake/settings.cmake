# SPDX-License-Identifier: MIT
# How everything in this repository is compiled: link vpf_settings privately.

if(NOT CMAKE_C_STANDARD)
  set(CMAKE_C_STANDARD 11) # or any later one: the tests run with 17 too
endif()
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

add_library(vpf_settings INTERFACE)
target_compile_definitions(vpf_settings INTERFACE _POSIX_C_SOURCE=200809L)

# A fused multiply-add rounds once where a product and a sum round twice, so results would depend
# on the instruction set. (CMAKE_C_FLAGS must not have -ffast-math either; lib/ checks.)
target_compile_options(vpf_settings INTERFACE -ffp-contract=off)
# Where ISO C lets floats be computed as doubles (gcc on s390x does), they would round elsewhere too.
target_compile_options(vpf_settings INTERFACE $<$<COMPILE_LANG_AND_ID:C,GNU>:-fexcess-precision=fast>)

target_compile_options(vpf_settings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wundef -Wvla
  -Wcast-qual -Wcast-align -Wpointer-arith -Wwrite-strings -Wformat=2 -Wimplicit-fallthrough
  $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition>
  $<$<COMPILE_LANGUAGE:CXX>:-Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual>
  $<$<COMPILE_LANG_AND_ID:C,GNU>:-Wlogical-op -Wduplicated-cond -Wduplicated-branches>
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wuseless-cast>
  ${VPF_WARNINGS}
  $<$<BOOL:${VPF_WERROR}>:-Werror>)

if(VPF_SANITIZE)
  set(sanitize -fsanitize=${VPF_SANITIZE} -fno-sanitize-recover=all)
  target_compile_options(vpf_settings INTERFACE ${sanitize} -fno-omit-frame-pointer)
  target_link_options(vpf_settings INTERFACE ${sanitize})
endif()
