// The bytes of a file or of standard input, piece by piece. gzip and zstd are recognised by their
// first bytes, not by the name, and decompressed while reading, so memory does not grow with the
// file.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

namespace seekling {

class ByteStream {
 public:
  explicit ByteStream(const std::filesystem::path& path);  // "-": standard input
  ~ByteStream();
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  // Fewer than n bytes only at the end. Error if the file cannot be read, or if it is packed and
  // damaged or cut off.
  std::size_t read(char* to, std::size_t n);

  const std::string& name() const;

  class Unpacker;  // one for each format

 private:
  std::unique_ptr<Unpacker> unpacker;
};

}  // namespace seekling
