// Texts to learn from: any bytes under each ending are refused in a sentence, or give documents of
// which no part is lost between those to learn from and those held out.
#include "data/corpus.h"
#include "fuzz/scratch_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seekling;
  for (const char* ending : {".txt", ".jsonl", ".json"}) {
    const ScratchFile file(data, size, ending);
    accepted([&] {
      const Corpus corpus({file.path});
      const Split split(corpus);
      Index bytes = 0;
      const VisitDocument count = [&](std::string_view d) { bytes += Index(d.size()); };
      split.for_each_train(count);
      split.for_each_heldout(count);
      if (bytes != split.train_bytes + split.heldout_bytes) fault("a part of a document is lost");
    });
  }
  return 0;
}
