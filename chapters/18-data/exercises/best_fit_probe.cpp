#include "clean/best_fit.h"
#include "probe.h"

namespace seekling {

void probe(Probe& probe) {
  const Index capacity = probe.between(30, 40);
  std::vector<Index> lengths;
  for (Index n = probe.between(40, 60); n > 0; --n) lengths.push_back(probe.between(2, 70));
  // At every seed: exact fits, equal lengths, and room in two rows, of which the smaller is enough
  for (const Index length : {capacity - 5, Index(5), capacity - 9, Index(3), Index(3), capacity})
    lengths.push_back(length);
  probe.exercise("18.3", text(lengths.size(), " documents of 2 to 70 ids, rows of ", capacity),
                 [&] { probe.see_list("order", best_fit_order(lengths, capacity), 0); });
}

}  // namespace seekling
