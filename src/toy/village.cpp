// Who is where and who has what, and what cannot happen.
#include "toy/village.h"

#include "core/check.h"

namespace seekling {

static const Person& person_at(int i) { return kPeople[std::size_t(i)]; }
static const Thing& thing_at(int i) { return kThings[std::size_t(i)]; }

std::string in_place(int place) {
  const Place& p = kPlaces[std::size_t(place)];
  return std::string(p.in) + " the " + p.english;
}

std::string a_thing(int thing) {
  const std::string word = thing_at(thing).english;
  return (std::string("aeiou").find(word[0]) == std::string::npos ? "a " : "an ") + word;
}

Village::Village() {
  place_.fill(kNone);
  holder_.fill(kNone);
  lies_.fill(kNone);
}

void Village::go(int person, int place) { place_[std::size_t(person)] = place; }

void Village::lie(int thing, int place) {
  check(unseen(thing), "toy village: the ", thing_at(thing).english, " is already in the tale");
  lies_[std::size_t(thing)] = place;
}

void Village::take(int person, int thing) {
  check(can_take(person, thing), "toy village: ", person_at(person).english, " cannot take the ",
        thing_at(thing).english, ", which is elsewhere");
  holder_[std::size_t(thing)] = person;
  lies_[std::size_t(thing)] = kNone;
}

void Village::give(int person, int thing, int receiver) {
  check(can_give(person, thing, receiver), "toy village: ", person_at(person).english,
        " cannot give the ", thing_at(thing).english, " to ", person_at(receiver).english,
        ": the giver must have it and both must be in one place");
  holder_[std::size_t(thing)] = receiver;
}

void Village::leave(int person, int thing) {
  check(holder(thing) == person, "toy village: ", person_at(person).english, " cannot leave the ",
        thing_at(thing).english, " without having it");
  holder_[std::size_t(thing)] = kNone;
  lies_[std::size_t(thing)] = place(person);
}

int Village::held(int person) const {
  for (int thing = 0; thing < int(kThings.size()); ++thing)
    if (holder(thing) == person) return thing;
  return kNone;
}

int Village::thing_place(int thing) const {
  return holder(thing) == kNone ? lies_[std::size_t(thing)] : place(holder(thing));
}

bool Village::can_take(int person, int thing) const {
  if (place(person) == kNone || holder(thing) != kNone) return false;
  return unseen(thing) || thing_place(thing) == place(person);
}

bool Village::can_give(int person, int thing, int receiver) const {
  return person != receiver && holder(thing) == person && place(person) != kNone &&
         place(person) == place(receiver);
}

}  // namespace seekling
