#include "report/html.h"

#include <algorithm>
#include <cstdio>
#include <string_view>

namespace seekling {

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    static constexpr std::string_view kSpecial = "&<>\"'";
    static constexpr const char* kWritten[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    const std::size_t special = kSpecial.find(c);
    out += special == kSpecial.npos ? std::string(1, c) : kWritten[special];
  }
  return out;
}

std::string fixed(double v) {  // a coordinate
  char out[40];
  std::snprintf(out, sizeof out, "%.1f", v);
  return out;
}

std::string rounded(double v) {  // a number to read
  char out[40];
  std::snprintf(out, sizeof out, "%.4g", v);
  return out;
}

std::string svg_label(double x, double y, const char* anchor, const std::string& words) {
  return "<text x=\"" + fixed(x) + "\" y=\"" + fixed(y) + "\" text-anchor=\"" + anchor + "\">" +
         escaped(words) + "</text>";
}

std::string bar_plot(const std::vector<Bar>& bars) {
  constexpr double kWidth = 760, kNames = 280, kWords = 150, kRow = 22;  // pixels
  double most = 0;
  for (const Bar& bar : bars) {
    double all = 0;
    for (const Bar::Part& part : bar.parts) all += part.value;
    most = std::max(most, all);
  }
  const double scale = most > 0 ? (kWidth - kNames - kWords) / most : 0;
  std::string svg =
      "<svg viewBox=\"0 0 " + fixed(kWidth) + " " + fixed(kRow * double(bars.size())) + "\">\n";
  double y = 0;
  for (const Bar& bar : bars) {
    double x = kNames;
    svg += svg_label(kNames - 8, y + 15, "end", bar.name);
    for (const Bar::Part& part : bar.parts) {
      svg += "<rect x=\"" + fixed(x) + "\" y=\"" + fixed(y + 3) + "\" width=\"" +
             fixed(scale * part.value) + "\" height=\"" + fixed(kRow - 6) + "\" fill=\"" +
             part.colour + "\"/>";
      x += scale * part.value;
    }
    svg += svg_label(x + 6, y + 15, "start", bar.words) + "\n";
    y += kRow;
  }
  return svg + "</svg>\n";
}

static constexpr char kStyle[] =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:820px;margin:2em auto;padding:0 "
    "1em;color:#222;background:#fff}"
    "svg{width:100%;height:auto;font-size:12px}text{fill:currentColor}g "
    "text{fill:inherit}.grid{stroke:#ddd}"
    ".curve{fill:none;stroke-width:1.5}pre{white-space:pre-wrap;background:#f6f6f6;padding:1em}"
    "td{padding:0 1.5em 0 0;vertical-align:top;overflow-wrap:anywhere}"
    ".number{text-align:right;white-space:nowrap}.pair{display:grid;grid-template-columns:1fr "
    "1fr;gap:1em}"
    ".pair pre{margin:.2em 0 "
    "1em;font-size:13px;max-height:17em;overflow:auto}.pair>div{min-width:0}"
    ".dropped pre{background:#fdecea}.kept pre{background:#eaf6ec}";

std::string html_page(const std::string& title, const std::string& body) {
  const std::string name = escaped(title);
  return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + name +
         "</title>\n<style>" + kStyle + "</style></head>\n<body>\n<h1>" + name + "</h1>\n" + body +
         "</body></html>\n";
}

}  // namespace seekling
