// The link from the table of the kinds of attention, in layer.cpp, to the file of a kind, which
// ends with
//   template std::unique_ptr<Attention> make_kind<MLA>(const Config&);
// so that the table names a class and needs no header of it.
#pragma once

#include "attention/layer.h"

namespace seekling {

template <class Kind>
std::unique_ptr<Attention> make_kind(const Config& config) {
  return std::make_unique<Kind>(config);
}

}  // namespace seekling
