// Token files: the writer fills in the header last, the reader believes none of its numbers until
// they agree with the length of the file.
#include "data/token_file.h"

#include <bit>
#include <cstring>
#include <utility>

#include "core/check.h"

namespace seekling {

static_assert(std::endian::native == std::endian::little,
              "token files are little-endian and read in place");

static constexpr char kMagic[] = "SEEKTOK1";
static constexpr Index kLargestVocabulary = Index(1) << 31;  // ids are int32

static std::uint32_t bytes_per_id(Index vocab_size) { return vocab_size <= 65536 ? 2 : 4; }

static Index checked(Index vocab_size, const std::filesystem::path& path) {
  check(vocab_size >= 1 && vocab_size <= kLargestVocabulary, path.string(), ": vocab_size is ",
        vocab_size, " and must be 1 to ", kLargestVocabulary);
  return vocab_size;
}

TokenWriter::TokenWriter(std::filesystem::path p, Index vocab_size, std::uint64_t fingerprint)
    : path(std::move(p)), aside(path.string() + ".tmp"), file(aside) {
  std::memcpy(header.magic, kMagic, sizeof header.magic);
  header.vocab_size = std::uint32_t(checked(vocab_size, path));
  header.bytes_per_id = bytes_per_id(vocab_size);
  header.fingerprint = fingerprint;
  const TokenHeader unfinished{};  // all zeros: no magic, so no reader takes it for a token file
  file.write(&unfinished, sizeof unfinished);
}

void TokenWriter::append(std::span<const std::int32_t> ids, Index text_bytes) {
  packed.resize(ids.size() * header.bytes_per_id);
  char* to = packed.data();
  for (const std::int32_t id : ids) {
    check(id >= 0 && std::uint32_t(id) < header.vocab_size, path.string(), ": id ", id,
          " is outside the vocabulary of ", header.vocab_size);
    std::memcpy(to, &id, header.bytes_per_id);  // little-endian: the low bytes come first
    to += header.bytes_per_id;
  }
  file.write(packed.data(), packed.size());
  header.count += ids.size();
  header.text_bytes += std::uint64_t(text_bytes);
}

void TokenWriter::finish() {
  file.rewrite_beginning(&header, sizeof header);
  file.finish();
  put_in_place(aside, path);
}

TokenFile::TokenFile(const std::filesystem::path& p) : path(p), file(p) {
  const std::string_view all = file.bytes();
  check(all.size() >= sizeof header && all.starts_with(kMagic), path.string(),
        ": is not a token file: it does not begin with \"SEEKTOK1\"; make it again from the text");
  std::memcpy(&header, all.data(), sizeof header);
  const Index V = vocab_size();
  check(V >= 1 && V <= kLargestVocabulary && header.bytes_per_id == bytes_per_id(V), path.string(),
        ": has ", header.bytes_per_id, " bytes per id for a vocabulary of ", V,
        "; the file is damaged, make it again from the text");
  const std::size_t held = all.size() - sizeof header;
  check(held % header.bytes_per_id == 0 && header.count == held / header.bytes_per_id,
        path.string(), ": its header says ", header.count, " ids of ", header.bytes_per_id,
        " bytes, but ", held, " bytes follow; the file is damaged, make it again from the text");
  wide = header.bytes_per_id == 4;
  ids16 = reinterpret_cast<const std::uint16_t*>(all.data() + sizeof header);
  ids32 = reinterpret_cast<const std::uint32_t*>(all.data() + sizeof header);
}

void TokenFile::read(Index begin, std::span<std::int32_t> ids) const {
  const Index n = Index(ids.size());
  check(begin >= 0 && n <= size() && begin <= size() - n, path.string(), ": has ", size(),
        " ids, but ", n, " were requested from id ", begin);
  for (Index i = 0; i < n; ++i) {
    const auto id = std::uint32_t((*this)[begin + i]);
    check(id < header.vocab_size, path.string(), ": id number ", begin + i, " is ", id,
          ", outside the vocabulary of ", header.vocab_size,
          "; the file is damaged, make it again from the text");
    ids[i] = std::int32_t(id);
  }
}

}  // namespace seekling
