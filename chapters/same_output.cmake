# cmake -D PROGRAM=file -D EXPECTED=file.txt -P same_output.cmake: runs the program and compares
# what it prints, to the byte.
cmake_minimum_required(VERSION 3.21)
string(RANDOM LENGTH 8 unique)
set(found "${PROGRAM}.${unique}.txt")
execute_process(COMMAND "${PROGRAM}" OUTPUT_FILE "${found}" RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} ended with ${result}")
endif()
execute_process(COMMAND "${CMAKE_COMMAND}" -E compare_files "${found}" "${EXPECTED}"
  RESULT_VARIABLE differs)
if(differs)
  execute_process(COMMAND diff "${EXPECTED}" "${found}")
  message(FATAL_ERROR "${PROGRAM} does not print what ${EXPECTED} holds; "
                      "if its new output (${found}) is right, copy it there "
                      "and into the README that quotes it")
endif()
file(REMOVE "${found}")
