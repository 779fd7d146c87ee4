#include "repeats/repeated_lines.h"

#include <algorithm>

#include "repeats/lines.h"
#include "repeats/words.h"

namespace seekling {

RepeatedLines::RepeatedLines(Index l, std::size_t memory, const std::filesystem::path& scratch)
    : least(l), lines(scratch / "lines", memory / 2), repeated(scratch / "repeated", memory / 2) {}

bool RepeatedLines::compared(std::string_view line) const {
  const auto counts = [](char c) {  // the first byte of a character that is not white space
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80 && static_cast<unsigned char>(c) > ' ';
  };
  return std::ranges::count_if(line, counts) >= least;
}

void RepeatedLines::add(std::string_view text) {
  std::vector<Record> found;
  for_each_line(text, [&](std::string_view line) {
    if (compared(line)) found.push_back({text_hash(line), std::uint64_t(number)});
    ++number;
  });
  lines.add(found);
}

void RepeatedLines::sort() {
  lines.sort();
  bool any = false;
  std::uint64_t hash = 0;
  for (Record r; lines.next(r); any = true, hash = r.key)
    if (any && r.key == hash) repeated.add(std::vector<Record>{{r.value, 0}});
  repeated.sort();
  more = repeated.next(next);
  number = 0;
}

std::string RepeatedLines::without(std::string_view text, Index& removed) {
  std::string rest;
  removed = 0;
  for_each_line(text, [&](std::string_view line) {
    const bool again = more && next.key == std::uint64_t(number);
    if (again) ++removed, more = repeated.next(next);
    else rest += line;
    ++number;
  });
  return rest;
}

}  // namespace seekling
