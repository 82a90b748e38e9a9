# SPDX-License-Identifier: MIT
# Also part of the installed CMake package, which needs it to link the static library.

# vpf_find_library(<name> [HEADER <file>] [LIBRARY <names>...] PACKAGE <Debian package> [QUIET])
#
# Makes the imported target vpf::<name> from a header, a library, or both. Plain names instead of
# each project's own package file: half of these have none, and the others differ by release.
# Something missing stops the configuration and names the package; with QUIET there is no target.
function(vpf_find_library name)
  cmake_parse_arguments(arg QUIET "HEADER;PACKAGE" LIBRARY ${ARGN})
  if(TARGET vpf::${name})
    return()
  endif()

  set(needed)
  if(arg_HEADER)
    find_path(vpf_${name}_INCLUDE ${arg_HEADER})
    list(APPEND needed vpf_${name}_INCLUDE)
  endif()
  if(arg_LIBRARY)
    find_library(vpf_${name}_LIBRARY NAMES ${arg_LIBRARY})
    list(APPEND needed vpf_${name}_LIBRARY)
  endif()
  mark_as_advanced(${needed})

  foreach(variable ${needed})
    if(NOT ${variable})
      if(NOT arg_QUIET)
        message(FATAL_ERROR "${name} was not found (${variable}). On Debian: apt-get install ${arg_PACKAGE}")
      endif()
      return()
    endif()
  endforeach()

  add_library(vpf::${name} INTERFACE IMPORTED GLOBAL)
  if(arg_HEADER) # includes of imported targets are system includes: their warnings are not ours
    set_property(TARGET vpf::${name} PROPERTY INTERFACE_INCLUDE_DIRECTORIES ${vpf_${name}_INCLUDE})
  endif()
  if(arg_LIBRARY)
    set_property(TARGET vpf::${name} PROPERTY INTERFACE_LINK_LIBRARIES ${vpf_${name}_LIBRARY})
  endif()
endfunction()
