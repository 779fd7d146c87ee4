#include "toy/world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/parallel.h"

namespace seekling {
namespace {

const ToyWorld& world() {
  static const ToyWorld made = make_toy_world(
      {.seed = 7, .documents = 4000, .heldout_documents = 1000, .questions_per_kind = 100});
  return made;
}

std::vector<std::string> cut(const std::string& text, const std::string& border) {
  std::vector<std::string> out;
  std::size_t from = 0, to;
  for (; (to = text.find(border, from)) != std::string::npos; from = to + border.size())
    out.push_back(text.substr(from, to - from));
  out.push_back(text.substr(from));
  return out;
}

struct Exchange {
  std::string ask, answer;
};

std::vector<Exchange> exchanges(const std::string& text) {  // of a document that is a conversation
  std::vector<Exchange> out;
  for (const std::string& turn : cut(text, "<｜end▁of▁sentence｜>")) {
    const auto parts = cut(turn, "\n\nAssistant:");
    EXPECT_EQ(parts.size(), 2u) << text;
    EXPECT_TRUE(parts[0].starts_with("User: ")) << text;
    out.push_back({parts[0].substr(6), parts[1]});
  }
  return out;
}

// The tale's sentences and, last, the question.
std::vector<std::string> sentences(const std::string& ask, const std::string& language) {
  auto out = language == "en" ? cut(ask, ". ") : cut(ask, "。");
  if (out.back().empty()) out.pop_back();  // Japanese questions end like any sentence
  return out;
}

std::string question_of(const std::string& ask, const std::string& language) {
  return sentences(ask, language).back();
}

// "* went to the *" on "Anna went to the mill": {"Anna", "mill"}; nothing where the words differ.
std::vector<std::string> stars(const std::string& pattern, const std::string& sentence) {
  std::vector<std::string> out;
  const auto fixed = cut(pattern, "*");
  if (!sentence.starts_with(fixed[0])) return {};
  std::size_t from = fixed[0].size();
  for (std::size_t i = 1; i < fixed.size(); ++i) {
    const bool last = i + 1 == fixed.size();
    if (last && !sentence.ends_with(fixed[i])) return {};
    const std::size_t to = last ? sentence.size() - fixed[i].size() : sentence.find(fixed[i], from);
    if (to == std::string::npos || to < from) return {};
    out.push_back(sentence.substr(from, to - from));
    from = to + fixed[i].size();
  }
  return out;
}

// An independent reader: it knows the tales only through these patterns, and follows what happens.
class Reader {
 public:
  void read(const std::string& sentence) {
    if (matches(sentence,
                {"* went to the *", "* walked to the *", "* ran to the *", "*は*へ行きました",
                 "*は*へ歩いていきました", "*は*へ走っていきました"})) {
      place[m[0]] = m[1];
    } else if (matches(sentence, {"* took the *", "* picked up the *", "* got the * there",
                                  "*はそこで*を手に入れました", "*は*を手に取りました",
                                  "*は*を拾いました"})) {
      EXPECT_FALSE(holder.contains(m[1])) << sentence;
      EXPECT_TRUE(!lies.contains(m[1]) || lies[m[1]] == place.at(m[0])) << sentence;
      holder[m[1]] = m[0];
      lies.erase(m[1]);
    } else if (matches(sentence,
                       {"* gave the * to *", "* handed the * to *", "* passed the * to *"})) {
      give(m[0], m[1], m[2]);
    } else if (matches(sentence,
                       {"*は*に*をあげました", "*は*に*を渡しました", "*は*に*を手渡しました"})) {
      give(m[0], m[2], m[1]);
    } else if (matches(sentence, {"* left the * * the *", "* put down the * * the *"})) {
      leave(m[0], m[1], m[3]);
    } else if (matches(sentence, {"*は*を*に置きました", "*は*を*に残しました"})) {
      leave(m[0], m[1], m[2]);
    } else {
      EXPECT_TRUE(matches(
          sentence, {"It was a *", "The wind was *", "The sky was *", "* was glad", "* smiled",
                     "* said thank you", "*日でした", "静かな*でした", "空は*いました",
                     "*は喜びました", "*はにっこりしました", "*はお礼を言いました"}))
          << sentence;
    }
  }

