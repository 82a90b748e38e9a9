# SPDX-License-Identifier: MIT
# Headers, both libraries, vpf.pc and the CMake package. Nothing installed knows where it is: a
# prefix may be moved (tests/install moves one).
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/vpf)
set(generated ${PROJECT_BINARY_DIR}/package)

install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING REGEX "\\.(h|hpp)$")
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
# Two export sets: users of the shared library need not have what the static one links.
foreach(kind shared static)
  install(TARGETS vpf_${kind} EXPORT vpf-${kind}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT vpf-${kind} NAMESPACE vpf:: FILE vpf-${kind}.cmake DESTINATION ${package_dir})
endforeach()

# vpf.pc finds its prefix from its own place.
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig OUTPUT_VARIABLE pc_prefix)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_LIBDIR BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX} OUTPUT_VARIABLE pc_libdir)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_INCLUDEDIR BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX} OUTPUT_VARIABLE pc_includedir)
configure_file(cmake/vpf.pc.in ${generated}/vpf.pc @ONLY)
install(FILES ${generated}/vpf.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

list(FILTER VPF_STATIC_NEEDS INCLUDE REGEX "^vpf::")
configure_package_config_file(cmake/vpf-config.cmake.in ${generated}/vpf-config.cmake
  INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(${generated}/vpf-config-version.cmake COMPATIBILITY SameMajorVersion)
install(FILES ${generated}/vpf-config.cmake ${generated}/vpf-config-version.cmake cmake/find-library.cmake
  DESTINATION ${package_dir})
