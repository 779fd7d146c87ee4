// Links the table of attention kinds in layer.cpp to the file of each kind. That file ends with
//   template std::unique_ptr<Attention> make_kind<MLA>(const Config&);
// so the table names the class without including its header.
#pragma once

#include "attention/layer.h"

namespace seekling {

template <class Kind>
std::unique_ptr<Attention> make_kind(const Config& config) {
  return std::make_unique<Kind>(config);
}

}  // namespace seekling
