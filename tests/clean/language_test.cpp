#include "clean/language.h"

#include <gtest/gtest.h>

namespace seekling {

// The first article of the Universal Declaration of Human Rights.
TEST(Language, IsFoundByScriptOrByFrequentWords) {
  const std::pair<const char*, const char*> articles[] = {
      {"en",
       "All human beings are born free and equal in dignity and rights. They are endowed with "
       "reason and conscience and should act towards one another in a spirit of brotherhood."},
      {"de",
       "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und "
       "Gewissen begabt und sollen einander im Geist der Brüderlichkeit begegnen."},
      {"fr",
       "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués de "
       "raison et de conscience et doivent agir les uns envers les autres dans un esprit de "
       "fraternité."},
      {"es",
       "Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados como "
       "están "
       "de razón y conciencia, deben comportarse fraternalmente los unos con los otros."},
      {"it",
       "Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti. Essi sono dotati di "
       "ragione e di coscienza e devono agire gli uni verso gli altri in spirito di fratellanza."},
      {"pt",
       "Todos os seres humanos nascem livres e iguais em dignidade e em direitos. Dotados de razão "
       "e de consciência, devem agir uns para com os outros em espírito de fraternidade."},
      {"nl",
       "Alle mensen worden vrij en gelijk in waardigheid en rechten geboren. Zij zijn begiftigd "
       "met "
       "verstand en geweten, en behoren zich jegens elkander in een geest van broederschap te "
       "gedragen."},
      {"ja", "すべての人間は、生れながらにして自由であり、かつ、尊厳と権利とについて平等である。"},
      {"zh",
       "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。"},
      {"ko", "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다."},
      {"ru", "Все люди рождаются свободными и равными в своем достоинстве и правах."},
      {"el", "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια."},
      {"ar", "يولد جميع الناس أحراراً متساوين في الكرامة والحقوق."},
      {"he", "כל בני אדם נולדו בני חורין ושווים בערכם ובזכויותיהם."},
      {"hi", "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता प्राप्त है।"},
      {"th", "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ"}};
  for (const auto& [language, article] : articles) EXPECT_EQ(language_of(article), language);
}

TEST(Language, IsUndeterminedWhereNoneStandsOut) {
  for (const char* text : {"", "1 2 3", "x7 kqz wvut rrgh plmx qwt", "日本 Россия Ελλάδα abc"})
    EXPECT_EQ(language_of(text), "und") << text;
}

}  // namespace seekling
