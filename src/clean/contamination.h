// Documents that hold questions of an evaluation set. The rule of DeepSeek-Coder (Guo et al. 2024,
// arXiv:2401.14196, §2.4): a document that shares ten consecutive words with a question, or holds
// the whole of a question of three to nine words. Words as in words.h, so case, punctuation, blanks
// and line breaks do not hide a question.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/real.h"

namespace seekling {

class EvaluationSet {
 public:
  static constexpr Index kWords = 10, kLeastWords = 3;

  // A question with fewer than three words is not looked for; false then.
  bool add(std::string_view question, const std::string& place);

  // The place of a question that the text holds; none if it holds none.
  std::optional<std::string> found_in(std::string_view text) const;

 private:
  std::vector<std::string> places;
  std::unordered_map<std::uint64_t, std::size_t> questions[kWords + 1];  // by n: n-gram, place
};

}  // namespace seekling
