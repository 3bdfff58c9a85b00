# ithaca_room(NAME FILES...): a static library of one room, with the project's warnings and sanitizers.
# ithaca_flags(TARGET): the same flags for any other target.

function(ithaca_flags target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic $<$<BOOL:${ITHACA_WERROR}>:-Werror>)
  # GCC 12 and 13 warn falsely about text + std::string (GCC bug 105651).
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
  if(ITHACA_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=address,undefined -fno-sanitize-recover=undefined)
    target_link_options(${target} PRIVATE -fsanitize=address,undefined)
  endif()
endfunction()

function(ithaca_room name)
  add_library(ithaca_${name} STATIC ${ARGN})
  add_library(ithaca::${name} ALIAS ithaca_${name})
  target_include_directories(ithaca_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  ithaca_flags(ithaca_${name})
endfunction()
