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

// The items between two brackets, each written by `write`.
template <class Items, class Write>
std::string bracketed(const Items& items, const char* open, const char* close, Write write) {
  std::string out = open;
  for (const auto& item : items) {
    if (&item != &items.front()) out += ", ";
    out = limited(std::move(out) + write(item));
  }
  return out + close;
}

std::string json_text(const std::string& text, bool ascii) {
  return nlohmann::json(text).dump(-1, ' ', ascii, nlohmann::json::error_handler_t::replace);
}

// The items between two brackets, in one line or a line each.
template <class Items, class Write>
std::string json_items(const Items& items, char open, char close, const JsonStyle& style,
                       std::size_t level, Write write) {
  const auto new_line = [&](std::size_t n) {
    std::string out = style.lines ? "\n" : "";
    while (style.lines && n-- > 0) out += style.indent;
    return out;
  };
  if (items.empty()) return {open, close};
  std::string out(1, open);
  for (const auto& item : items)
    out = limited(std::move(out) + (&item == &items.front() ? "" : style.comma) +
                  new_line(level + 1) + write(item));
  return out + new_line(level) + close;
}

std::string json_at(const Value& value, const JsonStyle& style, std::size_t level) {
  if (is_none(value)) return "null";
  if (const bool* b = std::get_if<bool>(&value)) return *b ? "true" : "false";
  if (const auto* i = std::get_if<std::int64_t>(&value)) return std::to_string(*i);
  if (const double* d = std::get_if<double>(&value)) return float_text(*d, "Infinity", "NaN");
  if (const std::string* s = as_text(value)) return json_text(*s, style.ascii);
  if (const auto* l = as<List>(value); l && l->form <= List::kTuple)
    return json_items(l->items, '[', ']', style, level,
                      [&](const Value& item) { return json_at(item, style, level + 1); });
  const auto* d = as<Dict>(value);
  if (!d) fail("found ", kind(value), ", which has no JSON form");
  Named items = d->items;
  if (style.sorted) std::ranges::sort(items, {}, [](const auto& item) { return item.first; });
  return json_items(items, '{', '}', style, level, [&](const auto& item) {
    return json_text(item.first, style.ascii) + style.colon +
           json_at(item.second, style, level + 1);
  });
}

}  // namespace

std::string repr(const Value& value) {
  if (is_undefined(value)) return "Undefined";
  if (is_none(value)) return "None";
  if (const bool* b = std::get_if<bool>(&value)) return *b ? "True" : "False";
  if (const auto* i = std::get_if<std::int64_t>(&value)) return std::to_string(*i);
  if (const double* d = std::get_if<double>(&value)) return float_text(*d, "inf", "nan");
  if (const std::string* s = as_text(value)) return quoted(*s);
  if (const auto* l = as<List>(value); l && l->form <= List::kTuple) {
    if (l->form == List::kList) return bracketed(l->items, "[", "]", repr);
    return bracketed(l->items, "(", l->items.size() == 1 ? ",)" : ")", repr);
  }
  const auto* d = as<Dict>(value);
  if (!d) fail("found ", kind(value), " where a text was expected");
  return bracketed(d->items, "{", "}",
                   [](const auto& item) { return quoted(item.first) + ": " + repr(item.second); });
}

std::string str(const Value& value) {
  if (const std::string* s = as_text(value)) return *s;
  return is_undefined(value) ? "" : repr(value);
}

std::string json(const Value& value, const JsonStyle& style) { return json_at(value, style, 0); }

}  // namespace seekling::jinja
