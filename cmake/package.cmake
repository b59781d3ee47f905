# What is installed, and Debian's package of it: scripts/package.sh builds that by CPack. Paths are those of a package,
# below /usr and in /etc; docs/deploy.md tells what each file is for.
find_program(GZIP gzip REQUIRED)
set(sluice_package_folder ${PROJECT_BINARY_DIR}/package)

# What Debian wants compressed, without a name or time in it, so that the same source makes the same package.
set(sluice_man_page ${sluice_package_folder}/sluice.1.gz)
add_custom_command(OUTPUT ${sluice_man_page}
  # No variable of whoever builds may find its way into the page.
  COMMAND env -i $<TARGET_FILE:sluice> options --man > ${sluice_package_folder}/sluice.1
  COMMAND ${GZIP} -9nf ${sluice_package_folder}/sluice.1
  DEPENDS sluice VERBATIM)
string(TIMESTAMP sluice_package_date "%a, %d %b %Y %H:%M:%S +0000" UTC)  # SOURCE_DATE_EPOCH, if that is set
set(sluice_changelog ${sluice_package_folder}/changelog.gz)
configure_file(${PROJECT_SOURCE_DIR}/deploy/debian/changelog.in ${sluice_package_folder}/changelog @ONLY)
add_custom_command(OUTPUT ${sluice_changelog}
  COMMAND ${GZIP} -9nc ${sluice_package_folder}/changelog > ${sluice_changelog}
  DEPENDS ${sluice_package_folder}/changelog VERBATIM)
add_custom_target(package_files ALL DEPENDS ${sluice_man_page} ${sluice_changelog})

install(TARGETS sluice RUNTIME DESTINATION bin)
install(FILES deploy/debian/sluice.service DESTINATION lib/systemd/system)
install(FILES deploy/debian/sluice.toml DESTINATION /etc/sluice)
install(FILES ${sluice_man_page} DESTINATION share/man/man1)
install(FILES docs/sluice.sample.toml DESTINATION share/doc/sluice/examples)
install(FILES deploy/debian/copyright ${sluice_changelog} DESTINATION share/doc/sluice)
install(FILES deploy/debian/lintian-overrides DESTINATION share/lintian/overrides RENAME sluice)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "The Sluice authors <maintainers@sluice.example>" CACHE STRING "Who stands behind packages")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "gateway for real-time clients")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Browsers, apps and devices connect to Sluice by WebSocket, Socket.IO,
server-sent events or polling, and meet in rooms. Services publish to those
rooms, look at who is there and manage them over gRPC or with plain HTTP;
Prometheus reads the metrics.")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS adduser)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)  # for keys of tokens that are fetched by https
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${PROJECT_SOURCE_DIR}/deploy/debian/conffiles ${PROJECT_SOURCE_DIR}/deploy/debian/postinst
  ${PROJECT_SOURCE_DIR}/deploy/debian/prerm ${PROJECT_SOURCE_DIR}/deploy/debian/postrm)
include(CPack)
