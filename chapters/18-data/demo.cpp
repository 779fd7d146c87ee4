// What the stages of data construction do, counted on text whose faults were planted: leaked
// questions, near duplicates, dumps that overlap, Japanese judged by blanks, rows that cut
// documents. Built with real = double: training amplifies rounding errors, and in float every
// machine would print other digits.
#include <cctype>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "clean/best_fit.h"
#include "clean/contamination.h"
#include "clean/fim.h"
#include "clean/measures.h"
#include "planted.h"
#include "repeats/duplicates.h"
#include "repeats/words.h"
#include "small_model.h"
#include "system/scratch.h"
#include "toy_text.h"

using namespace seekling;

// The loss of the answer's ids, after the question.
static double answer_loss(const Transformer& model, const Tokenizer& tokenizer,
                          const std::vector<Question>& questions) {
  double sum = 0;
  Index n = 0;
  for (const Question& q : questions) {
    const auto prompt = tokenizer.encode(q.prompt), whole = tokenizer.encode(q.prompt + q.answer);
    Rows rows{.B = 1, .T = Index(whole.size()) - 1};
    rows.ids.assign(whole.begin(), whole.end() - 1);
    rows.targets.assign(whole.begin() + 1, whole.end());
    for (std::size_t t = 0; t + 1 < prompt.size(); ++t) rows.targets[t] = kIgnored;
    const Index answer = Index(whole.size() - prompt.size());
    Losses others;
    sum += double(model.loss(make_batch(std::move(rows)), {}, others).item()) * double(answer);
    n += answer;
  }
  return sum / double(n);
}

static void leak() {
  const ToyWorld world = make_toy_world(
      {.documents = 1000, .heldout_documents = 0, .questions_per_kind = 60, .languages = {"en"}});
  std::vector<Question> sets[2];
  for (const Question& q : world.questions)
    if (q.kind == "sum") sets[sets[0].size() == 30].push_back(q);
  const Tokenizer tokenizer = toy_tokenizer(world, 512);
  std::printf("loss of the answers, nats a token          sums A   sums B\n");
  for (const int leaked : {0, 1}) {
    std::vector<Document> text = world.train;
    for (int copy = 0; copy < 40; ++copy)
      for (const Question& q : sets[leaked]) text.push_back({"sum", "en", q.prompt + q.answer});
    const Ids stream = stream_of(text, tokenizer);
    Transformer model(small_model(512, /*width=*/64));
    model.initialise(/*seed=*/1);
    const AdamW optimizer(parameters_of(model), {});
    for (Index step = 1; step <= 300; ++step) {
      add_gradient(model, random_rows(stream, /*B=*/8, /*T=*/64, /*seed=*/1, step));
      optimizer.update(step, /*lr=*/0.005, clip_factor(gradient_norm(optimizer.parameters()), 1));
      clear_gradients(optimizer.parameters());
    }
    std::printf("the text holds the sums %c, 40 times each %9.2f %8.2f\n", leaked == 0 ? 'A' : 'B',
                answer_loss(model, tokenizer, sets[0]), answer_loss(model, tokenizer, sets[1]));
  }
  EvaluationSet set;
  for (const Question& q : world.questions) set.add(q.prompt, q.kind);
  std::string line = sets[0][0].prompt;
  for (char& c : line) c = c == ' ' ? '\n' : char(std::toupper(c));
  std::printf("a question in capitals, each word on its own line: %s\n\n",
              set.found_in("They asked " + line).has_value() ? "found" : "not found");
}

static void near_duplicates() {
  const auto pairs = planted_pairs(4000, /*seed=*/1);
  const Scratch scratch;
  DocumentStore store(scratch.path / "documents");
  DuplicateFinder finder({.target = 0.8, .scratch = scratch.path});
  const auto add = [&](const std::string& text) {
    finder.add(store.size(), finder.keys_of(text));
    store.add({text, "", nlohmann::json{{"text", text}}.dump()});
  };
  for (const PlantedPair& pair : pairs) add(pair.original), add(pair.copy);
  store.flush();
  finder.for_each(store, [](const Duplicate&) {});
  std::printf("%td bands of %td minima\n", finder.bands.bands, finder.bands.rows);
  std::printf("Jaccard       pairs   share a band   predicted   dropped\n");
  for (int tenth = 3; tenth < 10; ++tenth) {
    double n = 0, share = 0, predicted = 0, dropped = 0;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      if (std::min(9, int(pairs[i].jaccard * 10)) != tenth) continue;
      const auto a = band_keys(shingles_of(pairs[i].original), finder.bands),
                 b = band_keys(shingles_of(pairs[i].copy), finder.bands);
      bool equal = false;
      for (std::size_t k = 0; k < a.size(); ++k) equal = equal || a[k] == b[k];
      ++n, share += equal, predicted += finder.bands.found(pairs[i].jaccard);
      dropped += finder.dropped(Index(2 * i + 1));
    }
    std::printf("%.1f to %.1f %8.0f %12.1f %% %9.1f %% %7.1f %%\n", tenth / 10.0,
                (tenth + 1) / 10.0, n, 100 * share / n, 100 * predicted / n, 100 * dropped / n);
  }
  std::printf("\n");
}

