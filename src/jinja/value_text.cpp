// Values as text: Python's str(), repr() and json.dumps().
#include <algorithm>
#include <charconv>
#include <cmath>

#include "jinja/value.h"

namespace seekling::jinja {

namespace {

// Python writes the shortest digits that read back, with an exponent below 1e-4 and from 1e16.
std::string float_text(double x, const char* infinity, const char* nan) {
  if (std::isnan(x)) return nan;
  if (std::isinf(x)) return (x < 0 ? "-" : "") + std::string(infinity);
  const double size = std::abs(x);
  const bool fixed = x == 0 || (size >= 1e-4 && size < 1e16);
  char digits[64];
  const auto form = fixed ? std::chars_format::fixed : std::chars_format::scientific;
  const std::string written(digits, std::to_chars(digits, digits + sizeof digits, x, form).ptr);
  return fixed && written.find('.') == std::string::npos ? written + ".0" : written;
}

std::string quoted(const std::string& text) {
  const bool apostrophes = text.find('\'') != std::string::npos;
  const char quote = apostrophes && text.find('"') == std::string::npos ? '"' : '\'';
  std::string out(1, quote);
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    static constexpr char hex[] = "0123456789abcdef";
    if (c == quote || c == '\\') (out += '\\') += c;
    else if (c == '\n') out += "\\n";
    else if (c == '\r') out += "\\r";
    else if (c == '\t') out += "\\t";
    else if (code < 32 || code == 127) ((out += "\\x") += hex[code >> 4]) += hex[code & 15];
    else out += c;
  }
  return out + quote;
}

// What str() and json.dumps() do differently.
struct Style {
  bool python;
  JsonStyle json;
};

std::string literal(const std::string& text, const Style& style) {
  if (style.python) return quoted(text);
  return nlohmann::json(text).dump(-1, ' ', style.json.ascii,
                                   nlohmann::json::error_handler_t::replace);
}

// The items between two brackets, in one line or a line each.
template <class Items, class Write>
std::string bracketed(const Items& items, const char* open, const char* close, const Style& style,
                      std::size_t level, Write write) {
  const auto new_line = [&](std::size_t n) {
    std::string out = style.json.lines ? "\n" : "";
    while (style.json.lines && n-- > 0) out += style.json.indent;
    return out;
  };
  if (items.empty()) return std::string(open) + close;
  std::string out = open;
  for (const auto& item : items)
    out = limited(std::move(out) + (&item == &items.front() ? "" : style.json.comma) +
                  new_line(level + 1) + write(item));
  return out + new_line(level) + close;
}

std::string written(const Value& value, const Style& style, std::size_t level) {
  const bool python = style.python;
  if (is_undefined(value) && python) return "Undefined";
  if (is_none(value)) return python ? "None" : "null";
  if (const bool* b = std::get_if<bool>(&value))
    return *b ? python ? "True" : "true" : python ? "False" : "false";
  if (const auto* i = std::get_if<std::int64_t>(&value)) return std::to_string(*i);
  if (const double* d = std::get_if<double>(&value))
    return float_text(*d, python ? "inf" : "Infinity", python ? "nan" : "NaN");
  if (const std::string* s = as_text(value)) return literal(*s, style);
  const auto item_text = [&](const Value& item) { return written(item, style, level + 1); };
  if (const auto* l = as<List>(value); l && l->form <= List::kTuple) {
    if (!python || l->form == List::kList)
      return bracketed(l->items, "[", "]", style, level, item_text);
    return bracketed(l->items, "(", l->items.size() == 1 ? ",)" : ")", style, level, item_text);
  }
  const auto* d = as<Dict>(value);
  if (!d)
    fail("found ", kind(value),
         python ? " where a string was expected" : ", which has no JSON form");
  Named items = d->items;
  if (style.json.sorted) std::ranges::sort(items, {}, [](const auto& item) { return item.first; });
  return bracketed(items, "{", "}", style, level, [&](const auto& item) {
    return literal(item.first, style) + style.json.colon + item_text(item.second);
  });
}

}  // namespace

std::string repr(const Value& value) { return written(value, {.python = true, .json = {}}, 0); }

std::string str(const Value& value) {
  if (const std::string* s = as_text(value)) return *s;
  return is_undefined(value) ? "" : repr(value);
}

std::string json(const Value& value, const JsonStyle& style) {
  return written(value, {.python = false, .json = style}, 0);
}

}  // namespace seekling::jinja
