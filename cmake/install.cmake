# What `cmake --install` puts where, by component: `program` (the command with its completions and manual page, which it
# prints itself), `development` (headers, libraries and find_package(ithaca)), and where they were built `mpi` and `probe`.
# `cpack` packs `program` for Debian: with SOURCE_DATE_EPOCH two builds give the same bytes.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS ithaca RUNTIME COMPONENT program)
foreach(part probe mpi)
  if(TARGET ithaca_${part})
    install(TARGETS ithaca_${part} RUNTIME COMPONENT ${part} OPTIONAL)  # ./start builds ithaca alone
  endif()
endforeach()
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT program)

# Debian's zsh looks for packages' functions elsewhere than for a person's own.
install(CODE "
  set(printed [[${PROJECT_BINARY_DIR}/printed]])
  foreach(what \"completion;bash\" \"completion;zsh\" \"completion;fish\" \"man\")
    string(REPLACE \";\" \"-\" name \"\${what}\")
    file(MAKE_DIRECTORY \${printed})
    execute_process(COMMAND [[$<TARGET_FILE:ithaca>]] \${what} -o \${printed}/\${name} COMMAND_ERROR_IS_FATAL ANY)
  endforeach()
  set(zsh zsh/site-functions)
  if(CMAKE_INSTALL_PREFIX MATCHES \"/usr$\")
    set(zsh zsh/vendor-completions)
  endif()
  function(put name folder as)
    file(INSTALL \${printed}/\${name} DESTINATION \${CMAKE_INSTALL_PREFIX}/\${folder} TYPE FILE RENAME \${as})
  endfunction()
  put(completion-bash ${CMAKE_INSTALL_DATADIR}/bash-completion/completions ithaca)
  put(completion-zsh ${CMAKE_INSTALL_DATADIR}/\${zsh} _ithaca)
  put(completion-fish ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d ithaca.fish)
  put(man ${CMAKE_INSTALL_MANDIR}/man1 ithaca.1)
" COMPONENT program)

set(rooms model configs sim validate)
list(TRANSFORM rooms PREPEND ithaca_ OUTPUT_VARIABLE libraries)
install(TARGETS ${libraries} EXPORT ithaca-targets ARCHIVE COMPONENT development)
install(DIRECTORY ${rooms} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/ithaca COMPONENT development FILES_MATCHING
  PATTERN *.hpp PATTERN probe EXCLUDE PATTERN data EXCLUDE PATTERN references EXCLUDE PATTERN models EXCLUDE
  PATTERN sweeps EXCLUDE)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/ithaca)
install(EXPORT ithaca-targets NAMESPACE ithaca:: DESTINATION ${package_folder} COMPONENT development)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/ithaca-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES cmake/ithaca-config.cmake ${PROJECT_BINARY_DIR}/ithaca-config-version.cmake DESTINATION ${package_folder}
  COMPONENT development)

set(CPACK_GENERATOR DEB)
set(CPACK_COMPONENTS_ALL program)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_PACKAGE_CONTACT "The authors of Ithaca")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "how to split a long sequence over GPUs, and what that costs")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
  "Compares DeepSpeed-Ulysses, Megatron-SP, ring attention and their hybrids for a transformer on a cluster, by bytes,
time, memory and dollars, before any GPU is rented.")
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_STRIP_FILES ON)
include(CPack)
