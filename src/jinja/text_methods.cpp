#include "jinja/text_methods.h"

#include <algorithm>
#include <map>

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

Value split(const std::string& self, const Value* separator, std::int64_t most) {
  Values parts;
  if (!separator || is_none(*separator)) {
    std::string word;
    std::string left = strip(self, true, false);
    if (most >= 0) fail("found split() at white space with a limit, which is not supported");
    for (const std::string& c : characters(left)) {
      if (!white_space(c)) word += c;
      else if (!word.empty()) parts.emplace_back(std::exchange(word, ""));
    }
    if (!word.empty()) parts.emplace_back(word);
    return list(std::move(parts));
  }
  const std::string& by = text_of(*separator);
  if (by.empty()) fail("found split() at an empty text");
  std::size_t from = 0;
  for (std::size_t to; most-- != 0 && (to = self.find(by, from)) != std::string::npos;
       from = to + by.size())
    parts.emplace_back(self.substr(from, to - from));
  parts.emplace_back(self.substr(from));
  return list(std::move(parts));
}

bool at_end(const std::string& self, const Value* part, bool front) {
  if (!part) fail("found startswith() or endswith() without an argument");
  if (const auto* several = as<List>(*part); several && several->form == List::kTuple)
    return std::ranges::any_of(several->items,
                               [&](const Value& one) { return at_end(self, &one, front); });
  return front ? self.starts_with(text_of(*part)) : self.ends_with(text_of(*part));
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

std::string joined(const std::string& self, const Values& parts) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i)
    out = limited(std::move(out) + (i ? self : "") + text_of(parts[i]));
  return out;
}

using Method = Value (*)(const std::string& self, const Arguments& arguments);

template <bool left, bool right>
Value stripped(const std::string& self, const Arguments& arguments) {
  const Value* set = bound("strip", arguments, {"chars"})[0];
  return strip(self, left, right, set && !is_none(*set) ? &text_of(*set) : nullptr);
}

template <std::string change(std::string)>
Value changed(const std::string& self, const Arguments& arguments) {
  bound("a method of a text", arguments, {});
  return change(self);
}

const std::map<std::string, Method> kMethods = {
    {"strip", stripped<true, true>},
    {"lstrip", stripped<true, false>},
    {"rstrip", stripped<false, true>},
    {"upper", changed<upper>},
    {"lower", changed<lower>},
    {"title", changed<title>},
    {"capitalize", changed<capital>},
    {"split",
     [](const std::string& self, const Arguments& a) {
       const auto p = bound("split", a, {"sep", "maxsplit"});
       return split(self, p[0], p[1] ? whole(*p[1]) : -1);
     }},
    {"startswith",
     [](const std::string& self, const Arguments& a) -> Value {
       return at_end(self, bound("startswith", a, {"prefix"})[0], true);
     }},
    {"endswith",
     [](const std::string& self, const Arguments& a) -> Value {
       return at_end(self, bound("endswith", a, {"suffix"})[0], false);
     }},
    {"replace",
     [](const std::string& self, const Arguments& a) -> Value {
       const auto p = bound("replace", a, {"old", "new", "count"});
       if (!p[1]) fail("found replace() without two arguments");
       return replaced(self, text_of(*p[0]), text_of(*p[1]), p[2] ? whole(*p[2]) : -1);
     }},
    {"join",
     [](const std::string& self, const Arguments& a) -> Value {
       const auto p = bound("join", a, {"iterable"});
       return joined(self, p[0] ? elements(*p[0]) : Values{});
     }},
};

// The other methods of Python's str.
constexpr std::string_view kUnsupported =
    " casefold center count encode expandtabs find format format_map index isalnum isalpha isascii "
    "isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle isupper ljust "
    "maketrans partition removeprefix removesuffix rfind rindex rjust rpartition rsplit splitlines "
    "swapcase translate zfill ";

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
  if (from.empty()) fail("found replace() of an empty text");
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
      if (code > 0x10ffff) fail("found \\U", hex, ", which is no character");
      out += utf8(code);
      i += digits;
    } else if ((c >= '0' && c <= '7') || c == 'N') {
      fail("found the escape \\", c,
           " in a text, which is not supported; write \\u and four digits");
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

std::string capital(std::string text) {
  text = lower(std::move(text));
  return upper(text.substr(0, 1)) + (text.empty() ? "" : text.substr(1));
}

std::vector<const Value*> bound(const std::string& function, const Arguments& arguments,
                                const std::vector<std::string>& names) {
  std::vector<const Value*> found(names.size());
  if (arguments.positional.size() > names.size())
    fail("found ", arguments.positional.size(), " arguments of ", function, ", expected at most ",
         names.size());
  for (std::size_t i = 0; i < arguments.positional.size(); ++i) found[i] = &arguments.positional[i];
  for (const auto& [name, value] : arguments.named) {
    const auto at = std::ranges::find(names, name);
    if (at == names.end()) fail("found the argument \"", name, "\" of ", function, ", unknown");
    found[std::size_t(at - names.begin())] = &value;
  }
  return found;
}

std::int64_t whole(const Value& value) {
  if (const bool* b = std::get_if<bool>(&value)) return *b;
  const auto* i = std::get_if<std::int64_t>(&value);
  return i ? *i : (fail("found ", kind(value), " where a whole number was expected"), 0);
}

const std::string& text_of(const Value& value) {
  const std::string* s = as_text(value);
  if (!s) fail("found ", kind(value), " where a text was expected");
  return *s;
}

Value text_method(const std::string& self, const std::string& name) {
  if (kUnsupported.find(" " + name + " ") != std::string_view::npos)
    fail("found the method \"", name, "\" of a text, which is not supported");
  const auto method = kMethods.find(name);
  if (method == kMethods.end()) return Undefined{name};
  return function([self, call = method->second](const Arguments& a) { return call(self, a); });
}

}  // namespace seekling::jinja
