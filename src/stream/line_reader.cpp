#include "stream/line_reader.h"

#include <algorithm>

namespace seekling {

LineReader::LineReader(const std::filesystem::path& path, Index most)
    : stream(path), longest(std::size_t(most)), buffer(std::size_t(1) << 20) {}

std::string_view LineReader::ahead() {
  if (begin == end) {
    begin = 0;
    end = stream.read(buffer.data(), buffer.size());
  }
  return {buffer.data() + begin, end - begin};
}

void LineReader::append(std::string& to, std::string_view bytes) {
  begin += bytes.size();
  taken += Index(bytes.size());
  const std::size_t room = longest - to.size();
  cut = cut || bytes.size() > room;
  to += bytes.substr(0, room);
}

bool LineReader::next(std::string& line) {
  line.clear();
  cut = false;
  if (ahead().empty()) return false;
  while (!ahead().empty()) {
    const std::string_view bytes = ahead();
    const std::size_t line_break = bytes.find('\n');
    append(line, bytes.substr(0, line_break));
    if (line_break == bytes.npos) continue;
    ++begin, ++taken;
    break;
  }
  return true;
}

std::string LineReader::rest() {
  std::string all;
  cut = false;
  while (!ahead().empty()) append(all, ahead());
  return all;
}

}  // namespace seekling
