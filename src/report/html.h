// An HTML page that needs no network and no script, built from strings: SVG for the pictures, one
// <style>, and all user text escaped.
#pragma once

#include <string>
#include <vector>

namespace seekling {

std::string escaped(const std::string& text);
std::string html_page(const std::string& title, const std::string& body);

std::string fixed(double v);    // a coordinate
std::string rounded(double v);  // a number to read, with four digits
std::string svg_label(double x, double y, const char* anchor, const std::string& words);

struct Bar {
  struct Part {
    double value;
    std::string colour;
  };
  std::string name;
  std::vector<Part> parts;  // side by side
  std::string words;        // behind the bar
};
std::string bar_plot(const std::vector<Bar>& bars);

}  // namespace seekling
