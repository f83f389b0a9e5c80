# What goes where on a system, and the Debian package: `cmake --install build/release`, `cpack --config build/release/CPackConfig.cmake`.
include(GNUInstallDirs)
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON) # the two programs are enough; no need to build the tests

# The supervisor looks for the signer in its own folder.
install(TARGETS bailiwick bailiwick-signer RUNTIME DESTINATION bin)
install(PROGRAMS audit/verifier/bailiwick-verify DESTINATION bin)
install(PROGRAMS deploy/setup RENAME bailiwick-setup DESTINATION sbin)

install(FILES docs/man/bailiwick.1 docs/man/bailiwick-verify.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES docs/man/bailiwick.yaml.5 docs/man/bailiwick-rules.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES docs/man/bailiwick-signer.8 docs/man/bailiwick-setup.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
install(FILES deploy/completion/bailiwick.bash RENAME bailiwick DESTINATION share/bash-completion/completions)
install(FILES deploy/completion/_bailiwick DESTINATION share/zsh/vendor-completions)
install(FILES deploy/completion/bailiwick.fish DESTINATION share/fish/vendor_completions.d)

# For reading: the program carries its own copy of packs and tables.
install(DIRECTORY rules/packs DESTINATION share/bailiwick FILES_MATCHING PATTERN "*.rules" PATTERN "*.cases")
install(DIRECTORY residency/tables DESTINATION share/bailiwick)
install(FILES deploy/bailiwick.yaml DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(FILES README.md ARCHITECTURE.md SECURITY.md docs/operator.md docs/developer.md docs/dpo.md docs/rules.md docs/upgrade.md
              docs/threat-model.md docs/audit-format.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES LICENSE RENAME copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})

# The unit names the program by its full path, which only the installation knows.
install(CODE "set(unit_file \"${CMAKE_CURRENT_LIST_DIR}/systemd/bailiwick.service\")")
install(CODE [[
  file(READ "${unit_file}" unit)
  string(REPLACE "/usr/bin/" "${CMAKE_INSTALL_PREFIX}/bin/" unit "${unit}")
  file(WRITE "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/lib/systemd/system/bailiwick.service" "${unit}")
]])
install(FILES deploy/systemd/sysusers.conf RENAME bailiwick.conf DESTINATION lib/sysusers.d)
install(FILES deploy/systemd/tmpfiles.conf RENAME bailiwick.conf DESTINATION lib/tmpfiles.d)

set(CPACK_GENERATOR DEB)
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_NAME bailiwick)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "Bailiwick maintainers <maintainers@bailiwick.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "compliance gateway between applications and AI APIs")
set(CPACK_PACKAGE_DESCRIPTION
    "Reads outgoing prompts, finds personal and regulated data, decides by rules where\n they may go, and records every decision in a log that can be verified.")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "python3, python3-cryptography") # of bailiwick-verify
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_SOURCE_DIR}/deploy/debian/postinst;${CMAKE_SOURCE_DIR}/deploy/debian/prerm;${CMAKE_SOURCE_DIR}/deploy/debian/postrm)
include(CPack)
