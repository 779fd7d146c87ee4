// The village: twelve people, ten places, ten things, and a simulator of who
// is where and who has what.
//
// An event that cannot happen is refused: nobody gives what they do not have, or takes what is
// elsewhere. Everything told in the toy world is played here first, so no tale contradicts itself.
#pragma once

#include <array>
#include <string>

#include "toy/turn.h"

namespace seekling {

struct Person {
  const char* english;
  const char* japanese;
  bool girl;
};

struct Place {
  const char* english;
  const char* japanese;
  const char* in;  // "in" the mill, "on" the hill
  bool roof;       // dry when it rains
};

struct Thing {
  const char* english;
  const char* japanese;
  bool tool;  // useful at work
};

inline constexpr std::array<Person, 12> kPeople{{{"Anna", "アンナ", true},
                                                 {"Ben", "ベン", false},
                                                 {"Clara", "クララ", true},
                                                 {"David", "ダビド", false},
                                                 {"Emma", "エマ", true},
                                                 {"Finn", "フィン", false},
                                                 {"Greta", "グレタ", true},
                                                 {"Hugo", "ヒューゴ", false},
                                                 {"Ida", "イーダ", true},
                                                 {"Leo", "レオ", false},
                                                 {"Mina", "ミーナ", true},
                                                 {"Noah", "ノア", false}}};

inline constexpr std::array<Place, 10> kPlaces{{{"mill", "水車小屋", "in", true},
                                                {"garden", "庭", "in", false},
                                                {"forest", "森", "in", false},
                                                {"school", "学校", "in", true},
                                                {"bakery", "パン屋", "in", true},
                                                {"market", "市場", "at", false},
                                                {"barn", "納屋", "in", true},
                                                {"harbor", "港", "at", false},
                                                {"hill", "丘", "on", false},
                                                {"river", "川辺", "by", false}}};

inline constexpr std::array<Thing, 10> kThings{{{"lamp", "ランプ", true},
                                                {"rope", "ロープ", true},
                                                {"basket", "かご", true},
                                                {"book", "本", true},
                                                {"key", "鍵", true},
                                                {"drum", "太鼓", false},
                                                {"apple", "りんご", false},
                                                {"kite", "凧", false},
                                                {"hat", "帽子", false},
                                                {"bell", "鈴", false}}};

template <class Word>
const char* name(const Word& word, Language language) {
  return language == Language::english ? word.english : word.japanese;
}

std::string in_place(int place);  // "in the mill"
std::string a_thing(int thing);   // "a lamp", "an apple"

// People, places and things are numbers: their positions in the lists above.
class Village {
 public:
  static constexpr int kNone = -1;

  Village();

  // What happens. Each throws Error if it cannot.
  void go(int person, int place);
  void lie(int thing, int place);    // before anybody has seen it
  void take(int person, int thing);  // a thing that nobody has seen yet turns up where it is needed
  void give(int person, int thing, int receiver);
  void leave(int person, int thing);

  // What is so.
  int place(int person) const { return place_[std::size_t(person)]; }  // kNone before the first go
  int holder(int thing) const { return holder_[std::size_t(thing)]; }  // kNone: nobody
  int held(int person) const;                                          // a thing, or kNone
  int thing_place(int thing) const;  // its holder's, or where it lies
  bool unseen(int thing) const {
    return holder(thing) == kNone && lies_[std::size_t(thing)] == kNone;
  }
  bool can_take(int person, int thing) const;
  bool can_give(int person, int thing, int receiver) const;

 private:
  std::array<int, kPeople.size()> place_;
  std::array<int, kThings.size()> holder_, lies_;
};

}  // namespace seekling
