// The plots of the stories. A plot is a list of beats: what happens, and ways to tell it.
#pragma once

#include <vector>

#include "toy/template.h"

namespace seekling {

// One event of the village. Its parts are roles: 'A' goes to 'p', 'A' gives 'x' to 'B'.
struct Act {
  enum What { go, lie, take, give, leave } what;
  char who, object;  // for lie, `who` is the thing and `object` the place
  char receiver = '\0';
};

struct Beat {
  std::vector<Act> acts;
  Telling telling;
};

struct Plot {
  const char* name;
  std::vector<Beat> beats;
  bool tool = false;  // x must be useful at work
};

const std::vector<Plot>& plots();

}  // namespace seekling