  std::string answer(const std::string& question) {  // one word: the place, the person or the thing
    if (two_hops(question)) return place.at(holder.at(m[0]));
    if (matches(question, {"Where is the *?", "*はどこにありますか"})) return lies.at(m[0]);
    if (matches(question, {"Where is *?", "*はどこにいますか"})) return place.at(m[0]);
    if (matches(question, {"Who has the *?", "*を持っているのは誰ですか"})) return holder.at(m[0]);
    EXPECT_TRUE(matches(question, {"What does * carry?", "*は何を持っていますか"})) << question;
    for (const auto& [thing, person] : holder)
      if (person == m[0]) return thing;
    return "nothing";
  }

  bool two_hops(const std::string& question) {
    return matches(question, {"Where is the *?", "*はどこにありますか"}) && holder.contains(m[0]);
  }

 private:
  bool matches(const std::string& sentence, std::initializer_list<const char*> patterns) {
    for (const char* pattern : patterns)
      if (m = stars(pattern, sentence); !m.empty()) return true;
    return false;
  }

  void give(const std::string& person, const std::string& thing, const std::string& receiver) {
    EXPECT_EQ(holder.at(thing), person);
    EXPECT_EQ(place.at(person), place.at(receiver));
    holder[thing] = receiver;
  }

  void leave(const std::string& person, const std::string& thing, const std::string& where) {
    EXPECT_EQ(holder.at(thing), person);
    EXPECT_EQ(place.at(person), where);
    holder.erase(thing);
    lies[thing] = where;
  }

