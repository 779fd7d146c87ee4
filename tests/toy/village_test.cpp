#include "toy/village.h"

#include <gtest/gtest.h>

#include "refusal.h"
#include "toy/plots.h"
#include "toy/story.h"

namespace seekling {

TEST(ToyVillage, RefusesWhatCannotHappen) {
  Village village;  // Anna 0, Ben 1, mill 0, garden 1, lamp 0
  village.go(0, 0);
  village.go(1, 1);
  village.take(0, 0);
  EXPECT_EQ(refusal([&] { village.give(0, 0, 1); }),
            "toy village: Anna cannot give the lamp to Ben: the giver must have it and both must "
            "be in one place");
  EXPECT_EQ(refusal([&] { village.leave(1, 0); }),
            "toy village: Ben cannot leave the lamp without having it");
  village.leave(0, 0);
  EXPECT_EQ(refusal([&] { village.take(1, 0); }),
            "toy village: Ben cannot take the lamp, which is elsewhere");
  EXPECT_EQ(refusal([&] { village.lie(0, 1); }), "toy village: the lamp is already in the tale");
}

TEST(ToyVillage, AllowsEveryStory) {  // an impossible event would throw
  for (const auto language : {Language::english, Language::japanese})
    for (std::uint64_t i = 0; i < 500; ++i) {
      Rng rng(3, i);
      const std::string story = make_story(language, ToySplit{3, i % 2 == 0}, rng);
      EXPECT_EQ(story.find_first_of("{}"), std::string::npos) << story;
    }
}

TEST(ToyStory, EveryBeatOfAPlotIsToldInBothLanguages) {
  for (const Plot& plot : plots())
    for (const Beat& beat : plot.beats)
      EXPECT_EQ(beat.telling.english.size(), beat.telling.japanese.size()) << plot.name;
}

}  // namespace seekling
