# SPDX-License-Identifier: MIT
# The reference from the headers, as a site (html/) and man pages (man3/), by Doxygen; man pages of the programs
# (man1/) from their --help, by help2man. All in <build>/docs. A warning of Doxygen is an error.

find_package(Doxygen REQUIRED)
find_program(HELP2MAN help2man)
if(NOT HELP2MAN)
  message(FATAL_ERROR "help2man was not found. On Debian: apt-get install help2man")
endif()

set(docs_dir ${PROJECT_BINARY_DIR}/docs)
configure_file(docs/Doxyfile.in ${docs_dir}/Doxyfile @ONLY)
file(GLOB_RECURSE public_headers CONFIGURE_DEPENDS include/*.h)
add_custom_command(OUTPUT ${docs_dir}/reference.stamp
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${docs_dir}/html ${docs_dir}/man ${docs_dir}/man3
  COMMAND Doxygen::doxygen ${docs_dir}/Doxyfile
  COMMAND ${CMAKE_COMMAND} -DDOCS=${docs_dir} -DVERSION=${PROJECT_VERSION} -P ${PROJECT_SOURCE_DIR}/cmake/man-pages.cmake
  COMMAND ${CMAKE_COMMAND} -E touch ${docs_dir}/reference.stamp
  DEPENDS ${public_headers} docs/Doxyfile.in docs/reference.md cmake/reference.sed cmake/man-pages.cmake
  WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} VERBATIM COMMENT "Reference from the headers")
set(pages ${docs_dir}/reference.stamp)

# The man pages of the programs, by their names when they are installed: vpf, each of its commands as vpf-<command>, and
# vpf-train-mnist. help2man runs something of that name and asks it for its --help.
set(program_pages)
if(VPF_BUILD_EXAMPLES)
  set(commands_header ${PROJECT_SOURCE_DIR}/examples/vpf/commands.h)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${commands_header})
  file(READ ${commands_header} header)
  string(REGEX MATCHALL "COMMAND\\([a-z]+, \"[^\"]*\"" rows "${header}")
  foreach(row IN LISTS rows)
    string(REGEX MATCH "([a-z]+), \"(.*)\"" row "${row}")
    list(APPEND commands ${CMAKE_MATCH_1})
    set(about_${CMAKE_MATCH_1} ${CMAKE_MATCH_2})
  endforeach()
  list(TRANSFORM commands PREPEND vpf- OUTPUT_VARIABLE program_pages)
  set(program_pages vpf ${program_pages} vpf-train-mnist)
endif()

file(MAKE_DIRECTORY ${docs_dir}/man1 ${docs_dir}/programs)
# vpf_man_page(<name> <its line under NAME> <program> [<command>])
function(vpf_man_page name title program)
  set(others ${program_pages})
  list(REMOVE_ITEM others ${name})
  list(JOIN others " (1),\n.BR " see_also)
  set(see_also ".BR ${see_also} (1),\n")
  configure_file(cmake/man-page.h2m.in ${docs_dir}/programs/${name}.h2m @ONLY)
  if(ARGN)
    set(script "#!/bin/sh\nexec \"$<TARGET_FILE:${program}>\" ${ARGN} \"$@\"\n")
    file(GENERATE OUTPUT ${docs_dir}/programs/${name} CONTENT "${script}"
      FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
    set(call_it_so)
  else()
    set(call_it_so COMMAND ${CMAKE_COMMAND} -E create_symlink $<TARGET_FILE:${program}> ${name})
  endif()
  add_custom_command(OUTPUT ${docs_dir}/man1/${name}.1
    ${call_it_so}
    COMMAND ${HELP2MAN} --no-info --name=${title} --version-string=${PROJECT_VERSION} --source=libvpf
      --include=${name}.h2m --output=${docs_dir}/man1/${name}.1 ./${name} # a path with a blank would not do
    WORKING_DIRECTORY ${docs_dir}/programs DEPENDS ${program} ${docs_dir}/programs/${name}.h2m
    VERBATIM COMMENT "Man page of ${name}")
  set(pages ${pages} ${docs_dir}/man1/${name}.1 PARENT_SCOPE)
endfunction()
if(VPF_BUILD_EXAMPLES)
  vpf_man_page(vpf "train, draw from and evaluate Boltzmann machines" vpf)
  foreach(command IN LISTS commands)
    vpf_man_page(vpf-${command} "${about_${command}}" vpf ${command})
  endforeach()
  vpf_man_page(vpf-train-mnist "${about_train}" train_mnist)
endif()
add_custom_target(docs ALL DEPENDS ${pages})
