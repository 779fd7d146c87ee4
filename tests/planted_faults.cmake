# For tests of a check of the sources: a small sound tree, which the includer's make_sound_tree() writes to FOLDER, passes
# the script CHECK, and each fault made in it is named.

function(check result output)
  execute_process(COMMAND "${CMAKE_COMMAND}" -D "ROOT=${FOLDER}" -P "${CHECK}" RESULT_VARIABLE code
                  OUTPUT_VARIABLE words ERROR_VARIABLE words)
  set(${result} "${code}" PARENT_SCOPE)
  set(${output} "${words}" PARENT_SCOPE)
endfunction()

# With `contents` as the file `name`, the tree has one fault, and this is its sentence.
function(expect_fault name contents sentence)
  make_sound_tree()
  file(WRITE "${FOLDER}/${name}" "${contents}")
  check(code output)
  if(code EQUAL 0)
    message(SEND_ERROR "${name} passed, expected: ${sentence}")
    return()
  endif()
  foreach(expected "${sentence}\n" "faults: 1\n")
    string(FIND "${output}" "${expected}" at)
    if(at EQUAL -1)
      message(SEND_ERROR "for ${name} expected: ${expected}\nfound: ${output}")
    endif()
  endforeach()
endfunction()

make_sound_tree()
check(code output)
if(NOT code EQUAL 0)
  message(SEND_ERROR "a sound tree was refused: ${output}")
endif()
