# model/ as WebAssembly for the page of `ithaca report`, where Debian's clang 19 for it is installed.
# ithaca_page(VARIABLE): sets VARIABLE to the C++ file with the page's script and, if it can be, the module.

set(page_packages "clang-19 lld-19 wasi-libc libc++-19-dev-wasm32 libclang-rt-19-dev-wasm32")
set(page_flags --target=wasm32-wasi -std=c++20 -O2 -DNDEBUG -fno-exceptions -Wall -Wextra -Wpedantic
  -ffile-prefix-map=${PROJECT_SOURCE_DIR}=. -I${PROJECT_SOURCE_DIR})

# ITHACA_WASM_WORKS: a program can be linked. Asked once.
function(ithaca_check_wasm)
  find_program(ITHACA_WASM_CLANG NAMES clang++-19)
  if(DEFINED ITHACA_WASM_WORKS)
    return()
  endif()
  set(works OFF)
  if(ITHACA_WASM_CLANG)
    set(probe ${CMAKE_CURRENT_BINARY_DIR}/wasm_probe)
    file(WRITE ${probe}.cpp "#include <string>\nint main(int n, char**) { return static_cast<int>(std::string(n, 'a').size()); }\n")
    execute_process(COMMAND ${ITHACA_WASM_CLANG} --target=wasm32-wasi -fno-exceptions ${probe}.cpp -o ${probe}.wasm
      RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
    if(NOT failed)
      set(works ON)
    endif()
  endif()
  set(ITHACA_WASM_WORKS ${works} CACHE INTERNAL "")
endfunction()

# Files together compile in a fifth of the time; of these some would share names.
function(ithaca_page_module module)
  get_target_property(sources ithaca_model SOURCES)
  list(FILTER sources EXCLUDE REGEX
    "^(attention_layer|cache_kernels|curriculum|frameworks|inference.*|kv_cache|plan.*|uncertainty)\\.cpp$")
  set(alone stage_time.cpp transformer_engine.cpp)
  list(REMOVE_ITEM sources ${alone})
  list(LENGTH sources count)
  math(EXPR half "${count} / 2")
  list(SUBLIST sources 0 ${half} first)
  list(SUBLIST sources ${half} -1 second)
  set(objects "")
  file(GLOB headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/model/*.hpp)
  foreach(part "${first}" "${second};wasm_exports.cpp" ${alone})
    list(LENGTH objects number)
    set(unit ${CMAKE_CURRENT_BINARY_DIR}/page_model_${number}.cpp)
    list(TRANSFORM part PREPEND ${PROJECT_SOURCE_DIR}/model/ OUTPUT_VARIABLE files)
    list(TRANSFORM part REPLACE "(.+)" "#include \"model/\\1\"" OUTPUT_VARIABLE lines)
    list(JOIN lines "\n" text)
    file(CONFIGURE OUTPUT ${unit} CONTENT "${text}\n" @ONLY)
    add_custom_command(OUTPUT ${unit}.o
      COMMAND ${ITHACA_WASM_CLANG} ${page_flags} -c ${unit} -o ${unit}.o
      DEPENDS ${unit} ${files} ${headers} COMMENT "Building the page's model ${number}" VERBATIM)
    list(APPEND objects ${unit}.o)
  endforeach()
  add_custom_command(OUTPUT ${module}
    COMMAND ${ITHACA_WASM_CLANG} --target=wasm32-wasi -fno-exceptions -mexec-model=reactor ${objects} -o ${module}
      -Wl,--strip-all -Wl,--gc-sections
    DEPENDS ${objects} COMMENT "Linking the page's model" VERBATIM)
endfunction()

function(ithaca_page variable)
  ithaca_check_wasm()
  set(module "")
  if(ITHACA_PAGE_MODEL AND ITHACA_WASM_WORKS)
    set(module ${CMAKE_CURRENT_BINARY_DIR}/page_model.wasm)
    ithaca_page_module(${module})
  elseif(ITHACA_PAGE_MODEL)
    message(STATUS "Sliders of ithaca report are off: install ${page_packages}")
  endif()
  set(out ${CMAKE_CURRENT_BINARY_DIR}/page_program.cpp)
  set(scripts charts live panel)
  list(TRANSFORM scripts REPLACE "(.+)" "${PROJECT_SOURCE_DIR}/cli/page/\\1.js")
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DSCRIPT=${out}.js "-DSOURCES=${scripts}" -DMODEL=${module}
      -P ${PROJECT_SOURCE_DIR}/cmake/embed_page.cmake
    DEPENDS ${scripts} ${module} ${PROJECT_SOURCE_DIR}/cmake/embed_page.cmake
    COMMENT "Embedding the page's script" VERBATIM)
  set_source_files_properties(${out} PROPERTIES COMPILE_OPTIONS -Wno-overlength-strings)  # clang
  add_custom_target(ithaca_page DEPENDS ${out})  # waits for no library, so neither does the module
  set(${variable} ${out} PARENT_SCOPE)
endfunction()
