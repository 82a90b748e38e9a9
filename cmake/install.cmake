# SPDX-License-Identifier: MIT
# Headers, both libraries, vpf.pc and the CMake package. Nothing installed knows where it is: a
# prefix may be moved (tests/install moves one). Two components: "runtime" is what programs need that
# are there already, "dev" what it takes to build others; cmake/packages.cmake adds more.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/vpf)
set(generated ${PROJECT_BINARY_DIR}/package)

install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev FILES_MATCHING REGEX "\\.(h|hpp)$")
# Two export sets: users of the shared library need not have what the static one links.
foreach(kind shared static)
  install(TARGETS vpf_${kind} EXPORT vpf-${kind}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT dev
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev)
  install(EXPORT vpf-${kind} NAMESPACE vpf:: FILE vpf-${kind}.cmake DESTINATION ${package_dir} COMPONENT dev)
endforeach()

# vpf.pc finds its prefix from its own place.
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig OUTPUT_VARIABLE pc_prefix)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_LIBDIR BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX} OUTPUT_VARIABLE pc_libdir)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_INCLUDEDIR BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX} OUTPUT_VARIABLE pc_includedir)
configure_file(cmake/vpf.pc.in ${generated}/vpf.pc @ONLY)
install(FILES ${generated}/vpf.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)

list(FILTER VPF_STATIC_NEEDS INCLUDE REGEX "^vpf::")
configure_package_config_file(cmake/vpf-config.cmake.in ${generated}/vpf-config.cmake
  INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(${generated}/vpf-config-version.cmake COMPATIBILITY SameMajorVersion)
install(FILES ${generated}/vpf-config.cmake ${generated}/vpf-config-version.cmake cmake/find-library.cmake
  DESTINATION ${package_dir} COMPONENT dev)

if(NOT VPF_PACKAGES) # a package has Debian's form of it
  install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime)
endif()

# What `cmake --install` wrote, as it noted in install_manifest.txt, is taken away again. The note of an installation by
# root could not be written over by the owner of the build folder, but can be removed.
if(PROJECT_IS_TOP_LEVEL)
  install(CODE "file(REMOVE \"${PROJECT_BINARY_DIR}/install_manifest.txt\")")
  add_custom_target(uninstall COMMAND ${CMAKE_COMMAND} -DBUILD=${PROJECT_BINARY_DIR} -P ${PROJECT_SOURCE_DIR}/cmake/uninstall.cmake
    VERBATIM COMMENT "")
endif()
