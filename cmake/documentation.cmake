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

file(MAKE_DIRECTORY ${docs_dir}/man1 ${docs_dir}/programs)
set(programs train_mnist generate reconstruct evaluate)
# vpf_man_page(<program> <its line under NAME>)
function(vpf_man_page program title)
  string(REPLACE _ - name vpf-${program})
  set(see_also)
  foreach(other IN LISTS programs)
    if(NOT other STREQUAL program)
      string(REPLACE _ - other vpf-${other})
      string(APPEND see_also ".BR ${other} (1),\n")
    endif()
  endforeach()
  configure_file(cmake/man-page.h2m.in ${docs_dir}/programs/${name}.h2m @ONLY)
  add_custom_command(OUTPUT ${docs_dir}/man1/${name}.1
    COMMAND ${CMAKE_COMMAND} -E create_symlink $<TARGET_FILE:${program}> ${name}
    COMMAND ${HELP2MAN} --no-info --name=${title} --version-string=${PROJECT_VERSION} --source=libvpf
      --include=${name}.h2m --output=${docs_dir}/man1/${name}.1 ./${name} # a path with a blank would not do
    WORKING_DIRECTORY ${docs_dir}/programs DEPENDS ${program} ${docs_dir}/programs/${name}.h2m
    VERBATIM COMMENT "Man page of ${name}")
  set(pages ${pages} ${docs_dir}/man1/${name}.1 PARENT_SCOPE)
endfunction()
if(VPF_BUILD_EXAMPLES)
  vpf_man_page(train_mnist "train a Boltzmann machine on images of digits")
  vpf_man_page(generate "draw images from a trained Boltzmann machine")
  vpf_man_page(reconstruct "fill in missing parts of images with a Boltzmann machine")
  vpf_man_page(evaluate "score a Boltzmann machine")
endif()
add_custom_target(docs ALL DEPENDS ${pages})
