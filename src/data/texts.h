// The documents of a run: those to learn from, and those held out to measure on.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "data/corpus.h"

namespace seekling {

class Texts {
 public:
  // Without paths for held-out text, Split holds a part of `train` out.
  Texts(const std::vector<std::filesystem::path>& train,
        const std::vector<std::filesystem::path>& heldout);
  Texts(const Texts&) = delete;  // the split refers to the corpus
  Texts& operator=(const Texts&) = delete;

  void for_each_train(const VisitDocument& visit) const;
  void for_each_heldout(const VisitDocument& visit) const;
  bool holds_out() const { return !split || split->heldout_bytes > 0; }
  const Corpus& corpus() const { return train; }

 private:
  const Corpus train;
  std::optional<Corpus> heldout;
  std::optional<Split> split;
};

}  // namespace seekling
