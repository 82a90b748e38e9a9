# SPDX-License-Identifier: MIT
# cmake -DDOCS=<folder> -DVERSION=<x.y.z> -P man-pages.cmake: from Doxygen's man pages, which are called like the headers
# (man/man3/data.h.3), to pages in man3/ that are ours by their names (libvpf_data.3), and a link for each
# function, type and struct, so that `man vpf_train` works. Links for constants are left out.
file(GLOB links RELATIVE ${DOCS}/man/man3 ${DOCS}/man/man3/*)
foreach(page IN LISTS links)
  file(READ ${DOCS}/man/man3/${page} text)
  if(page STREQUAL vpf.h.3)
    set(name libvpf.3)
  elseif(page MATCHES "^([a-z]+)\\.h\\.3$")
    set(name libvpf_${CMAKE_MATCH_1}.3)
  elseif(page MATCHES "^vpf_[a-z0-9_]+\\.3$")
    set(name ${page})
  else()
    continue()
  endif()
  if(name STREQUAL libvpf_export.3)
    continue()
  endif()
  string(REGEX REPLACE "^\\.so man3/vpf\\.h\\.3" ".so man3/libvpf.3" text "${text}")
  string(REGEX REPLACE "^\\.so man3/([a-z]+)\\.h\\.3" ".so man3/libvpf_\\1.3" text "${text}")
  string(REGEX REPLACE "\n?\\.SH \"Author\".*$" "\n" text "${text}")
  cmake_path(GET name STEM LAST_ONLY title)
  string(REGEX REPLACE "\\.TH [^\n]*" ".TH ${title} 3 \"\" \"libvpf ${VERSION}\" \"libvpf\"" text "${text}")
  string(REGEX REPLACE "\n(vpf/)?(experimental/)?[a-z]+\\.h \\\\- (libvpf: )?" "\n${title} \\\\- " text "${text}")
  string(REPLACE "\\fC" "\\fR" text "${text}") # a font that not every formatter has
  string(REPLACE "\\n" "\\en" text "${text}") # of strings in C, which Doxygen leaves as they are
  string(REPLACE "\n'" "\n\\&'" text "${text}") # a quotation mark that begins a line would be a command
  file(WRITE ${DOCS}/man3/${name} "${text}")
endforeach()
