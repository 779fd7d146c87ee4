// Statistics of a stage, by source: documents read, dropped at each rule, and kept; their lengths;
// and samples, which depend on the position of a document, not on the order of work.
#pragma once

#include <array>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/real.h"

namespace seekling {

class Tally {
 public:
  // The files and folders that are read; each is a source.
  explicit Tally(std::vector<std::filesystem::path> sources);

  using Text = std::function<std::string()>;  // called only for a sample

  void come_in(std::string_view place, Index bytes);

  void keep(std::string_view place, Index bytes, Index tokens, const Text& text);
  // beside: the kept text to compare the dropped one with; empty: there is none.
  void drop(const std::string& rule, std::string_view place, std::string_view text,
            const nlohmann::ordered_json& why, const Text& beside = {});

  Index kept_documents() const;
  bool empty() const;  // nothing came in

  nlohmann::ordered_json report(bool with_tokens) const;
  nlohmann::ordered_json samples() const;  // {"kept": [...], "dropped": {rule: [...]}}

  // What was counted so far, and counting on from there.
  nlohmann::ordered_json saved() const;
  void restore(const nlohmann::ordered_json& saved);

 private:
  struct Count {
    Index documents = 0, bytes = 0, tokens = 0;
    Count& operator+=(const Count& other);
    nlohmann::ordered_json to_json(bool with_tokens) const;
  };
  struct Source {
    std::string name;
    Count came = {}, kept = {};
    std::map<std::string, Count> dropped = {};  // by rule
  };
  struct Sample {
    std::uint64_t rank;
    nlohmann::ordered_json shown;
  };
  using Lengths = std::array<Index, 40>;  // documents by log2 of their bytes

  Source& source_of(std::string_view place);
  nlohmann::ordered_json dropped_of(const std::vector<const Source*>& some) const;
  static bool is_sample(const std::vector<Sample>& samples, std::uint64_t rank, std::size_t most);
  static void add(std::vector<Sample>& samples, Sample sample, std::size_t most);

  std::vector<Source> sources;
  std::size_t last = 0;            // the source of the last document
  std::vector<std::string> rules;  // in the order of their first document
  Lengths kept_lengths{}, dropped_lengths{};
  std::vector<Sample> kept_samples;
  std::map<std::string, std::vector<Sample>> dropped_samples;
};

// The first bytes of a text, cut between two characters.
std::string beginning_of(std::string_view text, std::size_t bytes);

}  // namespace seekling
