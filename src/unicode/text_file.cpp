// Byte order marks: The Unicode Standard, §23.8. UTF-16: §3.9, table 3-5.
#include "unicode/text_file.h"

#include <algorithm>
#include <cstdint>

#include "core/check.h"
#include "unicode/unicode.h"

namespace seekling {

namespace {

using namespace std::string_view_literals;

struct Signature {
  std::string_view begins;
  const char* kind;
  const char* way_out;
};

constexpr Signature kNoText[] = {
    {"\x1F\x8B"sv, "compressed by gzip", "unpack it first: gunzip"},
    {"\x28\xB5\x2F\xFD"sv, "compressed by zstd", "unpack it first: unzstd"},
    {"\xFD"
     "7zXZ\0"sv,
     "compressed by xz", "unpack it first: unxz"},
    {"BZh"sv, "compressed by bzip2", "unpack it first: bunzip2"},
    {"\x04\x22\x4D\x18"sv, "compressed by lz4", "unpack it first: unlz4"},
    {"PK\x03\x04"sv, "a zip archive (or .docx, .epub, .npz)", "give the texts in it"},
    {"%PDF-"sv, "a PDF", "give its text: pdftotext"},
    {"PAR1"sv, "a Parquet table", "give its texts as .jsonl"},
};

void check_kind(std::string_view bytes, const std::string& source) {
  for (const Signature& s : kNoText) {
    const bool is_bzip2 =
        s.begins == "BZh" && (bytes.size() < 4 || bytes[3] < '1' || bytes[3] > '9');
    check(!bytes.starts_with(s.begins) || is_bzip2, source, ": is ", s.kind, ", not text; ",
          s.way_out);
  }
}

// UTF-16 of Western text without a mark: every second byte is 0.
void check_zeros(std::string_view bytes, const std::string& source) {
  const std::string_view sample = bytes.substr(0, 4096);
  std::size_t zeros[2] = {};
  for (std::size_t i = 0; i < sample.size(); ++i) zeros[i % 2] += sample[i] == '\0';
  const std::size_t many = sample.size() / 4;
  check(sample.size() < 16 || (zeros[0] == 0) == (zeros[1] == 0) ||
            std::max(zeros[0], zeros[1]) < many,
        source, ": looks like UTF-16 without a byte order mark; convert it first: iconv -f UTF-16",
        zeros[0] > 0 ? "BE" : "LE", " -t UTF-8");
}

void append(std::string& out, std::uint32_t c) {
  if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) {
    out += kReplacement;
  } else if (c < 0x80) {
    out += char(c);
  } else {
    const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    constexpr unsigned kLead[] = {0, 0xC0, 0xE0, 0xF0};
    out += char(kLead[more] | (c >> (6 * more)));
    for (int i = more - 1; i >= 0; --i) out += char(0x80 | ((c >> (6 * i)) & 0x3F));
  }
}

// The numbers of `width` bytes that a text is made of.
struct Units {
  std::string_view bytes;
  std::size_t width;
  bool big_endian;

  std::size_t size() const { return bytes.size() / width; }
  std::uint32_t operator[](std::size_t i) const {
    std::uint32_t unit = 0;
    for (std::size_t k = 0; k < width; ++k)
      unit = unit << 8 | std::uint8_t(bytes[i * width + (big_endian ? k : width - 1 - k)]);
    return unit;
  }
};

std::string to_utf8(const Units& units) {
  std::string out;
  for (std::size_t i = 0; i < units.size(); ++i) {
    const std::uint32_t high = units[i];
    const std::uint32_t low = i + 1 < units.size() ? units[i + 1] : 0;
    const bool pair = units.width == 2 && high >> 10 == 0xD800 >> 10 && low >> 10 == 0xDC00 >> 10;
    append(out, pair ? 0x10000 + ((high & 0x3FF) << 10 | (low & 0x3FF)) : high);
    if (pair) ++i;
  }
  if (units.bytes.size() % units.width != 0) out += kReplacement;
  return out;
}

}  // namespace

std::string_view text_in_file(std::string_view bytes, std::string& converted,
                              const std::string& source) {
  const auto after = [&](std::string_view mark) { return bytes.substr(mark.size()); };
  const auto convert = [&](std::string_view mark, std::size_t width, bool big_endian) {
    converted = to_utf8({after(mark), width, big_endian});
    return std::string_view(converted);
  };
  constexpr std::string_view kUtf8 = "\xEF\xBB\xBF"sv, kUtf16Be = "\xFE\xFF"sv,
                             kUtf16Le = "\xFF\xFE"sv, kUtf32Be = "\0\0\xFE\xFF"sv,
                             kUtf32Le = "\xFF\xFE\0\0"sv;
  if (bytes.starts_with(kUtf8)) return after(kUtf8);
  if (bytes.starts_with(kUtf32Le)) return convert(kUtf32Le, 4, false);  // before its beginning
  if (bytes.starts_with(kUtf32Be)) return convert(kUtf32Be, 4, true);
  if (bytes.starts_with(kUtf16Le)) return convert(kUtf16Le, 2, false);
  if (bytes.starts_with(kUtf16Be)) return convert(kUtf16Be, 2, true);
  check_kind(bytes, source);
  check_zeros(bytes, source);
  return bytes;
}

}  // namespace seekling
