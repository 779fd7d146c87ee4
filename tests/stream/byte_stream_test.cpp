#include "stream/byte_stream.h"

#include "core/rng.h"
#include "refusal.h"
#include "scratch_test.h"
#include "stream/packed.h"

namespace seekling {

namespace {

// 3 MB that pack to about half, so that several buffers are filled.
std::string long_text() {
  Rng rng(1);
  std::string text;
  while (text.size() < 3'000'000) text += char('a' + rng.below(16));
  return text;
}

// All bytes, read n at a time.
std::string all_of(const std::filesystem::path& path, std::size_t n = 10'007) {
  ByteStream stream(path);
  std::string all, piece(n, '\0');
  while (true) {
    const std::size_t got = stream.read(piece.data(), n);
    all.append(piece, 0, got);
    if (got < n) return all;
  }
}

}  // namespace

class ByteStreamTest : public ScratchTest {
 protected:
  std::string refusal_of(const std::string& bytes) const {
    return without_dir(refusal([&] { all_of(file("a.jsonl.gz", bytes)); }));
  }
};

TEST_F(ByteStreamTest, APlainFileIsItsBytes) {
  EXPECT_EQ(all_of(file("a", "abc\0def")), "abc");
  EXPECT_EQ(all_of(file("a", "")), "");
  EXPECT_EQ(all_of(file("a", "\x1F")), "\x1F");
  const std::string text = long_text();
  EXPECT_TRUE(all_of(file("a", text)) == text);
}

TEST_F(ByteStreamTest, PackedFilesAreRecognisedByTheirFirstBytes) {
  const std::string text = long_text();
  EXPECT_TRUE(all_of(file("a", gzipped(text))) == text);
  EXPECT_TRUE(all_of(file("b.gz", zstd_packed(text))) == text);
  EXPECT_TRUE(all_of(file("a", gzipped(text)), 5'000'000) == text);
  EXPECT_EQ(all_of(file("c", gzipped(""))), "");
  EXPECT_EQ(all_of(file("c", zstd_packed(""))), "");
}

TEST_F(ByteStreamTest, SeveralMembersAreReadOneAfterTheOther) {
  EXPECT_EQ(all_of(file("a", gzipped("ab") + gzipped("") + gzipped("cd"))), "abcd");
  EXPECT_EQ(all_of(file("a", zstd_packed("ab") + zstd_packed("cd"))), "abcd");
}

TEST_F(ByteStreamTest, AFileThatIsCutOffIsRefused) {
  const std::string text = long_text(), gzip = gzipped(text), zstd = zstd_packed(text);
  const std::string at_border = refusal_of(gzip.substr(0, gzip.size() / 2));
  EXPECT_TRUE(at_border.starts_with("a.jsonl.gz: its gzip data ends in the middle after 1"))
      << at_border;
  EXPECT_TRUE(at_border.ends_with(" bytes of text; download the file again")) << at_border;
  EXPECT_EQ(refusal_of(gzip.substr(0, gzip.size() - 1)),
            "a.jsonl.gz: its gzip data ends in the middle after 3000000 bytes of text; download "
            "the file again");
  EXPECT_EQ(refusal_of(gzipped("ab") + gzipped("cd").substr(0, 11)),
            "a.jsonl.gz: its gzip data ends in the middle after 2 bytes of text; download the file "
            "again");
  EXPECT_TRUE(refusal_of(zstd.substr(0, zstd.size() / 2))
                  .starts_with("a.jsonl.gz: its zstd data ends in the middle after 1"));
}

TEST_F(ByteStreamTest, DamageIsFound) {
  std::string gzip = gzipped(long_text()), zstd = zstd_packed(long_text());
  gzip[gzip.size() - 5] ^= 1;  // of the checksum
  EXPECT_EQ(refusal_of(gzip),
            "a.jsonl.gz: its gzip data is damaged (incorrect data check) after 3000000 bytes of "
            "text; download the file again");
  EXPECT_EQ(refusal_of(gzipped("ab") + "no member"),
            "a.jsonl.gz: its gzip data is damaged (incorrect header check) after 2 bytes of text; "
            "download the file again");
  for (std::size_t i = 10; i < 40; ++i) zstd[i] = '\xFF';
  EXPECT_NE(refusal_of(zstd).find(": its zstd data is damaged ("), std::string::npos);
}

TEST_F(ByteStreamTest, AFileThatCannotBeReadIsRefused) {
  EXPECT_EQ(without_dir(refusal([&] { all_of(dir / "none"); })),
            "none: cannot be opened: No such file or directory");
  EXPECT_EQ(refusal([&] { all_of(dir); }), dir.string() + ": cannot be read: Is a directory");
}

}  // namespace seekling
