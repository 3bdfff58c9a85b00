# cmake -DOUT=FILE -DSCRIPT=FILE "-DSOURCES=A;B" [-DMODEL=FILE] -P embed_page.cmake: writes the page's script, put
# together in SCRIPT, and the WebAssembly module into one C++ file.
set(script "")
foreach(source ${SOURCES})
  file(READ ${source} text)
  string(APPEND script "${text}")
endforeach()
file(WRITE ${SCRIPT} "${script}")
file(SHA256 ${SCRIPT} hash)
set(bytes "")
set(size 0)
if(MODEL)
  file(SIZE ${MODEL} size)
  file(READ ${MODEL} bytes HEX)
  string(REGEX REPLACE "(..)" "\\\\x\\1" bytes "${bytes}")
endif()
file(WRITE ${OUT} "#include \"cli/page_program.hpp\"

namespace ithaca {

std::string_view page_script() { return R\"ITHACA(${script})ITHACA\"; }
std::string_view page_script_sha256() { return \"${hash}\"; }
std::string_view page_model() { return {\"${bytes}\", ${size}}; }

}  // namespace ithaca
")
