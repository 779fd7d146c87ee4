// seekling demo N: the demo of chapter N, built and run.
#include <unistd.h>

#include <cstring>

#include "cli/command.h"
#include "console/course_flags.h"
#include "console/flags.h"

namespace seekling {

int demo_command(int argc, char** argv) {
  cxxopts::Options options("seekling demo", "demo N: builds and runs the demo of chapter N.");
  add_argument(options, "the chapter", "N");
  const auto flags = parse(options, argc, argv, "what");
  const Chapter chapter = chapter_argument(flags, "demo 5");
  std::string program = Workshop(SEEKLING_BUILD).make_demo(chapter).string();
  char* const words[] = {program.data(), nullptr};
  ::execv(words[0], words);
  throw Error(program + ": cannot be started: " + std::strerror(errno));
}

}  // namespace seekling