// A page is in every other dump, and in one dump of ten twice.
static void dumps() {
  std::printf("dumps   removed inside each   removed across all\n");
  for (const int n : {1, 2, 4, 8, 16}) {
    Index all = 0, inside = 0;
    std::set<Index> pages;
    for (Index page = 0; page < 5000; ++page)
      for (int dump = 0; dump < n; ++dump) {
        Rng rng(/*seed=*/1, std::uint64_t(page), std::uint64_t(dump));
        if (rng.uniform() < 0.5) continue;
        const Index copies = rng.uniform() < 0.1 ? 2 : 1;
        all += copies, inside += copies - 1;
        pages.insert(page);
      }
    const double kept = double(pages.size());
    std::printf("%5d %19.1f %% %18.1f %%\n", n, 100 * double(inside) / double(all),
                100 - 100 * kept / double(all));
  }
  std::printf("\n");
}

static void words_by_blanks(const ToyWorld& world) {
  for (const std::string language : {"en", "ja"}) {
    double n = 0, dropped = 0;
    for (const Document& d : world.train)
      if (d.language == language && (d.kind == "tale" || d.kind == "story"))
        ++n, dropped += measures_of(d.text).mean_word_length > 10;
    std::printf("%s: mean word above 10 characters, by blanks: %.0f of %.0f tales\n",
                language.c_str(), dropped, n);
  }
  std::printf("\n");
}

// How many rows hold the documents whole, each begun where the last did not fit.
static Index rows_for(const std::vector<Index>& lengths, const std::vector<Index>& order,
                      Index capacity) {
  Index rows = 1, left = capacity;
  for (const Index i : order) {
    const Index length = lengths[std::size_t(i)];
    if (length > left) ++rows, left = capacity;
    left -= length;
  }
  return rows;
}

static void packing(const ToyWorld& world) {
  constexpr Index kCapacity = 257;
  const Tokenizer tokenizer = toy_tokenizer(world, 1024);
  std::vector<Index> lengths, in_order;
  Index tokens = 0, cut = 0;
  for (const Document& d : world.train) {
    const Index length = Index(tokenizer.encode(d.text).size()) + 2;
    if (length > kCapacity) continue;
    cut += tokens / kCapacity != (tokens + length - 1) / kCapacity;
    tokens += length;
    in_order.push_back(Index(lengths.size()));
    lengths.push_back(length);
  }
  const auto row = [&](const char* how, Index rows, Index cuts) {
    std::printf("%-34s %8td %8.1f %% %10td\n", how, rows,
                100 - 100 * double(tokens) / double(rows * kCapacity), cuts);
  };
  std::printf("%zu documents, %td tokens           rows     empty    documents cut\n",
              lengths.size(), tokens);
  row("one after the other, cut anywhere", (tokens + kCapacity - 1) / kCapacity, cut);
  row("whole, in the order of the input", rows_for(lengths, in_order, kCapacity), 0);
  row("whole, best fit", rows_for(lengths, best_fit_order(lengths, kCapacity), kCapacity), 0);
  std::printf("\n");
}

static void fill_in_the_middle() {
  Rng rng(3);
  const FimParts parts = fim_parts("Mina walked to the mill. The lamp was there.", rng);
  std::printf("prefix [%s]\nmiddle [%s]\nsuffix [%s]\n", parts.prefix.c_str(), parts.middle.c_str(),
              parts.suffix.c_str());
  std::printf("%s%s%s%s%s%s\n", kFimBegin, parts.prefix.c_str(), kFimHole, parts.suffix.c_str(),
              kFimEnd, parts.middle.c_str());
}

int main() {
  leak();
  near_duplicates();
  dumps();
  const ToyWorld world =
      make_toy_world({.documents = 3000, .heldout_documents = 0, .questions_per_kind = 0});
  words_by_blanks(world);
  packing(world);
  fill_in_the_middle();
}
