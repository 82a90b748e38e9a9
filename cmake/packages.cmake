# SPDX-License-Identifier: MIT
# Debian packages, by cpack -G DEB: libvpf1, libvpf-dev, libvpf-doc and libvpf-examples. cmake/packages.sh calls it with
# the settings that they need: the prefix /usr, Debian's compiler flags, examples and documentation.

if(NOT VPF_BUILD_DOCS OR NOT VPF_BUILD_EXAMPLES)
  message(FATAL_ERROR "Packages have documentation and examples: VPF_BUILD_DOCS and VPF_BUILD_EXAMPLES must be on")
endif()

set(debian_revision 1)
set(share_doc ${CMAKE_INSTALL_DATAROOTDIR}/doc)
find_program(GZIP gzip REQUIRED)
find_program(DPKG dpkg REQUIRED)

# gzip -9n, as Debian asks for: no name and no time inside. <target file>.gz is made when cpack runs.
function(compress source destination component)
  cmake_path(GET destination FILENAME name)
  cmake_path(GET destination PARENT_PATH folder)
  set(made ${PROJECT_BINARY_DIR}/packages/${component}/${name}.gz)
  cmake_path(GET made PARENT_PATH made_in)
  add_custom_command(OUTPUT ${made} COMMAND ${CMAKE_COMMAND} -E make_directory ${made_in}
    COMMAND sh -c "gzip -9nc \"$1\" >\"$2\"" sh ${source} ${made} DEPENDS ${source} VERBATIM)
  set_property(GLOBAL APPEND PROPERTY vpf_compressed ${made})
  install(FILES ${made} DESTINATION ${folder} COMPONENT ${component})
endfunction()

# ---- What goes into which package, beside cmake/install.cmake ----

foreach(pair runtime:libvpf1 dev:libvpf-dev doc:libvpf-doc examples:libvpf-examples)
  string(REPLACE ":" ";" pair ${pair})
  list(POP_FRONT pair component package)
  set(package_${component} ${package})
  install(FILES cmake/debian/copyright DESTINATION ${share_doc}/${package} COMPONENT ${component})
  compress(${PROJECT_SOURCE_DIR}/cmake/debian/changelog ${share_doc}/${package}/changelog.Debian ${component})
  install(FILES ${PROJECT_SOURCE_DIR}/cmake/debian/${package}.lintian-overrides OPTIONAL
    DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/lintian/overrides RENAME ${package} COMPONENT ${component})
  compress(${PROJECT_SOURCE_DIR}/docs/changelog.md ${share_doc}/${package}/changelog ${component})
endforeach()

install(DIRECTORY ${docs_dir}/html DESTINATION ${share_doc}/libvpf-doc COMPONENT doc)
install(DIRECTORY docs/ DESTINATION ${share_doc}/libvpf-doc/guides COMPONENT doc FILES_MATCHING PATTERN "*.md" PATTERN "*.png" PATTERN "*.svg")
install(CODE "
  file(GLOB pages \"${docs_dir}/man3/*.3\")
  set(to \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_MANDIR}/man3\")
  file(MAKE_DIRECTORY \"\${to}\")
  foreach(page IN LISTS pages)
    get_filename_component(name \${page} NAME)
    execute_process(COMMAND sh -c \"gzip -9nc \\\"$1\\\" >\\\"$2\\\"\" sh \"\${page}\" \"\${to}/\${name}.gz\" COMMAND_ERROR_IS_FATAL ANY)
  endforeach()" COMPONENT dev)

# What the two programs are called, and a page for each name.
set(installed_vpf vpf)
set(installed_train_mnist vpf-train-mnist) # `train_mnist` may be anybody's
foreach(program vpf train_mnist)
  set(name ${installed_${program}})
  install(PROGRAMS $<TARGET_FILE:${program}> DESTINATION ${CMAKE_INSTALL_BINDIR} RENAME ${name} COMPONENT examples)
  install(CODE "
    set(program \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/${name}\")
    file(RPATH_REMOVE FILE \"\${program}\")
    if(CMAKE_INSTALL_DO_STRIP)
      execute_process(COMMAND ${CMAKE_STRIP} \"\${program}\" COMMAND_ERROR_IS_FATAL ANY)
    endif()" COMPONENT examples)
endforeach()
foreach(page IN LISTS program_pages)
  compress(${docs_dir}/man1/${page}.1 ${CMAKE_INSTALL_MANDIR}/man1/${page}.1 examples)
endforeach()
install(DIRECTORY examples DESTINATION ${share_doc}/libvpf-examples COMPONENT examples PATTERN "__pycache__" EXCLUDE
  PATTERN "quickstart.sh" EXCLUDE) # it builds the library from its checkout

get_property(compressed GLOBAL PROPERTY vpf_compressed)
add_custom_target(package_files ALL DEPENDS ${compressed})
add_dependencies(package_files docs)

# ---- What they say of themselves ----

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME libvpf)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "libvpf maintainers <maintainers@libvpf.example>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL runtime dev doc examples)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_PACKAGE_RELEASE ${debian_revision})
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_SOURCE libvpf)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(version "${PROJECT_VERSION}-${debian_revision}")

# cpack puts the project's DESCRIPTION before this, as the first line.
set(about "Trains, samples and evaluates layered binary Boltzmann machines (fully
observed machines, RBMs and deep ones, with or without connections inside
layers) by a local learning rule without backpropagation.")
macro(describe component text)
  string(TOUPPER ${component} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${package_${component}})
  set(CPACK_COMPONENT_${upper}_DESCRIPTION "${about}\n\n${text}")
endmacro()

describe(runtime
  "This package has the shared library.")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/cmake/debian/triggers)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")

describe(dev
  "This package has what it takes to build programs with it: headers for C and
C++, the static library, pkg-config and CMake files, and manual pages.")
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
# pkg-config asks for the .pc files of what vpf.pc requires, for the shared library too.
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "libvpf1 (= ${version}), zlib1g-dev, libjansson-dev, libblas-dev | libblas.so")
set(CPACK_DEBIAN_DEV_PACKAGE_SUGGESTS "libvpf-doc, libvpf-examples")

describe(doc
  "This package has the reference as a site, and the guides.")
set(CPACK_DEBIAN_DOC_PACKAGE_SECTION doc)
set(CPACK_DEBIAN_DOC_PACKAGE_ARCHITECTURE all)

describe(examples
  "This package has the program vpf, which trains on MNIST, draws, fills in and
evaluates, and the sources of all examples in C, C++ and Python.")
set(CPACK_DEBIAN_EXAMPLES_PACKAGE_SECTION science)
set(CPACK_DEBIAN_EXAMPLES_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/lib)
set(CPACK_DEBIAN_EXAMPLES_PACKAGE_DEPENDS "libvpf1 (>= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_EXAMPLES_PACKAGE_SUGGESTS "dataset-fashion-mnist, libvpf-dev, npm, python3-numpy, python3-matplotlib")

include(CPack)
