// The table of attention kinds, and what an observer sees of them.
#include "attention/layer.h"

#include "core/check.h"

namespace seekling {

void observe(const Context& context, const Pair& q, const Pair& k) {
  if (!context.observer) return;
  context.observe("q", joined(q));
  context.observe("k", joined(k));
}

template <class Kind>
std::unique_ptr<Attention> make_kind(const Config& config);  // kind.h

struct Kind {
  const char* name;
  std::unique_ptr<Attention> (*make)(const Config&);
};

static constexpr Kind kKinds[] = {
    {"mla", make_kind<struct MLA>},
    {"gqa", make_kind<struct GQA>},
};

std::unique_ptr<Attention> make_attention(const Config& config) {
  for (const Kind& kind : kKinds)
    if (config.attention == kind.name) return kind.make(config);
  throw Error(text("attention is \"", config.attention, "\", expected mla or gqa"));
}

std::vector<std::string> attention_kinds() {
  std::vector<std::string> names;
  for (const Kind& kind : kKinds) names.push_back(kind.name);
  return names;
}

}  // namespace seekling
