// A tokenized corpus on disk: a header of 64 bytes, then the ids, little-endian, two bytes each
// where the vocabulary allows it and four otherwise. The file is mapped into memory, so opening
// it costs nothing and training reads only the rows it trains on, however long the corpus is.
//
//   offset  0  magic "SEEKTOK1"          offset 24  text bytes that the ids stand for, uint64
//           8  bytes per id, uint32              32  fingerprint of the tokenizer, uint64
//          12  vocab_size, uint32                40  zeros, up to 64
//          16  number of ids, uint64
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "core/real.h"
#include "system/file.h"
#include "system/mapped_file.h"

namespace seekling {

struct TokenHeader {
  char magic[8];
  std::uint32_t bytes_per_id, vocab_size;
  std::uint64_t count, text_bytes, fingerprint;
  char zeros[24];
};
static_assert(sizeof(TokenHeader) == 64);

// Writes PATH.tmp, and gives it its name only when it is whole. A writer that goes without
// finish() leaves nothing.
class TokenWriter {
 public:
  TokenWriter(std::filesystem::path path, Index vocab_size, std::uint64_t fingerprint);

  void append(std::span<const std::int32_t> ids, Index text_bytes);  // text_bytes: of their text
  void finish();

 private:
  std::filesystem::path path, aside;
  FileWriter file;
  TokenHeader header{};
  std::vector<char> packed;  // one append's ids as they stand in the file
};

class TokenFile {
 public:
  explicit TokenFile(const std::filesystem::path& path);  // Error unless header and length agree

  Index size() const { return Index(header.count); }
  Index vocab_size() const { return Index(header.vocab_size); }
  Index text_bytes() const { return Index(header.text_bytes); }
  std::uint64_t fingerprint() const { return header.fingerprint; }

  // Unchecked, for scans: i in 0 .. size()-1, and a damaged file may hold an id
  // outside the vocabulary.
  std::int32_t operator[](Index i) const {
    return wide ? std::int32_t(ids32[i]) : std::int32_t(ids16[i]);
  }

  void read(Index begin, std::span<std::int32_t> ids) const;  // [begin, begin + n)

 private:
  std::filesystem::path path;
  MappedFile file;
  TokenHeader header{};
  bool wide = false;
  const std::uint16_t* ids16 = nullptr;
  const std::uint32_t* ids32 = nullptr;
};

}  // namespace seekling
