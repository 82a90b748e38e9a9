# SPDX-License-Identifier: MIT
# Everything that warns and whose warnings are worth following, as errors, with gcc or clang:
#
#   cmake -C cmake/init/strict.cmake -B build/strict && cmake --build build/strict -j
#   CC=clang CXX=clang++ cmake -C cmake/init/strict.cmake -B build/strict-clang && cmake --build build/strict-clang -j
#
# Only building is the test. Release, because gcc sees most of what it warns of when it optimizes. What every build
# warns of is in cmake/settings.cmake.
set(CMAKE_BUILD_TYPE Release CACHE STRING "")
set(VPF_WERROR ON CACHE BOOL "")

# Not among them: -Wswitch-default and -Wswitch-enum (a switch that names every case is checked by -Wswitch, which
# either would silence or contradict), -Wformat-truncation (a label cut to its field), -Wbad-function-cast (floor()
# to an integer is the idiom), -Wfloat-equal (bits are promised, so where == stands it is meant).
set(gnu
  -Wnull-dereference -Wformat-signedness -Wformat-overflow=2 -Warray-bounds=2 -Wstringop-overflow=4
  -Wstrict-overflow=2 -Wcast-align=strict -Warith-conversion -Wimplicit-fallthrough=5 -Wattribute-alias=2
  -Wunused-macros -Wunused-const-variable=2 -Wredundant-decls -Wmissing-declarations -Wdate-time -Wtrampolines
  -Wdisabled-optimization -Wmissing-format-attribute -Wsuggest-attribute=format -Wsuggest-attribute=noreturn)
set(gnu_c -Wjump-misses-init -Wnested-externs)

# All that clang has, minus:
set(clang
  -Weverything
  -Wno-c++98-compat -Wno-c++98-compat-pedantic -Wno-pre-c++14-compat -Wno-pre-c++17-compat # dialects that are not ours
  -Wno-declaration-after-statement
  -Wno-padded -Wno-disabled-macro-expansion # tells what is, not what is wrong
  -Wno-comma # `if (...) return *seen = call, true;` is the house's
  -Wno-double-promotion # in lib/ double is a decision, and lib/CMakeLists.txt asks for the warning; elsewhere printf()
  -Wno-bad-function-cast -Wno-switch-enum -Wno-float-equal # as above
  -Wno-conditional-uninitialized # it does not follow `if (!status) status = get(&x);`, which gcc's analysis does
  -Wno-documentation # it reads "rows,cols" as one parameter; Doxygen checks the comments
  -Wno-reserved-macro-identifier) # _DEFAULT_SOURCE is there to be defined
set(clang_cxx -Wno-missing-prototypes -Wno-weak-vtables -Wno-ctad-maybe-unsupported)

set(VPF_WARNINGS
  "$<$<C_COMPILER_ID:GNU>:${gnu}>" "$<$<COMPILE_LANG_AND_ID:C,GNU>:${gnu_c}>"
  "$<$<C_COMPILER_ID:Clang>:${clang}>" "$<$<COMPILE_LANG_AND_ID:CXX,Clang>:${clang_cxx}>" CACHE STRING "")
