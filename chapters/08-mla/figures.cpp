// cache.svg: what one token leaves in the cache of a layer with eight heads, for MHA, GQA,
// MQA and MLA. Widths are to scale: a head's key and value 128 numbers each, the latent
// 512, the rotary key 64.
#include "svg.h"

using namespace seekling;

namespace {

constexpr double kLeft = 120, kBox = 26, kGap = 4, kRow = 92;
constexpr double kPixels = 26.0 / 128;  // a number's width

void box(Svg& picture, double x, double y, double numbers, const std::string& fill,
         const std::string& label) {
  picture.box(x, y, numbers * kPixels, kBox, fill, "#333333");
  picture.write(x + numbers * kPixels / 2, y + 17, label, "middle");
}

void row(Svg& picture, double y, const std::string& name, int numbers) {
  picture.write(8, y + 22, name);
  picture.write(8, y + 40, text(numbers, " numbers"));
}

}  // namespace

int main() {
  Svg picture(620, 350);
  double y = 10;
  for (const auto& [name, key_heads] : {std::pair("MHA", 8), {"GQA, 4", 4}, {"MQA", 1}}) {
    row(picture, y, name, 2 * key_heads * 128);
    for (int h = 0; h < key_heads; ++h) {
      const double x = kLeft + h * (kBox + kGap) * 8 / key_heads;  // above its query heads
      box(picture, x, y, 128, "#9ecae1", "k");
      box(picture, x, y + kBox + kGap, 128, "#fdd0a2", "v");
    }
    y += kRow;
  }
  row(picture, y, "MLA", 512 + 64);
  box(picture, kLeft, y, 512, "#a1d99b", "latent c");
  box(picture, kLeft + 512 * kPixels + kGap, y, 64, "#9ecae1", "k");
  picture.write(kLeft, y + kBox + 18,
                "keys and values of all heads are made from c; k carries the position");
  picture.save("cache.svg");
}
