// Draws cache.svg: what one token leaves in the cache of a layer with eight heads, for MHA, GQA, MQA and MLA. Widths are
// to scale: a head's key and value 128 numbers each, the latent 512, the rotary key 64.
#include <fstream>

#include "core/check.h"

using namespace seekling;

namespace {

constexpr int kLeft = 120, kBox = 26, kGap = 4, kRow = 92;
constexpr double kPixels = 26.0 / 128;  // a number's width

std::string box(double x, double y, double width, const char* fill, const std::string& label) {
  return text("<rect x=\"", x, "\" y=\"", y, "\" width=\"", width, "\" height=\"", kBox, "\" fill=\"", fill,
              "\" stroke=\"#333\"/><text x=\"", x + width / 2, "\" y=\"", y + 17, "\" text-anchor=\"middle\">", label,
              "</text>\n");
}

std::string words(int x, int y, const std::string& what) {
  return text("<text x=\"", x, "\" y=\"", y, "\">", what, "</text>\n");
}

std::string of_heads(int y, const std::string& name, int key_heads) {
  std::string out = words(8, y + 22, name) + words(8, y + 40, text(2 * key_heads * 128, " numbers"));
  for (int h = 0; h < key_heads; ++h) {
    const double x = kLeft + h * (kBox + kGap) * 8.0 / key_heads;  // above the query heads that share it
    out += box(x, y, 128 * kPixels, "#9ecae1", "k") + box(x, y + kBox + kGap, 128 * kPixels, "#fdd0a2", "v");
  }
  return out;
}

}  // namespace

int main() {
  std::string body = of_heads(10, "MHA", 8) + of_heads(10 + kRow, "GQA, 4", 4) + of_heads(10 + 2 * kRow, "MQA", 1);
  const int y = 10 + 3 * kRow;
  body += words(8, y + 22, "MLA") + words(8, y + 40, "576 numbers");
  body += box(kLeft, y, 512 * kPixels, "#a1d99b", "latent c") +
          box(kLeft + 512 * kPixels + kGap, y, 64 * kPixels, "#9ecae1", "k");
  body += words(kLeft, y + kBox + 18, "keys and values of all heads are made from c; k carries the position");
  std::ofstream("cache.svg") << "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"520\" height=\"350\" "
                                "font-family=\"sans-serif\" font-size=\"12\">\n"
                             << "<rect width=\"520\" height=\"350\" fill=\"#fff\"/>\n"
                             << body << "</svg>\n";
}
