# cmake -DOUT=FILE "-DSOURCES=A;B" -P batch.cmake: one source file that compiles test files together. What they include
# comes first. Then each finds itself in a namespace of its own within ithaca, so that helpers of one name do not meet.
set(includes "")
set(files "")
set(number 0)
foreach(source ${SOURCES})
  file(STRINGS ${source} lines REGEX "^#include")
  list(APPEND includes ${lines})
  math(EXPR number "${number} + 1")
  string(APPEND files "
namespace ithaca::file_${number} { using namespace ithaca; }
#define ithaca ithaca::file_${number}
#include \"${source}\"
#undef ithaca
")
endforeach()
list(REMOVE_DUPLICATES includes)
list(JOIN includes "\n" includes)
file(WRITE ${OUT} "${includes}\n\nnamespace ithaca {}\n${files}")
