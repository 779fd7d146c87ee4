// Flags and arguments shared by the commands of the course.
#pragma once

#include <cxxopts.hpp>
#include <filesystem>
#include <string>

#include "course/check.h"
#include "course/reader_folder.h"

namespace seekling {

inline const std::filesystem::path kRoot = SEEKLING_ROOT;

void add_my(cxxopts::Options& options);  // --my, the reader's folder
ReaderFolder my_folder(const cxxopts::ParseResult& flags);

// A path as the reader would type it in the current folder.
std::filesystem::path shown(const std::filesystem::path& path);

// The first argument; Usage if it is missing. `what` names it, `example` is a command that has it.
void add_argument(cxxopts::Options& options, const std::string& what, const std::string& name);
std::string argument(const cxxopts::ParseResult& flags, const char* what, const char* example);

Chapter chapter_argument(const cxxopts::ParseResult& flags, const char* example);
Chapter chapter_of_exercise(const std::string& number);  // of 5.1

void expect_programmed(const Chapter& chapter);  // Error if all of its exercises are on paper

Checker the_checker();
void add_check_options(cxxopts::Options& options);
CheckOptions check_options(const cxxopts::ParseResult& flags);

}  // namespace seekling
