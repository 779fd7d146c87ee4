#include "data/texts.h"

namespace seekling {

namespace fs = std::filesystem;

Texts::Texts(const std::vector<fs::path>& train_paths, const std::vector<fs::path>& heldout_paths)
    : train(train_paths) {
  if (heldout_paths.empty()) split.emplace(train);
  else heldout.emplace(heldout_paths);
}

void Texts::for_each_train(const VisitDocument& visit) const {
  split ? split->for_each_train(visit) : train.for_each(visit);
}

void Texts::for_each_heldout(const VisitDocument& visit) const {
  split ? split->for_each_heldout(visit) : heldout->for_each(visit);
}

}  // namespace seekling
