# ithaca_room(NAME FILES...): a static library of one room, with the project's warnings and sanitizers.
# ithaca_flags(TARGET): the same flags for any other target.
# ithaca_together(TARGET FILES...): compiles ITHACA_TEST_BATCH files of the target at a time, but for FILES, whose unnamed
# namespaces have names of others' in them.

# ITHACA_FMT: fmt as the rooms link it. Its functions in every file that prints cost 4 s a file, so only where it must.
set(ITHACA_FMT fmt::fmt)
if(ITHACA_PORTABLE_PROBE)
  set(ITHACA_FMT fmt::fmt-header-only)
endif()

function(ithaca_flags target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic $<$<BOOL:${ITHACA_WERROR}>:-Werror>)
  # GCC 12 and 13 warn falsely about text + std::string (GCC bug 105651), and when they optimise about empty optionals.
  target_compile_options(${target} PRIVATE "$<$<CXX_COMPILER_ID:GNU>:-Wno-restrict;-Wno-maybe-uninitialized>")
  # GCC collects no garbage below 1 GiB (KiB here): a tenth less time for a fifth more memory.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:--param=ggc-min-heapsize=1048576>)
  # A build's folder is in none of its bytes.
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-ffile-prefix-map=${PROJECT_SOURCE_DIR}=.>)
  if(ITHACA_SANITIZE)
    # Checks of null and crooked pointers are a quarter of GCC's time; preset fuzz, with clang, keeps them.
    target_compile_options(${target} PRIVATE -fsanitize=${ITHACA_SANITIZE} -fno-sanitize-recover=undefined
      $<$<CXX_COMPILER_ID:GNU>:-fno-sanitize=null,alignment>)
    # At a fixed address a sanitized program starts in two thirds of the time: it holds 800,000 addresses of its own.
    target_link_options(${target} PRIVATE -fsanitize=${ITHACA_SANITIZE} -no-pie)
  endif()
  if(ITHACA_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link,float-cast-overflow -fno-sanitize-recover=all)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
endfunction()

function(ithaca_together target)
  if(ITHACA_TEST_BATCH GREATER 1)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${ITHACA_TEST_BATCH})
    set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
endfunction()

function(ithaca_room name)
  add_library(ithaca_${name} STATIC ${ARGN})
  add_library(ithaca::${name} ALIAS ithaca_${name})
  set_target_properties(ithaca_${name} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(ithaca_${name} PUBLIC cxx_std_20)
  target_include_directories(ithaca_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:include/ithaca>)
  ithaca_flags(ithaca_${name})
endfunction()
