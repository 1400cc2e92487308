# What `cmake --install` puts where: one header, one library, and how CMake and pkg-config find them.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS ptakernels EXPORT PtaKernelsTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES include/ptakernels.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ../LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(PTA_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/PtaKernels)
install(EXPORT PtaKernelsTargets NAMESPACE PtaKernels:: DESTINATION ${PTA_CMAKE_DIR})
configure_package_config_file(cmake/PtaKernelsConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/PtaKernelsConfig.cmake INSTALL_DESTINATION ${PTA_CMAKE_DIR})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/PtaKernelsConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/PtaKernelsConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/PtaKernelsConfigVersion.cmake DESTINATION ${PTA_CMAKE_DIR})

# Relative to the file itself, so that the folder may be moved, and `cmake --install --prefix` need not be known beforehand.
file(RELATIVE_PATH PTA_PC_UP /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" PTA_PC_UP "${PTA_PC_UP}")
configure_file(cmake/ptakernels.pc.in ${CMAKE_CURRENT_BINARY_DIR}/ptakernels.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/ptakernels.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
