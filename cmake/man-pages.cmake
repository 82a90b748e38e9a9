# SPDX-License-Identifier: MIT
# cmake -DDOCS=<folder> -DVERSION=<x.y.z> -P man-pages.cmake: from Doxygen's man pages, which are called like the headers
# (man/man3/data.h.3), to pages in man3/ that are ours by their names (libvpf_data.3), and a link for each
# function, type and struct, so that `man vpf_train` works. Links for constants are left out.
file(GLOB links RELATIVE ${DOCS}/man/man3 ${DOCS}/man/man3/*)
set(see_libvpf)
foreach(page IN LISTS links)
  if(NOT page MATCHES "^(vpf|export)\\.h" AND page MATCHES "^([a-z]+)\\.h\\.3$")
    list(APPEND see_libvpf "\\fBlibvpf_${CMAKE_MATCH_1}\\fP(3)")
  endif()
endforeach()
list(APPEND see_libvpf "\\fBvpf\\fP(1)")
list(JOIN see_libvpf ",\n" see_libvpf)

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
  if(text MATCHES "^\\.so ")
    file(WRITE ${DOCS}/man3/${name} "${text}")
    continue()
  endif()
  cmake_path(GET name STEM LAST_ONLY title)
  string(REGEX REPLACE "\\.TH [^\n]*" ".TH ${title} 3 \"\" \"libvpf ${VERSION}\" \"libvpf\"" text "${text}")
  string(REGEX REPLACE "\n(vpf/)?(experimental/)?[a-z]+\\.h \\\\- (libvpf: )?" "\n${title} \\\\- " text "${text}")
  string(REGEX REPLACE "(\n${title} \\\\- [^\n]*)\\\\&\\. *\n" "\\1\n" text "${text}") # no sentence: no full stop
  string(REPLACE "\\fC" "\\fR" text "${text}") # a font that not every formatter has
  string(REPLACE "\\n" "\\en" text "${text}") # of strings in C, which Doxygen leaves as they are
  string(REGEX REPLACE " +\\\\\n" " \\\\e\n" text "${text}") # so too the ends of lines of a macro
  string(REPLACE "\n'" "\n\\&'" text "${text}") # a quotation mark that begins a line would be a command

  # What a program includes; Doxygen has what the header itself does.
  set(home libvpf)
  if(NOT name MATCHES "^libvpf" AND text MATCHES "#include <vpf/([a-z]+/)?([a-z]+)\\\\&\\.h>")
    set(home libvpf_${CMAKE_MATCH_2}) # of a struct: its header
  endif()
  set(header vpf.h)
  if(name STREQUAL libvpf_stdp.3 OR home STREQUAL libvpf_stdp)
    set(header vpf/experimental/stdp.h)
  endif()
  string(REGEX REPLACE "\n\\.SH SYNOPSIS\n(\\.br\n|\\.PP\n|\\\\fR#include [^\n]*\n)*"
    "\n.SH SYNOPSIS\n.PP\n#include <${header}>\n.PP\nLink with \\\\fI\\\\-lvpf\\\\fP\\\\&.\n" text "${text}")

  set(see "\\fB${home}\\fP(3)")
  if(name STREQUAL libvpf.3)
    set(see "${see_libvpf}")
  endif()
  if(name STREQUAL libvpf.3 OR text MATCHES "docs/")
    string(APPEND see "\n.PP\nThe guides, docs/quickstart.md, docs/math.md and others, are in the sources of libvpf;\n"
      "in a package in /usr/share/doc/libvpf\\-doc/guides.")
  endif()
  string(REGEX REPLACE "\n?\\.SH \"Author\".*$" "" text "${text}")
  file(WRITE ${DOCS}/man3/${name} "${text}\n.SH \"SEE ALSO\"\n${see}\n")
endforeach()
