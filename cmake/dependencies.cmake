# Each dependency comes from the system if it is installed, and is fetched otherwise.
include(FetchContent)
find_package(OpenMP REQUIRED)
find_package(Threads REQUIRED)

find_package(Eigen3 3.4 NO_MODULE QUIET)
if(NOT Eigen3_FOUND)
  FetchContent_Declare(eigen
    URL https://gitlab.com/libeigen/eigen/-/archive/3.4.0/eigen-3.4.0.tar.gz)
  FetchContent_GetProperties(eigen)
  if(NOT eigen_POPULATED)
    FetchContent_Populate(eigen)  # only headers: Eigen's own CMake would add hundreds of targets
  endif()
  add_library(Eigen3::Eigen INTERFACE IMPORTED GLOBAL)
  target_include_directories(Eigen3::Eigen SYSTEM INTERFACE ${eigen_SOURCE_DIR})
endif()

find_package(nlohmann_json 3.10 QUIET)
if(NOT nlohmann_json_FOUND)
  FetchContent_Declare(nlohmann_json
    URL https://github.com/nlohmann/json/releases/download/v3.11.2/json.tar.xz)
  FetchContent_MakeAvailable(nlohmann_json)
endif()

find_package(cxxopts 3.0 QUIET)
if(NOT cxxopts_FOUND)
  FetchContent_Declare(cxxopts
    URL https://github.com/jarro2783/cxxopts/archive/refs/tags/v3.1.1.tar.gz)
  FetchContent_MakeAvailable(cxxopts)
endif()

find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(PCRE2 QUIET IMPORTED_TARGET libpcre2-8)
endif()
if(PCRE2_FOUND)
  add_library(seekling_pcre2 ALIAS PkgConfig::PCRE2)
else()
  set(PCRE2_BUILD_TESTS OFF CACHE BOOL "" FORCE)
  set(PCRE2_BUILD_PCRE2GREP OFF CACHE BOOL "" FORCE)
  set(PCRE2_RELEASES https://github.com/PCRE2Project/pcre2/releases/download)
  FetchContent_Declare(pcre2 URL ${PCRE2_RELEASES}/pcre2-10.42/pcre2-10.42.tar.gz)
  FetchContent_MakeAvailable(pcre2)
  add_library(seekling_pcre2 INTERFACE)
  target_link_libraries(seekling_pcre2 INTERFACE pcre2-8-static)
  target_include_directories(seekling_pcre2 SYSTEM INTERFACE ${pcre2_BINARY_DIR})
endif()

if(BUILD_TESTING)
  find_package(GTest QUIET)
  if(NOT GTest_FOUND)
    FetchContent_Declare(googletest
      URL https://github.com/google/googletest/archive/refs/tags/v1.14.0.tar.gz)
    FetchContent_MakeAvailable(googletest)
    add_library(GTest::gtest_main ALIAS gtest_main)
  endif()
endif()
