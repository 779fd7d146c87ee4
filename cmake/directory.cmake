# A directory of src/ is a library:
#
#   seekling_directory(NAME [NUMERIC] [UNITY [FAST_LOOPS file...]]
#                      [USES directory...] [LIBRARIES target...] SOURCES file...)
#
# makes seekling_NAME from the SOURCES. A NUMERIC directory also becomes seekling_NAME_double: the
# same files with real = double, for gradient tests. UNITY: see fast_build.cmake.
#
# Its include path holds the directory itself and those that it USES, directly or through others,
# and nothing else of src/. They must be added before it, so src/CMakeLists.txt is in the order of
# dependence.
#
# A .cu file is compiled by nvcc with SEEKLING_CUDA; otherwise it is C++ for the emulated GPU
# (src/cuda/emulation.h).
function(seekling_directory name)
  cmake_parse_arguments(DIR "NUMERIC;UNITY" "" "FAST_LOOPS;USES;LIBRARIES;SOURCES" ${ARGN})
  foreach(used IN LISTS DIR_USES)
    if(NOT TARGET seekling_${used})
      message(FATAL_ERROR "src/${name} uses ${used}, which src/CMakeLists.txt must list before it")
    endif()
  endforeach()
  seekling_cuda_sources(${DIR_SOURCES})

  set(variants "")
  if(DIR_NUMERIC AND SEEKLING_WITH_DOUBLE)
    set(variants _double)
  endif()
  foreach(variant IN ITEMS "" LISTS variants)
    set(library seekling_${name}${variant})
    add_library(${library} STATIC ${DIR_SOURCES})
    seekling_include_path(${library} ${name})
    target_link_libraries(${library} PUBLIC seekling_flags ${DIR_LIBRARIES})
    foreach(used IN LISTS DIR_USES)
      if(TARGET seekling_${used}${variant})
        target_link_libraries(${library} PUBLIC seekling_${used}${variant})
      else()
        target_link_libraries(${library} PUBLIC seekling_${used})  # has no numbers of type real
      endif()
    endforeach()
    if(variant)
      target_compile_definitions(${library} PUBLIC SEEKLING_DOUBLE)
    endif()
    if(DIR_UNITY OR variant)
      seekling_unity(${library} json)
      seekling_fast_loops(${DIR_FAST_LOOPS})
    elseif(DIR_NUMERIC AND NOT name STREQUAL "core")  # core does without Eigen
      seekling_precompiled(${library} eigen)
    endif()
  endforeach()
endfunction()

# The include path of a directory is a folder that holds only a link to it, so that
# #include "NAME/file.h" finds its files and no others.
function(seekling_include_path target name)
  set(include_path ${CMAKE_BINARY_DIR}/include/${name})
  file(MAKE_DIRECTORY ${include_path})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${include_path}/${name} SYMBOLIC)
  target_include_directories(${target} PUBLIC ${include_path})
endfunction()

function(seekling_cuda_sources)
  set(kernels ${ARGN})
  list(FILTER kernels INCLUDE REGEX "\\.cu$")
  set_source_files_properties(${kernels} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  if(kernels AND NOT SEEKLING_CUDA)
    set_source_files_properties(${kernels} PROPERTIES LANGUAGE CXX COMPILE_OPTIONS "-x;c++")
  endif()
endfunction()

# Compiles a source file for one x86 instruction set, whatever the rest is compiled for; the program
# chooses among such files by the processor that it runs on. On other processors they are empty.
#
#   seekling_instruction_set(FILE flag...)
function(seekling_instruction_set file)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    set_source_files_properties(${file} PROPERTIES
      SKIP_PRECOMPILE_HEADERS ON COMPILE_OPTIONS "${SEEKLING_LOOPS};${ARGN}")
  endif()
endfunction()
