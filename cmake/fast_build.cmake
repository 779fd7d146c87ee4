# Shorter builds. One file takes GCC ten seconds if it includes Eigen, JSON and GoogleTest, because
# GCC reads 100,000 lines and instantiates the same templates for every file. Three measures halve
# the time of a whole build and change nothing in the code, except that names in anonymous
# namespaces must differ between the files of one directory that is built by seekling_unity():
#
#   ccache                              recompiles nothing that it has compiled before, if installed
#   seekling_unity(TARGET HEADERS)      compiles up to sixteen files as one, at -O1, with the
#                                       precompiled headers HEADERS. Not for loops that must be
#                                       fast: the amount of code that GCC sees decides its inlining.
#   seekling_precompiled(TARGET NAME)   gives a target the precompiled headers NAME. The target must
#                                       have the options with which these were declared.
#   seekling_fast_loops(file...)        compiles these files of a unity target one by one, at -O3
find_program(CCACHE ccache)
if(CCACHE)  # the sloppiness allows ccache to cache compilations that use precompiled headers
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
endif()
set(CMAKE_OPTIMIZE_DEPENDENCIES ON)  # a library may compile before the libraries that it uses

# For tests, libraries in double (which only tests use), and code without loops.
set(SEEKLING_O1 $<$<AND:$<CONFIG:Release>,$<COMPILE_LANGUAGE:CXX>>:-O1>)

#   seekling_declare_precompiled(NAME [OPTIONS option...] LIBRARIES target... HEADERS <header>...)
function(seekling_declare_precompiled name)
  cmake_parse_arguments(PCH "" "" "OPTIONS;LIBRARIES;HEADERS" ${ARGN})
  if(NOT EXISTS ${CMAKE_BINARY_DIR}/empty.cpp)
    file(WRITE ${CMAKE_BINARY_DIR}/empty.cpp "")
  endif()
  add_library(seekling_headers_${name} OBJECT EXCLUDE_FROM_ALL ${CMAKE_BINARY_DIR}/empty.cpp)
  target_compile_options(seekling_headers_${name} PRIVATE ${PCH_OPTIONS})
  target_link_libraries(seekling_headers_${name} PRIVATE seekling_flags ${PCH_LIBRARIES})
  target_precompile_headers(seekling_headers_${name} PRIVATE ${PCH_HEADERS})
endfunction()

function(seekling_precompiled target name)
  if(SEEKLING_FAST_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_precompile_headers(${target} REUSE_FROM seekling_headers_${name})
    target_compile_options(${target} PRIVATE  # ccache requires it
      $<$<AND:$<BOOL:${CCACHE}>,$<COMPILE_LANGUAGE:CXX>>:-fpch-preprocess>)
  endif()
endfunction()

function(seekling_unity target headers)
  set_target_properties(${target} PROPERTIES
    UNITY_BUILD ${SEEKLING_FAST_BUILD} UNITY_BUILD_BATCH_SIZE 16)
  seekling_precompiled(${target} ${headers})
  target_compile_options(${target} PRIVATE ${SEEKLING_O1}
    # a test's class may have a base class in an anonymous namespace
    $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-subobject-linkage>)
endfunction()

function(seekling_fast_loops)
  if(ARGN)
    set_source_files_properties(${ARGN} PROPERTIES
      COMPILE_OPTIONS "${SEEKLING_LOOPS}" SKIP_PRECOMPILE_HEADERS ON)
  endif()
endfunction()

set(numeric OpenMP::OpenMP_CXX Eigen3::Eigen)
seekling_declare_precompiled(eigen LIBRARIES ${numeric} HEADERS <Eigen/Core>)
seekling_declare_precompiled(json OPTIONS ${SEEKLING_O1}
  LIBRARIES ${numeric} nlohmann_json::nlohmann_json
  HEADERS <Eigen/Core> <nlohmann/json.hpp>)
if(BUILD_TESTING)
  seekling_declare_precompiled(tests OPTIONS ${SEEKLING_O1}
    LIBRARIES GTest::gtest ${numeric} nlohmann_json::nlohmann_json
    HEADERS <gtest/gtest.h> <Eigen/Core> <nlohmann/json.hpp>)
endif()
