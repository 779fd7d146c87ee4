// The toy world: documents to learn from and questions to be scored on, made from a seed.
//
// A small village in English and Japanese: tales with questions, stories, and beside them lists
// to copy, lists to sort, sums, brackets. The answers follow from the text, so understanding can
// be counted. The same seed gives the same bytes on any machine and with any number of threads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/real.h"

namespace seekling {

struct Document {
  std::string kind;      // "tale", "story", "sum", "sort", "copy", "brackets"
  std::string language;  // "en", "ja"
  std::string text;      // without the first and the last special token, which packing adds
};

struct Question {
  std::string kind;      // "tale-1" (one hop), "tale-2" (two), "sum", "sort", "copy", "brackets"
  std::string language;  // "en", "ja"
  std::string prompt;    // ends with "Assistant:"
  std::string answer;    // begins with a blank; the end of the sentence must follow it
};

struct ToyWorld {
  std::vector<Document> train, heldout;
  std::vector<Question> questions;  // all different; their content is in no training document
};

struct ToyWorldOptions {
  std::uint64_t seed = 1;
  Index documents = 100000;
  Index heldout_documents = 2000;
  Index questions_per_kind = 100;  // shared among the languages
  std::vector<std::string> languages = {"en", "ja"};
};

ToyWorld make_toy_world(const ToyWorldOptions& options);

// The folder's train.jsonl, heldout.jsonl and questions.jsonl: a JSON object a line,
// with the fields above.
void write_toy_world(const std::filesystem::path& folder, const ToyWorld& world);

std::vector<Question> read_questions(const std::filesystem::path& path);

}  // namespace seekling
