# cmake -D PROGRAM=file -D FOLDER=chapter -D WORK=folder -P same_figures.cmake: has the program draw
# its pictures in WORK and compares them with the *.svg of the chapter, each way.
cmake_minimum_required(VERSION 3.21)
file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}")
execute_process(COMMAND "${PROGRAM}" WORKING_DIRECTORY "${WORK}" RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} ended with ${result}")
endif()
file(GLOB drawn RELATIVE "${WORK}" "${WORK}/*.svg")
file(GLOB kept RELATIVE "${FOLDER}" "${FOLDER}/*.svg")
if(NOT drawn OR NOT "${drawn}" STREQUAL "${kept}")
  message(FATAL_ERROR "${PROGRAM} draws \"${drawn}\", ${FOLDER} holds \"${kept}\"")
endif()
foreach(picture IN LISTS drawn)
  execute_process(COMMAND "${CMAKE_COMMAND}" -E compare_files "${WORK}/${picture}"
    "${FOLDER}/${picture}" RESULT_VARIABLE differs)
  if(differs)
    message(FATAL_ERROR "${PROGRAM} draws another ${picture} than ${FOLDER} holds; "
                        "if the new one is right, copy it from ${WORK}")
  endif()
endforeach()
