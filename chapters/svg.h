// Pictures for the chapters: a few shapes, written as SVG. Coordinates are pixels
// from the upper left corner.
#pragma once

#include <cmath>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "core/check.h"

namespace seekling {

class Svg {
 public:
  Svg(int width, int height)
      : body_(text("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ", width, " ", height,
                   "\" width=\"", width, "\" height=\"", height,
                   "\" font-family=\"sans-serif\" font-size=\"13\">\n",
                   "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n")) {}

  void line(double x1, double y1, double x2, double y2, const std::string& colour = "black",
            double width = 1) {
    body_ += text("<line x1=\"", px(x1), "\" y1=\"", px(y1), "\" x2=\"", px(x2), "\" y2=\"", px(y2),
                  "\" stroke=\"", colour, "\" stroke-width=\"", px(width), "\"/>\n");
  }
  void circle(double x, double y, double radius, const std::string& fill,
              const std::string& colour = "none") {
    body_ += text("<circle cx=\"", px(x), "\" cy=\"", px(y), "\" r=\"", px(radius), "\" fill=\"",
                  fill, "\" stroke=\"", colour, "\"/>\n");
  }
  void box(double x, double y, double width, double height, const std::string& fill,
           const std::string& colour = "black") {
    body_ += text("<rect x=\"", px(x), "\" y=\"", px(y), "\" width=\"", px(width), "\" height=\"",
                  px(height), "\" fill=\"", fill, "\" stroke=\"", colour, "\"/>\n");
  }
  void curve(const std::vector<std::pair<double, double>>& points, const std::string& colour,
             double width = 2) {
    body_ += "<polyline fill=\"none\" stroke=\"" + colour + "\" stroke-width=\"" + px(width) +
             "\" points=\"";
    for (const auto& [x, y] : points) body_ += px(x) + "," + px(y) + " ";
    body_ += "\"/>\n";
  }
  void arrow(double x1, double y1, double x2, double y2, const std::string& colour = "black") {
    const double length = std::hypot(x2 - x1, y2 - y1), dx = (x2 - x1) / length,
                 dy = (y2 - y1) / length;
    line(x1, y1, x2, y2, colour, 1.5);
    curve({{x2 - 8 * dx - 4 * dy, y2 - 8 * dy + 4 * dx},
           {x2, y2},
           {x2 - 8 * dx + 4 * dy, y2 - 8 * dy - 4 * dx}},
          colour, 1.5);
  }
  // anchor: start, middle or end. `words` must hold none of < > &.
  void write(double x, double y, const std::string& words, const std::string& anchor = "start",
             const std::string& colour = "black") {
    body_ += text("<text x=\"", px(x), "\" y=\"", px(y), "\" text-anchor=\"", anchor, "\" fill=\"",
                  colour, "\">", words, "</text>\n");
  }
  void save(const std::string& path) const {
    std::ofstream out(path);
    out << body_ << "</svg>\n";
    check(out.good(), path, ": cannot be written");
  }

 private:
  static std::string px(double v) {  // the same on every machine: one decimal
    char out[32];
    std::snprintf(out, sizeof out, "%.1f", v + 0.0);
    return std::string(out) == "-0.0" ? "0.0" : out;
  }
  std::string body_;
};

}  // namespace seekling
