// The mix of the toy world. Document i is drawn from the stream (seed, part, i), so it depends
// on nothing but its number.
//
// Of 100 documents 54 are tales, 12 stories, 14 copying, 7 sorting, 5 sums, 8 brackets.
// Tales are the hardest to learn: to answer "Where is Anna?" is to find the last "Anna" who went
// somewhere and to copy what follows. So copying, the half of that, has a large share, too:
// with 8 of 100 it was learnt to 64 to 78 %, with 14 to 100 %. A list document holds
// 3 to 6 exercises, a tale up to 6 questions: most of a text is there to be read, but only
// the answers can be got right, so the more answers a document has, the sooner they are learnt.
#include "toy/world.h"

#include <unordered_set>

#include "core/check.h"
#include "core/parallel.h"
#include "toy/lists.h"
#include "toy/story.h"
#include "toy/tale.h"

namespace seekling {

static Language language_of(const std::string& code) {
  return code == "en" ? Language::english : Language::japanese;
}

enum Part : std::uint64_t { kTrain, kHeldout, kQuestions };  // keys of the streams: never renumber

using MakeTurn = Turn (*)(Language, const ToySplit&, Rng&);

static std::string list_document(MakeTurn make, Language language, const ToySplit& split,
                                 Rng& rng) {
  std::vector<Turn> turns;
  for (Index left = 3 + rng.below(4); left > 0; --left) turns.push_back(make(language, split, rng));
  return conversation(turns);
}

static std::string tale_document(Language language, const ToySplit& split, Rng& rng) {
  Tale tale = make_tale(language, split, rng);
  std::vector<Turn> turns = tale.questions;
  if (turns.size() > 6) turns.resize(6);
  turns.front().ask = tale_and_question(tale, turns.front().ask, language);
  return conversation(turns);
}

static std::string story_document(Language language, const ToySplit& split, Rng& rng) {
  const std::string story = make_story(language, split, rng);
  return chance(50, rng) ? story : conversation({{"story", story_request(language), " " + story}});
}

static Document make_document(const std::string& code, const ToySplit& split, Rng& rng) {
  const Language language = language_of(code);
  const Index percent = rng.below(100);
  if (percent < 54) return {"tale", code, tale_document(language, split, rng)};
  if (percent < 66) return {"story", code, story_document(language, split, rng)};
  if (percent < 80) return {"copy", code, list_document(copy_turn, language, split, rng)};
  if (percent < 87) return {"sort", code, list_document(sort_turn, language, split, rng)};
  if (percent < 92) return {"sum", code, list_document(sum_turn, language, split, rng)};
  return {"brackets", code, list_document(brackets_turn, language, split, rng)};
}

static std::vector<Document> make_documents(Index count, Part part,
                                            const ToyWorldOptions& options) {
  const ToySplit split{options.seed, /*heldout=*/part == kHeldout};
  std::vector<Document> documents{std::size_t(count)};
  parallel_for(count, /*grain=*/64, [&](Index i) {
    Rng rng(options.seed, part, std::uint64_t(i));
    documents[std::size_t(i)] = make_document(pick(options.languages, rng), split, rng);
  });
  return documents;
}

// A tale's first question of the wanted kind, after the tale.
static Turn tale_turn(const std::string& kind, Language language, const ToySplit& split, Rng& rng) {
  for (;;) {
    const Tale tale = make_tale(language, split, rng);
    for (const Turn& turn : tale.questions)
      if (turn.kind == kind)
        return {kind, tale_and_question(tale, turn.ask, language), turn.answer};
  }
}

static Turn make_question(const std::string& kind, Language language, const ToySplit& split,
                          Rng& rng) {
  if (kind == "sum") return sum_turn(language, split, rng);
  if (kind == "sort") return sort_turn(language, split, rng);
  if (kind == "copy") return copy_turn(language, split, rng);
  if (kind == "brackets") return brackets_turn(language, split, rng);
  return tale_turn(kind, language, split, rng);
}

static std::vector<Question> make_questions(const ToyWorldOptions& options) {
  const ToySplit split{options.seed, /*heldout=*/true};
  std::vector<Question> questions;
  std::unordered_set<std::string> seen;
  Rng rng(options.seed, kQuestions);
  for (const char* kind : {"tale-1", "tale-2", "sum", "sort", "copy", "brackets"})
    for (Index i = 0, failures = 0; i < options.questions_per_kind;) {
      const std::string& code = options.languages[std::size_t(i) % options.languages.size()];
      const Turn turn = make_question(kind, language_of(code), split, rng);
      const bool fresh = seen.insert(turn.ask).second;
      failures = fresh ? 0 : failures + 1;
      check(failures < 1000, "toy world: questions_per_kind is ", options.questions_per_kind,
            ", but only ", i, " different questions of kind \"", kind,
            "\" turned up; ask for fewer");
      if (!fresh) continue;
      questions.push_back({kind, code, prompt(turn.ask), turn.answer});
      ++i;
    }
  return questions;
}

ToyWorld make_toy_world(const ToyWorldOptions& options) {
  check(!options.languages.empty(),
        "toy world: no language is given; choose \"en\", \"ja\" or both");
  for (const std::string& code : options.languages)
    check(code == "en" || code == "ja", "toy world: language \"", code,
          "\" is not supported; choose \"en\", \"ja\" or both");
  for (const auto& [count, name] : {std::pair(options.documents, "documents"),
                                    std::pair(options.heldout_documents, "heldout_documents"),
                                    std::pair(options.questions_per_kind, "questions_per_kind")})
    check(count >= 0, "toy world: ", name, " is ", count, "; it must be 0 or more");
  return {make_documents(options.documents, kTrain, options),
          make_documents(options.heldout_documents, kHeldout, options), make_questions(options)};
}

}  // namespace seekling
