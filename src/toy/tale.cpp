// Events are drawn one by one among those that the village allows, told as they happen,
// and asked about at the end.
#include "toy/tale.h"

#include <map>

#include "toy/template.h"

namespace seekling {

namespace {

constexpr int kNone = Village::kNone;

const Telling kWeather{
    {"It was a sunny day.", "It was a quiet morning.", "The wind was cold.", "The sky was gray."},
    {"よく晴れた日でした。", "静かな朝でした。", "風の冷たい日でした。", "空は曇っていました。"}};
const Telling kGo{
    {"{A} went to the {p}.", "{A} walked to the {p}.", "{A} ran to the {p}."},
    {"{A}は{p}へ行きました。", "{A}は{p}へ歩いていきました。", "{A}は{p}へ走っていきました。"}};
const Telling kTake{
    {"{A} took the {x}.", "{A} picked up the {x}.", "{A} got the {x} there."},
    {"{A}は{x}を手に取りました。", "{A}は{x}を拾いました。", "{A}はそこで{x}を手に入れました。"}};
const Telling kGive{
    {"{A} gave the {x} to {B}.", "{A} handed the {x} to {B}.", "{A} passed the {x} to {B}."},
    {"{A}は{B}に{x}をあげました。", "{A}は{B}に{x}を渡しました。",
     "{A}は{B}に{x}を手渡しました。"}};
const Telling kLeave{{"{A} left the {x} {in p}.", "{A} put down the {x} {in p}."},
                     {"{A}は{x}を{p}に置きました。", "{A}は{x}を{p}に残しました。"}};
const Telling kGlad{{"{B} was glad.", "{B} smiled.", "{B} said thank you."},
                    {"{B}は喜びました。", "{B}はにっこりしました。", "{B}はお礼を言いました。"}};

// The tale being told: the state of the village and the sentences so far.
struct Teller {
  Language language;
  Rng& rng;
  Village village{};
  std::vector<int> cast{}, things{};  // those who are, or will be, in this tale
  std::map<int, int> left_by{};       // a thing: who put it down, and will not pick it up again
  int walker = kNone;                 // who went somewhere in the last event
  std::string text{};
  std::string events{};  // the same in one wording, whatever the language

  void say(const Telling& telling, const Roles& roles) {
    append_sentence(text, told(telling, language, roles, rng), language);
  }

  void tell(const Telling& telling, const Roles& roles) {
    say(telling, roles);
    events += fill(telling.english.front(), Language::english, roles);
  }

  // A third of the walks lead to somebody, so that things can be handed on.
  void go(int person) {
    const int friend_place = village.place(pick(cast, rng));
    int place = chance(35, rng) ? friend_place : kNone;
    while (place == kNone || place == village.place(person))
      place = int(rng.below(Index(kPlaces.size())));
    village.go(person, place);
    walker = person;
    tell(kGo, {.A = person, .p = place});
  }

  bool take(int person, int thing) {  // one thing each: "What does Ben carry?" has one answer
    const auto left = left_by.find(thing);
    if (left != left_by.end() && left->second == person) return false;
    if (village.held(person) != kNone || !village.can_take(person, thing)) return false;
    village.take(person, thing);
    walker = kNone;
    tell(kTake, {.A = person, .x = thing});
    return true;
  }

  bool give(int person, int receiver) {
    const int thing = village.held(person);
    if (thing == kNone || village.held(receiver) != kNone ||
        !village.can_give(person, thing, receiver))
      return false;
    village.give(person, thing, receiver);
    walker = kNone;
    tell(kGive, {.A = person, .B = receiver, .x = thing});
    if (chance(30, rng)) say(kGlad, {.B = receiver});
    return true;
  }

  bool leave(int person) {
    const int thing = village.held(person);
    if (thing == kNone || !chance(20, rng)) return false;
    village.leave(person, thing);
    left_by[thing] = person;
    walker = kNone;
    tell(kLeave, {.A = person, .x = thing, .p = village.place(person)});
    return true;
  }

  // One more event: what can be done comes before walking on.
  void happen() {
    const int person = pick(cast, rng);
    if (village.place(person) == kNone) return go(person);
    if (give(person, pick(cast, rng)) || leave(person) || take(person, pick(things, rng))) return;
    int other = person;
    while (other == walker) other = pick(cast, rng);  // two walks in a row have no purpose
    go(other);
  }
};

std::vector<int> some_of(std::size_t total, Index count, Rng& rng) {
  std::vector<int> out;
  for (std::size_t i = 0; i < total; ++i) out.push_back(int(i));
  shuffle(out, rng);
  out.resize(std::size_t(count));
  return out;
}

// The questions that the state at the end answers.
struct Asker {
  Language language;
  Rng& rng;
  std::vector<Turn> questions{};

  void ask(const char* kind, const Telling& question, const Telling& answer, const Roles& asked,
           const Roles& found) {
    questions.push_back(
        {kind, told(question, language, asked, rng), told(answer, language, found, rng)});
  }
};

const Telling kWhereIsA{{"Where is {A}?"}, {"{A}はどこにいますか。"}},
    kWhereIsX{{"Where is the {x}?"}, {"{x}はどこにありますか。"}},
    kWhoHasX{{"Who has the {x}?"}, {"{x}を持っているのは誰ですか。"}},
    kWhatDoesACarry{{"What does {A} carry?"}, {"{A}は何を持っていますか。"}};
const Telling kPlace{{" {in p}."}, {" {p}です。"}}, kPerson{{" {A}."}, {" {A}です。"}},
    kThing{{" the {x}."}, {" {x}です。"}};

std::vector<Turn> ask_all(const Teller& teller) {
  const Village& village = teller.village;
  Asker asker{teller.language, teller.rng};
  for (const int person : teller.cast)
    if (village.place(person) != kNone)
      asker.ask("tale-1", kWhereIsA, kPlace, {.A = person}, {.p = village.place(person)});
  for (const int thing : teller.things) {
    if (village.unseen(thing)) continue;
    const int holder = village.holder(thing);
    asker.ask(holder == kNone ? "tale-1" : "tale-2", kWhereIsX, kPlace, {.x = thing},
              {.p = village.thing_place(thing)});
    if (holder == kNone) continue;
    asker.ask("tale-1", kWhoHasX, kPerson, {.x = thing}, {.A = holder});
    asker.ask("tale-1", kWhatDoesACarry, kThing, {.A = holder}, {.x = thing});
  }
  return asker.questions;
}

}  // namespace

// What is held out is the course of events: told in other words or in the other language,
// it is still the same tale.
Tale make_tale(Language language, const ToySplit& split, Rng& rng) {
  for (;;) {
    Teller teller{language, rng};
    teller.cast = some_of(kPeople.size(), 2 + rng.below(2), rng);
    teller.things = some_of(kThings.size(), 1 + rng.below(2), rng);
    if (chance(25, rng)) teller.say(kWeather, {});
    teller.go(teller.cast[0]);
    for (Index events = 1 + rng.below(5); events > 0; --events) teller.happen();
    if (!split.allows(teller.events)) continue;
    std::vector<Turn> questions = ask_all(teller);
    shuffle(questions, rng);
    return {teller.text, questions};
  }
}

std::string tale_and_question(const Tale& tale, const std::string& question, Language language) {
  std::string text = tale.text;
  append_sentence(text, question, language);
  return text;
}

}  // namespace seekling
