# The building's rules, held to the tree as it is:
#   cmake -D ROOT=folder -P rooms_test.cmake
# A file of src/ includes only its own room and rooms above it, in the order of src/CMakeLists.txt; data knows nothing of
# models; every .cpp and .cu is compiled and every test is run; the root of the repository holds what README says and no more.
# One sentence for each fault; rooms_faults_test.cmake makes each fault and expects its sentence.
cmake_minimum_required(VERSION 3.21)

set(root_holds CMakeLists.txt CMakePresets.json LICENSE README.md seekling chapters src tests data notebooks build runs my)
set(models tensor ops nn model)  # what data may not know, though these rooms are above it

set(faults 0)
function(fault sentence)
  message(NOTICE "${sentence}")
  math(EXPR count "${faults} + 1")
  set(faults ${count} PARENT_SCOPE)
endfunction()

# The words between the parentheses of every call of `command` in a CMake file, without its comments.
function(words_of_calls command file result)
  set(words "")
  if(EXISTS "${file}")
    file(READ "${file}" text)
    string(REGEX REPLACE "#[^\n]*" "" text "${text}")
    string(REGEX MATCHALL "(^|[\n ])${command}[ ]*\\([^)]*\\)" calls "${text}")
    foreach(call IN LISTS calls)
      string(REGEX MATCH "\\(([^)]*)\\)" call "${call}")
      string(REGEX MATCHALL "[^ \t\n]+" call_words "${CMAKE_MATCH_1}")
      list(APPEND words ${call_words})
    endforeach()
  endif()
  set(${result} "${words}" PARENT_SCOPE)
endfunction()

# Every file of FOLDER/room/ that `pattern` finds is named by a call of `command` in FOLDER/room/CMakeLists.txt.
macro(expect_listed folder room pattern command so)
  words_of_calls("${command}" "${ROOT}/${folder}/${room}/CMakeLists.txt" listed)
  file(GLOB found RELATIVE "${ROOT}/${folder}/${room}" "${ROOT}/${folder}/${room}/${pattern}")
  foreach(name IN LISTS found)
    if(NOT name IN_LIST listed)
      fault("${folder}/${room}/${name} is not listed in ${folder}/${room}/CMakeLists.txt: ${so}")
    endif()
  endforeach()
endmacro()

# Every folder of FOLDER with a CMakeLists.txt or a .cpp is named by add_subdirectory in FOLDER/CMakeLists.txt.
macro(expect_added folder rooms so)
  file(GLOB found RELATIVE "${ROOT}/${folder}" "${ROOT}/${folder}/*/CMakeLists.txt" "${ROOT}/${folder}/*/*.cpp")
  list(TRANSFORM found REPLACE "/.*" "")
  list(REMOVE_DUPLICATES found)
  foreach(name IN LISTS found)
    if(NOT name IN_LIST ${rooms})
      fault("${folder}/${name} is not added in ${folder}/CMakeLists.txt: ${so}")
    endif()
  endforeach()
endmacro()

words_of_calls(add_subdirectory "${ROOT}/src/CMakeLists.txt" rooms)
if(NOT rooms)
  message(FATAL_ERROR "${ROOT}/src/CMakeLists.txt adds no rooms: is ${ROOT} the root of the repository?")
endif()
expect_added(src rooms "nothing in it is compiled")
words_of_calls(add_subdirectory "${ROOT}/tests/CMakeLists.txt" test_folders)
expect_added(tests test_folders "nothing in it is run")

set(above "")
foreach(room IN LISTS rooms)
  list(APPEND above ${room})  # and the room itself
  file(GLOB files RELATIVE "${ROOT}" "${ROOT}/src/${room}/*.h" "${ROOT}/src/${room}/*.cpp"
       "${ROOT}/src/${room}/*.cu")
  foreach(file IN LISTS files)
    file(READ "${ROOT}/${file}" text)
    string(REGEX MATCHALL "\n[ \t]*#[ \t]*include[ \t]*\"[^\"\n]*\"" includes "\n${text}")
    foreach(include IN LISTS includes)
      string(REGEX MATCH "\"(([^\"/]*)[^\"]*)\"" include "${include}")
      set(include "${CMAKE_MATCH_1}")
      set(included "${CMAKE_MATCH_2}")
      if(NOT included IN_LIST rooms)
        fault("${file} includes \"${include}\", which is in no room: write \"room/file.h\"")
      elseif(NOT included IN_LIST above)
        fault("${file} includes \"${include}\", but ${included} is below ${room}: a room includes only rooms above it")
      elseif(room STREQUAL "data" AND included IN_LIST models)
        fault("${file} includes \"${include}\", but data knows nothing of models")
      endif()
    endforeach()
  endforeach()
  expect_listed(src ${room} "*.cpp" "(seekling_room|add_executable)" "it is never compiled")
  expect_listed(src ${room} "*.cu" "seekling_room" "it is never compiled")
endforeach()

foreach(folder IN LISTS test_folders)
  expect_listed(tests ${folder} "*_test.cpp" "seekling_tests" "it is never run")
endforeach()

file(GLOB entries RELATIVE "${ROOT}" "${ROOT}/*")
foreach(entry IN LISTS entries)
  if(NOT entry MATCHES "^\\." AND NOT entry IN_LIST root_holds)
    string(REPLACE ";" " " only "${root_holds}")
    fault("${entry} is at the root of the repository, which holds only ${only}")
  endif()
endforeach()

if(faults GREATER 0)
  message(FATAL_ERROR "faults: ${faults}")
endif()
