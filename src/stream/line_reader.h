// The lines of a stream, in memory for one buffer and one line, whatever the stream's size.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/real.h"
#include "stream/byte_stream.h"

namespace seekling {

class LineReader {
 public:
  LineReader(const std::filesystem::path& path, Index longest);

  // The next line without its line break; false at the end. A line of more than `longest` bytes is
  // cut there: its rest is read and forgotten.
  bool next(std::string& line);
  bool was_cut() const { return cut; }

  std::string_view ahead();  // the bytes that come next; empty only at the end
  // The rest of the stream; more than `longest` bytes are cut as a line is.
  std::string rest();

  const std::string& name() const { return stream.name(); }
  Index bytes() const { return taken; }  // that lines and rest() have taken, unpacked

 private:
  void append(std::string& to, std::string_view bytes);

  ByteStream stream;
  std::size_t longest;
  std::vector<char> buffer;
  std::size_t begin = 0, end = 0;
  Index taken = 0;
  bool cut = false;
};

}  // namespace seekling