  std::vector<std::string> m;  // what the stars of the last pattern stood for
  std::map<std::string, std::string> place, holder, lies;
};

Reader read_tale(const std::string& ask, const std::string& language) {
  Reader reader;
  const auto told = sentences(ask, language);
  for (std::size_t i = 0; i + 1 < told.size(); ++i) reader.read(told[i]);
  return reader;
}

// " in the mill." -> "mill", " 水車小屋です。" -> "水車小屋"
std::string word_of(const std::string& answer, const std::string& language) {
  const std::string bare = answer.substr(0, answer.rfind(language == "en" ? "." : "です。"));
  return bare.substr(bare.rfind(' ') + 1);
}

std::string list_answer(const std::string& kind, const std::string& given) {  // given: " 4 2 9"
  auto items = cut(given.substr(1), " ");
  if (kind == "copy") return given;
  if (kind == "sum") return " " + std::to_string(std::stoi(items.at(0)) + std::stoi(items.at(2)));
  std::string out;
  if (kind == "sort") {
    std::sort(items.begin(), items.end());
    for (const auto& item : items) out += " " + item;
  } else {
    const std::map<std::string, std::string> closing{{"(", ")"}, {"[", "]"}, {"{", "}"}};
    std::vector<std::string> open;
    for (const auto& item : items)
      if (closing.contains(item)) {
        open.push_back(closing.at(item));
      } else {
        EXPECT_EQ(open.back(), item) << given;
        open.pop_back();
      }
    for (; !open.empty(); open.pop_back()) out += " " + open.back();
  }
  return out;
}

}  // namespace

TEST(ToyWorld, AnIndependentReaderOfEveryTaleGivesTheSameAnswers) {
  for (const auto* documents : {&world().train, &world().heldout})
    for (const Document& d : *documents) {
      if (d.kind != "tale") continue;
      const auto turns = exchanges(d.text);
      Reader reader = read_tale(turns[0].ask, d.language);
      for (const Exchange& turn : turns)
        EXPECT_EQ(reader.answer(question_of(turn.ask, d.language)),
                  word_of(turn.answer, d.language))
            << d.text;
    }
}

TEST(ToyWorld, QuestionsAboutTalesAreRightAndTheirKindCountsTheHops) {
  for (const Question& q : world().questions) {
    if (!q.kind.starts_with("tale")) continue;
    const std::string ask = exchanges(q.prompt + q.answer)[0].ask,
                      last = question_of(ask, q.language);
    Reader reader = read_tale(ask, q.language);
    EXPECT_EQ(reader.answer(last), word_of(q.answer, q.language)) << q.prompt;
    EXPECT_EQ(q.kind, reader.two_hops(last) ? "tale-2" : "tale-1") << q.prompt;
  }
}

TEST(ToyWorld, ListsAreCopiedAndSortedSumsAreRightAndBracketsBalance) {
  const auto expect_right = [](const std::string& kind, const Exchange& turn) {
    EXPECT_EQ(list_answer(kind, turn.ask.substr(turn.ask.find(':') + 1)), turn.answer) << turn.ask;
  };
  for (const Document& d : world().train)
    if (d.kind != "tale" && d.kind != "story")
      for (const Exchange& turn : exchanges(d.text)) expect_right(d.kind, turn);
  for (const Question& q : world().questions)
    if (!q.kind.starts_with("tale")) expect_right(q.kind, exchanges(q.prompt + q.answer)[0]);
}

TEST(ToyWorld, NoTrainingTextContainsAHeldOutQuestionOrTale) {
  std::string all;
  std::set<std::string> seen;  // kind and question; of a tale, the tale
  const auto key = [](const std::string& kind, const std::string& language,
                      const std::string& text) {
    const std::string ask = exchanges(text)[0].ask;
    if (!kind.starts_with("tale")) return kind + " " + ask;
    return "tale " + ask.substr(0, ask.size() - question_of(ask, language).size());
  };
  for (const Document& d : world().train) {
    all += d.text + "\n";
    if (d.kind == "tale") seen.insert(key(d.kind, d.language, d.text));
    else if (d.kind != "story")
      for (const Exchange& turn : exchanges(d.text)) seen.insert(d.kind + " " + turn.ask);
  }
  for (const Question& q : world().questions) {
    EXPECT_EQ(all.find(q.prompt + q.answer), std::string::npos) << q.prompt;
    EXPECT_FALSE(seen.contains(key(q.kind, q.language, q.prompt + q.answer))) << q.prompt;
  }
  for (const Document& d : world().heldout)
    if (d.kind != "story") {
      EXPECT_FALSE(seen.contains(key(d.kind, d.language, d.text))) << d.text;
    }
}

TEST(ToyWorld, AHeldOutSortedListIsNoAnswerInTraining) {  // whatever the order of the question
  std::set<std::string> answers;
  for (const Document& d : world().train)
    if (d.kind == "sort")
      for (const Exchange& turn : exchanges(d.text)) answers.insert(turn.answer);
  for (const Question& q : world().questions)
    EXPECT_FALSE(q.kind == "sort" && answers.contains(q.answer)) << q.answer;
}

TEST(ToyWorld, KindsAndLanguagesHaveTheirShares) {
  std::map<std::string, double> percent;
  for (const Document& d : world().train) {
    percent[d.kind] += 100.0 / 4000;
    percent[d.language] += 100.0 / 4000;
  }
  const std::map<std::string, double> expected{{"tale", 54}, {"story", 12}, {"copy", 14},
                                               {"sort", 7},  {"sum", 5},    {"brackets", 8},
                                               {"en", 50},   {"ja", 50}};
  EXPECT_EQ(percent.size(), expected.size());
  for (const auto& [name, share] : expected) EXPECT_NEAR(percent[name], share, 2.5) << name;
}

TEST(ToyWorld, EachKindHasItsQuestionsHalfInEachLanguageAndNoTwoAlike) {
  std::map<std::string, int> count;
  std::set<std::string> prompts;
  for (const Question& q : world().questions) {
    ++count[q.kind + " " + q.language];
    EXPECT_TRUE(prompts.insert(q.prompt).second) << q.prompt;
    EXPECT_TRUE(q.prompt.ends_with("\n\nAssistant:"));
    EXPECT_TRUE(q.answer.starts_with(" "));
  }
  for (const char* kind : {"tale-1", "tale-2", "sum", "sort", "copy", "brackets"})
    for (const char* language : {" en", " ja"})
      EXPECT_EQ(count[std::string(kind) + language], 50) << kind << language;
}

TEST(ToyWorld, TheSeedDecidesEveryByteAndTheNumberOfThreadsNone) {
  const auto all = [](std::uint64_t seed) {
    std::string out;
    const ToyWorld w = make_toy_world(
        {.seed = seed, .documents = 500, .heldout_documents = 50, .questions_per_kind = 8});
    for (const auto* documents : {&w.train, &w.heldout})
      for (const Document& d : *documents) out += d.kind + d.language + d.text;
    for (const Question& q : w.questions) out += q.kind + q.language + q.prompt + q.answer;
    return out;
  };
  const int before = threads();
  set_threads(1);
  const std::string one = all(5);
  set_threads(4);
  EXPECT_EQ(all(5), one);
  set_threads(before);
  EXPECT_NE(all(6), one);
}

}  // namespace seekling
