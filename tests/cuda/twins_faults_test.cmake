# The test of twins_test.cmake: a small sound tree passes, and each fault made in it is named.
#   cmake -D CHECK=twins_test.cmake -D FOLDER=scratch -P twins_faults_test.cmake
cmake_minimum_required(VERSION 3.21)

function(make_sound_tree)
  file(REMOVE_RECURSE "${FOLDER}")
  file(WRITE "${FOLDER}/src/ops/CMakeLists.txt" "seekling_room(ops SOURCES\n  add.cpp\n  add.cu\n  sort.cpp)\n")
  file(WRITE "${FOLDER}/src/train/CMakeLists.txt" "seekling_room(train SOURCES\n  metrics.cpp)\n")
  file(WRITE "${FOLDER}/src/train/metrics.cpp" "")
  file(WRITE "${FOLDER}/src/ops/sort.cpp" "// No twin: few numbers.\n")
  file(WRITE "${FOLDER}/src/ops/add.cpp" "")
  file(WRITE "${FOLDER}/src/ops/add.h" "namespace seekling {\nnamespace cpu {\nAdd add_forward;\nAdd add_backward;\n}\n"
       "namespace cuda {\nAdd add_forward;\nAdd add_backward;\n}  // namespace cuda\n}\n")
  file(WRITE "${FOLDER}/src/ops/add.cu" "void cuda::add_forward(View y) {}\nvoid cuda::add_backward(View y) {}\n")
  file(WRITE "${FOLDER}/tests/ops/add_test.cpp" "TEST(Add, Adds) {}\nTEST(AddTwins, Agree) {}\n")
endfunction()

include("${CMAKE_CURRENT_LIST_DIR}/../planted_faults.cmake")

expect_fault(src/ops/scale.cpp "" "src/ops/scale.h declares nothing in namespace cuda: the op has no twin")
expect_fault(src/ops/add.h "namespace cpu {\nAdd add_forward;\nAdd add_backward;\n}\nnamespace cuda {\nAdd add_forward;\n}\n"
             "src/ops/add.h declares cpu::add_backward, but no cuda::add_backward")
expect_fault(src/ops/add.cu "void cuda::add_forward(View y) {}\n" "src/ops/add.cu does not define cuda::add_backward")
expect_fault(src/ops/CMakeLists.txt "seekling_room(ops SOURCES\n  add.cpp\n  sort.cpp)\n"
             "src/ops/add.cu is not listed in src/ops/CMakeLists.txt: nobody compiles it")
expect_fault(tests/ops/add_test.cpp "TEST(Add, Adds) {}\n"
             "tests/ops/add_test.cpp has no test named ...Twins: nothing holds cuda's add to the CPU's")

file(REMOVE_RECURSE "${FOLDER}")
