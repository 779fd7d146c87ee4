// The main of every program of the course: PROGRAM --probe SEED FILE writes down what the probe
// sees; without --probe it is the file's own tests.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <iostream>

#include "probe.h"

int main(int argc, char** argv) {
  if (argc == 4 && std::strcmp(argv[1], "--probe") == 0) {
    try {
      seekling::Probe probe(std::strtoull(argv[2], nullptr, 10), argv[3]);
      seekling::probe(probe);
      return 0;
    } catch (const std::exception& e) {
      std::cerr << e.what() << "\n";
      return 1;
    }
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
