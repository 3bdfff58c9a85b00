# cmake -DPROGRAM=FILE -DROOM=NAME -DOUT=FILE -P suites.cmake: writes a ctest test for every four suites of a gtest program,
# named by them all: starting a process under AddressSanitizer takes longer than most suites. It counts as skipped if all
# of it is.
execute_process(COMMAND ${PROGRAM} --gtest_list_tests OUTPUT_VARIABLE list COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "\n[A-Za-z0-9_/]+\\." suites "\n${list}")
string(REGEX REPLACE "[\n.]" "" suites "${suites}")
set(tests "set(skipped [=[PASSED  \\] 0 tests\\.\n(\\[  SKIPPED \\] [^\n]*\n)+$]=])\n")
while(suites)
  list(SUBLIST suites 0 4 some)
  list(REMOVE_ITEM suites ${some})
  list(JOIN some "," names)
  list(JOIN some ".*:" filter)
  string(APPEND tests "
add_test([==[${ROOM}.${names}]==] [==[${PROGRAM}]==] [==[--gtest_filter=${filter}.*]==])
set_tests_properties([==[${ROOM}.${names}]==] PROPERTIES LABELS ${ROOM} SKIP_REGULAR_EXPRESSION \"\${skipped}\")
")
endwhile()
file(WRITE ${OUT} "${tests}")
