# The interface library seekling_flags: the options with which every target compiles.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

if(SEEKLING_CUDA)
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 80 90 120)  # A100, H100 and H200, RTX 50
  endif()
  enable_language(CUDA)
  if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake 3.25.1 does not know nvcc's C++20 option
    set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
    set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
  endif()
  set(CMAKE_CUDA_STANDARD 20)
  find_package(CUDAToolkit REQUIRED)
endif()

add_library(seekling_flags INTERFACE)

set(warnings -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
             -Wno-sign-conversion)  # Eigen's indices are signed
# False warnings of GCC 12: its AVX-512 header reads an undefined register on purpose, and
# std::string's operator+ is reported as an overlapping copy (GCC bug 105651).
set(false_warnings -Wno-maybe-uninitialized -Wno-uninitialized -Wno-restrict -Wno-stringop-overflow)
target_compile_options(seekling_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:${warnings}>
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:${false_warnings}>
  # nvcc: kernels may call constexpr functions. The suppressed diagnostics are about parts of Eigen
  # that no kernel calls.
  $<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr;-diag-suppress=20012;-diag-suppress=20014>
  $<$<COMPILE_LANGUAGE:CUDA>:-Werror=all-warnings>)
if(SEEKLING_NATIVE)
  target_compile_options(seekling_flags INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-march=native>
    $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-march=native>)
endif()

# The innermost loops are optimised in every build: unoptimised they are 50 times slower. Sanitizer
# builds use -O1, because GCC takes minutes for -O3 with sanitizers and seconds for -O1.
set(SEEKLING_LOOPS -O3)
set(sanitizers -fsanitize=address,undefined)
if(SEEKLING_SANITIZE OR SEEKLING_FUZZ)
  set(SEEKLING_LOOPS -O1)
endif()
if(SEEKLING_SANITIZE)
  target_compile_options(seekling_flags INTERFACE
    ${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(seekling_flags INTERFACE ${sanitizers})
endif()

if(SEEKLING_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "SEEKLING_FUZZ needs clang, found ${CMAKE_CXX_COMPILER_ID}: "
                        "add -DCMAKE_CXX_COMPILER=clang++")
  endif()
  target_compile_options(seekling_flags INTERFACE
    -fsanitize=fuzzer-no-link ${sanitizers} -fno-sanitize-recover=all)
  target_compile_definitions(seekling_flags INTERFACE
    __SANITIZE_ADDRESS__=1)  # GCC defines it, clang does not: the pool keeps every buffer apart
  target_link_options(seekling_flags INTERFACE ${sanitizers})
endif()
