# The test of rooms_test.cmake: a small sound tree passes, and each fault made in it is named.
#   cmake -D CHECK=rooms_test.cmake -D FOLDER=scratch -P rooms_faults_test.cmake
cmake_minimum_required(VERSION 3.21)

function(make_sound_tree)
  file(REMOVE_RECURSE "${FOLDER}")
  foreach(name README.md seekling .hidden src/data/data.h src/nn/nn.h data/models/nano.json)
    file(WRITE "${FOLDER}/${name}" "")
  endforeach()
  file(WRITE "${FOLDER}/src/CMakeLists.txt" "# rooms; add_subdirectory(of_a_comment)\nadd_subdirectory(core)\n"
       "add_subdirectory(nn)   # layers\nadd_subdirectory(data)\nadd_subdirectory(cli)\n")
  file(WRITE "${FOLDER}/src/core/CMakeLists.txt" "seekling_room(core\n  SOURCES\n    a.cpp   # first\n    b.cpp)\n")
  file(WRITE "${FOLDER}/src/core/a.h" "#pragma once\n")
  file(WRITE "${FOLDER}/src/core/a.cpp" "#include \"core/a.h\"\n#include <vector>\n// #include \"cli/main.h\"\n")
  file(WRITE "${FOLDER}/src/core/b.cpp" "")
  file(WRITE "${FOLDER}/src/data/data.h" "#include \"core/a.h\"\n")
  file(WRITE "${FOLDER}/src/cli/CMakeLists.txt" "add_executable(seekling_cli main.cpp)\nset_source_files_properties(c.cpp)\n")
  file(WRITE "${FOLDER}/src/cli/main.cpp" "#include \"core/a.h\"\n#include \"data/data.h\"\n\n#include \"nn/nn.h\"\n")
  file(WRITE "${FOLDER}/tests/CMakeLists.txt" "add_subdirectory(core)\n")
  file(WRITE "${FOLDER}/tests/core/CMakeLists.txt" "seekling_tests(core NUMERIC USES core SOURCES\n  a_test.cpp)\n")
  file(WRITE "${FOLDER}/tests/core/a_test.cpp" "")
  file(WRITE "${FOLDER}/tests/core/helper.h" "")
endfunction()

include("${CMAKE_CURRENT_LIST_DIR}/planted_faults.cmake")

expect_fault(src/core/a.h "#pragma once\n\n  # include \"nn/nn.h\"\n"
             "src/core/a.h includes \"nn/nn.h\", but nn is below core: a room includes only rooms above it")
expect_fault(src/core/b.cpp "#include \"cli/command.h\"\n"
             "src/core/b.cpp includes \"cli/command.h\", but cli is below core: a room includes only rooms above it")
expect_fault(src/core/b.cpp "#include \"a.h\"\n"
             "src/core/b.cpp includes \"a.h\", which is in no room: write \"room/file.h\"")
expect_fault(src/data/data.h "#include \"nn/nn.h\"\n"
             "src/data/data.h includes \"nn/nn.h\", but data knows nothing of models")
expect_fault(src/core/c.cpp ""
             "src/core/c.cpp is not listed in src/core/CMakeLists.txt: it is never compiled")
expect_fault(src/cli/c.cpp ""  # it has properties there, but no target
             "src/cli/c.cpp is not listed in src/cli/CMakeLists.txt: it is never compiled")
expect_fault(src/core/CMakeLists.txt "seekling_room(core SOURCES\n  a.cpp\n  # b.cpp\n  )\n"
             "src/core/b.cpp is not listed in src/core/CMakeLists.txt: it is never compiled")
expect_fault(src/attic/old.cpp "" "src/attic is not added in src/CMakeLists.txt: nothing in it is compiled")
expect_fault(tests/core/b_test.cpp ""
             "tests/core/b_test.cpp is not listed in tests/core/CMakeLists.txt: it is never run")
expect_fault(tests/nn/CMakeLists.txt "" "tests/nn is not added in tests/CMakeLists.txt: nothing in it is run")
expect_fault(notes.txt "" "notes.txt is at the root of the repository, which holds only CMakeLists.txt \
CMakePresets.json LICENSE README.md seekling chapters src tests data notebooks build runs my")

file(REMOVE_RECURSE "${FOLDER}")
