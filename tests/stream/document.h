// A document as the reader gives it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "stream/document_reader.h"

namespace seekling {

inline InputDocument document(const std::string& text, const std::string& place) {
  return {text, place, nlohmann::json{{"text", text}}.dump()};
}

}  // namespace seekling
