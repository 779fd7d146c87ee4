// A plot is cast, played in the village, which refuses what cannot happen, and told beat by beat.
// What a plot's people do does not depend on who they are, so a test that plays every plot shows
// that none is ever refused.
#include "toy/story.h"

#include "core/check.h"
#include "toy/plots.h"

namespace seekling {

static const Telling kOnce{
    {"Once there was a {girl} named {A}.", "In a small village lived a {girl} named {A}.",
     "{A} lived in a small village.", "Once upon a time there lived a {girl} named {A}."},
    {"むかし、{A}という{girl}がいました。", "小さな村に{A}という{girl}が住んでいました。",
     "{A}は小さな村に住んでいました。", "むかしむかし、ある村に{A}という{girl}がいました。"}};

static int role(const Roles& roles, char name) {
  switch (name) {
    case 'A': return roles.A;
    case 'B': return roles.B;
    case 'C': return roles.C;
    case 'x': return roles.x;
    case 'y': return roles.y;
    case 'p': return roles.p;
    case 'q': return roles.q;
    default: return roles.r;
  }
}

static void play(const Act& act, const Roles& roles, Village& village) {
  const int who = role(roles, act.who), object = role(roles, act.object);
  switch (act.what) {
    case Act::go: return village.go(who, object);
    case Act::lie: return village.lie(who, object);
    case Act::take: return village.take(who, object);
    case Act::give: return village.give(who, object, role(roles, act.receiver));
    case Act::leave: return village.leave(who, object);
  }
}

// Different people, things and places for all roles; p under the open sky, q with a roof.
static Roles cast_roles(const Plot& plot, Rng& rng) {
  const auto draw = [&](const auto& list, auto fits) {
    for (;;)
      if (const int i = int(rng.below(Index(list.size()))); fits(i)) return i;
  };
  Roles roles;
  const auto roof = [](int i) { return kPlaces[std::size_t(i)].roof; };
  roles.A = draw(kPeople, [](int) { return true; });
  roles.B = draw(kPeople, [&](int i) { return i != roles.A; });
  roles.C = draw(kPeople, [&](int i) { return i != roles.A && i != roles.B; });
  roles.x = draw(kThings, [&](int i) { return !plot.tool || kThings[std::size_t(i)].tool; });
  roles.y = draw(kThings, [&](int i) { return i != roles.x; });
  roles.p = draw(kPlaces, [&](int i) { return !roof(i); });
  roles.q = draw(kPlaces, roof);
  roles.r = draw(kPlaces, [&](int i) { return i != roles.p && i != roles.q; });
  return roles;
}

static std::string tell(const Plot& plot, const Roles& roles, Language language, Rng& rng) {
  Village village;
  std::string text;
  if (chance(60, rng)) append_sentence(text, told(kOnce, language, roles, rng), language);
  for (const Beat& beat : plot.beats) {
    for (const Act& act : beat.acts) play(act, roles, village);
    append_sentence(text, told(beat.telling, language, roles, rng), language);
  }
  return text;
}

std::string make_story(Language language, const ToySplit& split, Rng& rng) {
  for (;;) {
    const Plot& plot = pick(plots(), rng);
    const Roles roles = cast_roles(plot, rng);
    if (split.allows(text("story ", plot.name, " ", roles.A, " ", roles.x, " ", roles.p)))
      return tell(plot, roles, language, rng);
  }
}

std::string story_request(Language language) {
  return language == Language::english ? "Tell me a story." : "お話を聞かせてください。";
}

}  // namespace seekling
