# cmake -DPROGRAM=FILE -DROOM=NAME -DOUT=FILE -P suites.cmake: writes a ctest test for each suite of a gtest program, as
# starting a process under AddressSanitizer takes longer than most tests. A suite counts as skipped if all of it is.
execute_process(COMMAND ${PROGRAM} --gtest_list_tests OUTPUT_VARIABLE list COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "\n[A-Za-z0-9_/]+\\." suites "\n${list}")
set(tests "set(skipped [=[PASSED  \\] 0 tests\\.\n(\\[  SKIPPED \\] [^\n]*\n)+$]=])\n")
foreach(suite ${suites})
  string(REGEX REPLACE "[\n.]" "" suite ${suite})
  string(APPEND tests "
add_test(${ROOM}.${suite} [==[${PROGRAM}]==] --gtest_filter=${suite}.*)
set_tests_properties(${ROOM}.${suite} PROPERTIES LABELS ${ROOM} SKIP_REGULAR_EXPRESSION \"\${skipped}\")
")
endforeach()
file(WRITE ${OUT} "${tests}")
