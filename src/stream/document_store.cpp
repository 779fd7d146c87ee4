// A record is the place, a zero byte, the length of the text in eight bytes, and the line. Beside
// the records there is a file of where they end.
#include "stream/document_store.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "core/check.h"

namespace seekling {

namespace {

constexpr std::size_t kBlock = std::size_t(4) << 20;  // bytes written or read at once

StoredDocument parts_of(std::string_view record) {
  const std::size_t zero = record.find('\0');
  const std::string_view rest = record.substr(zero + 1);
  Index text_bytes = 0;
  check(zero != record.npos && rest.size() > sizeof text_bytes,
        "a stored document is cut off; another program changed its scratch file");
  std::memcpy(&text_bytes, rest.data(), sizeof text_bytes);
  return {record.substr(0, zero), rest.substr(sizeof text_bytes), text_bytes};
}

}  // namespace

std::string text_of_line(std::string_view line) {
  return nlohmann::json::parse(line).at("text").get<std::string>();
}

std::string with_text(std::string_view line, const std::string& text) {
  auto object = nlohmann::ordered_json::parse(line);
  object["text"] = text;
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

DocumentStore::DocumentStore(const std::filesystem::path& scratch_file, bool stays)
    : records(scratch_file, stays), ends(scratch_file.string() + ".ends", stays) {}

void DocumentStore::resume(Index documents) {
  count = documents;
  end = flushed = end_of(count - 1);
  char last;  // what is added would leave a hole after a file that was cut off
  if (end > 0) records.read_all(&last, 1, end - 1);
}

void DocumentStore::add(const InputDocument& document) {
  const std::size_t before = held.size();
  const Index text_bytes = Index(document.text.size());
  held += document.place;
  held += '\0';
  held.append(reinterpret_cast<const char*>(&text_bytes), sizeof text_bytes);
  held += document.line;
  end += held.size() - before;
  held_ends.push_back(end);
  ++count;
  if (held.size() >= kBlock) flush();
}

void DocumentStore::flush() {
  records.write(held.data(), held.size(), flushed);
  ends.write(held_ends.data(), held_ends.size() * sizeof end,
             (std::uint64_t(count) - held_ends.size()) * sizeof end);
  flushed = end;
  held.clear();
  held_ends.clear();
}

void DocumentStore::save() {
  flush();
  records.flush();
  ends.flush();
}

std::uint64_t DocumentStore::end_of(Index i) const {
  std::uint64_t at = 0;
  if (i >= 0) ends.read_all(&at, sizeof at, std::uint64_t(i) * sizeof at);
  return at;
}

std::string DocumentStore::bytes_of(Index i) const {
  std::string all(std::size_t(bytes(i)), '\0');
  records.read_all(all.data(), all.size(), end_of(i - 1));
  return all;
}

std::string DocumentStore::text(Index i) const { return text_of_line(parts_of(bytes_of(i)).line); }

std::string DocumentStore::place(Index i) const { return std::string(parts_of(bytes_of(i)).place); }

void DocumentStore::for_each(const std::function<void(Index, const StoredDocument&)>& visit) const {
  constexpr Index kMost = 4096;  // documents in a block
  std::vector<std::uint64_t> borders;
  std::string block;
  for (Index first = 0; first < count;) {
    // As many as fit in a block, but one at least
    borders.assign(std::size_t(std::min(kMost, count - first)), 0);
    ends.read_all(borders.data(), borders.size() * sizeof(std::uint64_t),
                  std::uint64_t(first) * sizeof(std::uint64_t));
    const std::uint64_t begin = end_of(first - 1);
    const auto too_far = std::upper_bound(borders.begin() + 1, borders.end(), begin + kBlock);
    block.resize(*(too_far - 1) - begin);
    records.read_all(block.data(), block.size(), begin);
    // One after the other
    std::uint64_t at = begin;
    for (auto to = borders.begin(); to != too_far; at = *to++)
      visit(first++, parts_of(std::string_view(block).substr(at - begin, *to - at)));
  }
}

}  // namespace seekling
