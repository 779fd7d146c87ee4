#include "jinja/methods.h"

#include <algorithm>

namespace seekling::jinja {

namespace {

// The white space of Python's str.isspace().
bool white_space(const std::string& c) {
  static const std::vector<std::string> wide = {"\u0085", "\u00a0", "\u1680", "\u2000", "\u2001",
                                                "\u2002", "\u2003", "\u2004", "\u2005", "\u2006",
                                                "\u2007", "\u2008", "\u2009", "\u200a", "\u2028",
                                                "\u2029", "\u202f", "\u205f", "\u3000"};
  if (c.size() > 1) return std::ranges::find(wide, c) != wide.end();
  return c[0] == ' ' || (c[0] >= '\t' && c[0] <= '\r') || (c[0] >= '\x1c' && c[0] <= '\x1f');
}

void check_ascii(const std::string& text) {
  for (const char c : text)
    if (c & 0x80) fail("found \"", text, "\", whose letters have a case beyond ASCII");
}

std::string utf8(unsigned long code) {
  std::string out;
  if (code < 0x80) return {char(code)};
  if (code < 0x800) return {char(0xc0 | code >> 6), char(0x80 | (code & 63))};
  if (code < 0x10000) out = {char(0xe0 | code >> 12)};
  else out = {char(0xf0 | code >> 18), char(0x80 | (code >> 12 & 63))};
  return out + char(0x80 | (code >> 6 & 63)) + char(0x80 | (code & 63));
}

Value words(const std::string& text) {
  Values parts;
  std::string word;
  for (const std::string& c : characters(text + " ")) {
    if (!white_space(c)) word += c;
    else if (!word.empty()) parts.emplace_back(std::exchange(word, ""));
  }
  return list(std::move(parts));
}

Value split(const Value& self, const Given& given) {
  std::int64_t most = given[1] ? whole(*given[1]) : -1;
  if (!given[0] || is_none(*given[0])) {
    if (most >= 0) fail("found split() at white space with a limit, which is not supported");
    return words(text_of(self));
  }
  const std::string &text = text_of(self), &by = text_of(*given[0]);
  if (by.empty()) fail("found split() at an empty string");
  Values parts;
  std::size_t from = 0;
  for (std::size_t to; most-- != 0 && (to = text.find(by, from)) != std::string::npos;
       from = to + by.size())
    parts.emplace_back(text.substr(from, to - from));
  parts.emplace_back(text.substr(from));
  return list(std::move(parts));
}

template <bool front>
Value at_end(const Value& self, const Given& given) {
  const auto holds = [&](const Value& part) {
    return front ? text_of(self).starts_with(text_of(part))
                 : text_of(self).ends_with(text_of(part));
  };
  const auto* several = as<List>(*given[0]);
  if (!several || several->form != List::kTuple) return holds(*given[0]);
  return std::ranges::any_of(several->items, holds);
}

std::string title(std::string text) {
  check_ascii(text);
  bool inside = false;
  for (char& c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (letter) c = char(inside ? c | 32 : c & ~32);
    inside = letter;
  }
  return text;
}

std::string capital(std::string text) {  // the first letter upper, the others lower
  text = lower(std::move(text));
  return upper(text.substr(0, 1)) + (text.empty() ? "" : text.substr(1));
}

Value join(const Value& self, const Given& given) {
  std::string out;
  bool later = false;
  for (const Value& part : elements(*given[0]))
    out =
        limited(std::move(out) + (std::exchange(later, true) ? text_of(self) : "") + text_of(part));
  return out;
}

template <bool left, bool right>
Value stripped(const Value& self, const Given& given) {
  const bool has_set = given[0] && !is_none(*given[0]);
  return strip(text_of(self), left, right, has_set ? &text_of(*given[0]) : nullptr);
}

template <std::string change(std::string)>
Value changed(const Value& self, const Given&) {
  return change(text_of(self));
}

Value replace(const Value& self, const Given& given) {
  const std::int64_t most = given[2] ? whole(*given[2]) : -1;
  return replaced(text_of(self), text_of(*given[0]), text_of(*given[1]), most);
}

const Methods kTextMethods = {{"strip", {{"chars"}, 0, stripped<true, true>}},
                              {"lstrip", {{"chars"}, 0, stripped<true, false>}},
                              {"rstrip", {{"chars"}, 0, stripped<false, true>}},
                              {"upper", {{}, 0, changed<upper>}},
                              {"lower", {{}, 0, changed<lower>}},
                              {"title", {{}, 0, changed<title>}},
                              {"capitalize", {{}, 0, changed<capital>}},
                              {"split", {{"sep", "maxsplit"}, 0, split}},
                              {"startswith", {{"prefix"}, 1, at_end<true>}},
                              {"endswith", {{"suffix"}, 1, at_end<false>}},
                              {"replace", {{"old", "new", "count"}, 2, replace}},
                              {"join", {{"iterable"}, 1, join}}};

Value get(const Value& self, const Given& given) {
  const std::string* key = as_text(*given[0]);
  const Value* found = key ? find(as<Dict>(self)->items, *key) : nullptr;
  return found ? *found : given[1] ? *given[1] : None{};
}

template <bool keys, bool values>
Value view(const Value& self, const Given&) {
  Values found;
  for (const auto& [key, value] : as<Dict>(self)->items)
    if (keys && values) found.push_back(list({key, value}, List::kTuple));
    else found.push_back(keys ? Value(key) : value);
  return list(std::move(found), List::kView);
}

const Methods kDictMethods = {
    {"get", {{"key", "default"}, 1, get}},
    {"items", {{}, 0, view<true, true>}},
    {"keys", {{}, 0, view<true, false>}},
    {"values", {{}, 0, view<false, true>}},
    {"copy", {{}, 0, [](const Value& self, const Given&) { return self; }}}};

// The other methods of Python's str, list and dict. jinja2's sandbox forbids all that would change
// a value in its place.
constexpr std::string_view kUnsupported =
    " casefold center count encode expandtabs find format format_map index isalnum isalpha isascii "
    "isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle isupper ljust "
    "maketrans partition removeprefix removesuffix rfind rindex rjust rpartition rsplit splitlines "
    "swapcase translate zfill ";
constexpr std::string_view kUnsupportedOfList = " count index ", kUnsupportedOfDict = " fromkeys ";
constexpr std::string_view kChanging =
    " append clear extend insert pop remove reverse sort popitem setdefault update ";

}  // namespace

std::string strip(const std::string& text, bool left, bool right, const std::string* set) {
  const std::vector<std::string> all = characters(text);
  const auto kept_set = set ? characters(*set) : std::vector<std::string>{};
  const auto goes = [&](const std::string& c) {
    return set ? std::ranges::find(kept_set, c) != kept_set.end() : white_space(c);
  };
  std::size_t from = 0, to = text.size(), last = all.size(), first = 0;
  while (left && first < last && goes(all[first])) from += all[first++].size();
  while (right && first < last && goes(all[last - 1])) to -= all[--last].size();
  return text.substr(from, to - from);
}

std::string replaced(const std::string& text, const std::string& from, const std::string& to,
                     std::int64_t most) {
  if (from.empty()) fail("found replace() of an empty string");
  std::string out;
  std::size_t at = 0;
  for (std::size_t next; most-- != 0 && (next = text.find(from, at)) != std::string::npos;
       at = next + from.size())
    out = limited(out.append(text, at, next - at).append(to));
  return limited(out.append(text, at));
}

std::string unescaped(const std::string& literal) {
  static const std::string_view letters = "nrtabfv\\'\"\n", meant = "\n\r\t\a\b\f\v\\'\"";
  std::string out;
  for (std::size_t i = 0; i < literal.size(); ++i) {
    if (literal[i] != '\\' || i + 1 == literal.size()) {
      out += literal[i];
      continue;
    }
    const char c = literal[++i];
    const std::size_t known = letters.find(c);
    const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits) {
      const std::string hex = literal.substr(i + 1, digits);
      if (hex.size() < digits || hex.find_first_not_of("0123456789abcdefABCDEF") != hex.npos)
        fail("found \\", c, " without ", digits, " hexadecimal digits");
      const unsigned long code = std::stoul(hex, nullptr, 16);
      if (code > 0x10ffff) fail("found \\U", hex, ", which is not a character");
      out += utf8(code);
      i += digits;
    } else if ((c >= '0' && c <= '7') || c == 'N') {
      fail("found the escape \\", c,
           " in a string, which is not supported; write \\u and four digits");
    } else if (known == std::string_view::npos) {
      (out += '\\') += c;
    } else if (known < meant.size()) {
      out += meant[known];  // a backslash before the end of a line joins the two lines
    }
  }
  return out;
}

std::string lower(std::string text) {
  check_ascii(text);
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = char(c | 32);
  return text;
}

std::string upper(std::string text) {
  check_ascii(text);
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = char(c & ~32);
  return text;
}

Value method(const Value& x, const std::string& name) {
  const auto in = [&](std::string_view names) {
    return names.find(" " + name + " ") != std::string_view::npos;
  };
  const bool is_text = as_text(x), is_list = as<List>(x), is_dict = as<Dict>(x);
  if ((is_list || is_dict) && in(kChanging))
    fail("found the method \"", name, "\", which changes ", kind(x),
         "; a chat template may not, so write + or a namespace");
  if (in(is_text ? kUnsupported : is_list ? kUnsupportedOfList : is_dict ? kUnsupportedOfDict : ""))
    fail("found the method \"", name, "\" of ", kind(x), ", which is not supported");
  const Methods& methods = is_text ? kTextMethods : kDictMethods;
  const auto found = methods.find(name);
  if (found == methods.end() || (!is_text && !is_dict)) return Undefined{name};
  return function([x, found](const Arguments& a) {
    const auto& [called, m] = *found;
    return m.call(x, bound(called + "()", a, m.parameters, m.required));
  });
}

}  // namespace seekling::jinja
