#include "data/token_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <numeric>

#include "refusal.h"

namespace seekling {

namespace fs = std::filesystem;
using Ids = std::vector<std::int32_t>;

class TokenFileTest : public testing::Test {
 protected:
  TokenFileTest() { fs::create_directories(dir); }
  ~TokenFileTest() override { fs::remove_all(dir); }

  fs::path write(Index vocab_size, const Ids& ids) const {
    TokenWriter writer(path, vocab_size, 0xFEEDull);
    writer.append(ids, 3 * Index(ids.size()));
    writer.finish();
    return path;
  }

  void overwrite(Index offset, const std::string& bytes) const {
    std::fstream(path, std::ios::in | std::ios::out | std::ios::binary)
        .seekp(offset)
        .write(bytes.data(), Index(bytes.size()));
  }

  template <class F>
  std::string refusal_of(F&& f) const {  // with the temporary folder's name taken out
    const std::string sentence = refusal(f);
    return sentence.starts_with(dir.string()) ? sentence.substr(dir.string().size() + 1) : sentence;
  }

  const fs::path dir = fs::temp_directory_path() / text("seekling_tokens_", ::getpid()),
                 path = dir / "train.tokens";
};

TEST_F(TokenFileTest, GivesBackWhatWasWrittenInTwoBytesAnId) {
  const TokenFile file(write(65536, {0, 1, 65535, 300}));
  EXPECT_EQ(fs::file_size(path), 64u + 4 * 2);
  ASSERT_EQ(file.size(), 4);
  EXPECT_EQ((Ids{file[0], file[1], file[2], file[3]}), (Ids{0, 1, 65535, 300}));
  EXPECT_EQ(file.vocab_size(), 65536);
  EXPECT_EQ(file.text_bytes(), 12);
  EXPECT_EQ(file.fingerprint(), 0xFEEDu);
}

TEST_F(TokenFileTest, GivesBackWhatWasWrittenInFourBytesAnId) {
  const TokenFile file(write(102400, {102399, 0, 65536}));
  EXPECT_EQ(fs::file_size(path), 64u + 3 * 4);
  Ids ids(2);
  file.read(1, ids);
  EXPECT_EQ(ids, (Ids{0, 65536}));
  EXPECT_EQ(file[0], 102399);
}

TEST_F(TokenFileTest, AWriterThatDoesNotFinishLeavesNothing) {
  {
    TokenWriter writer(path, 10, 0);
    writer.append(Ids{1, 2, 3}, 3);
  }
  EXPECT_TRUE(fs::is_empty(dir));
}

TEST_F(TokenFileTest, AWriterRefusesWhatIsNotAnId) {
  EXPECT_EQ(refusal_of([&] {
              write(10, {1, 10});
            }),
            "train.tokens: id 10 is outside the vocabulary of 10");
  EXPECT_EQ(refusal_of([&] { write(10, {-1}); }),
            "train.tokens: id -1 is outside the vocabulary of 10");
  EXPECT_EQ(refusal_of([&] { write(0, {}); }),
            "train.tokens: vocab_size is 0 and must be 1 to 2147483648");
  EXPECT_TRUE(fs::is_empty(dir));
}

TEST_F(TokenFileTest, AFullDiskIsASentence) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full on this system";
  fs::create_symlink("/dev/full", path.string() + ".tmp");
  EXPECT_EQ(refusal_of([&] { write(10, Ids(100'000, 1)); }),
            "train.tokens.tmp: cannot be written (No space left on device); nothing was replaced");
  EXPECT_EQ(
      refusal_of([&] { TokenWriter(dir / "gone" / "a.tokens", 10, 0); }),
      "gone/a.tokens.tmp: cannot be written (No such file or directory); nothing was replaced");
}

TEST_F(TokenFileTest, RefusesWhatIsNotATokenFile) {
  const auto open = [&] { TokenFile{path}; };
  const std::string not_one =
      "train.tokens: is not a token file: it does not begin with \"SEEKTOK1\"; make it again from "
      "the text";
  EXPECT_EQ(refusal_of(open), "train.tokens: cannot be opened (No such file or directory)");
  std::ofstream(path) << "";
  EXPECT_EQ(refusal_of(open), not_one);
  std::ofstream(path) << std::string(200, 'x');
  EXPECT_EQ(refusal_of(open), not_one);
  std::ofstream(path) << "SEEKTOK1";
  EXPECT_EQ(refusal_of(open), not_one);
}

TEST_F(TokenFileTest, BelievesNoLengthThatTheFileDoesNotHave) {
  const auto open = [&] { TokenFile{path}; };
  write(10, {1, 2, 3});
  fs::resize_file(path, 64 + 5);
  EXPECT_EQ(refusal_of(open),
            "train.tokens: its header says 3 ids of 2 bytes, but 5 bytes follow; the file is "
            "damaged, make it again from the text");
  write(10, {1, 2, 3});
  overwrite(16, std::string(8, '\xFF'));
  EXPECT_EQ(
      refusal_of(open),
      "train.tokens: its header says 18446744073709551615 ids of 2 bytes, but 6 bytes follow; the "
      "file is damaged, make it again from the text");
  write(10, {1, 2, 3});
  overwrite(8, std::string("\4", 1));
  EXPECT_EQ(refusal_of(open),
            "train.tokens: has 4 bytes per id for a vocabulary of 10; the file is damaged, make it "
            "again from the text");
}

TEST_F(TokenFileTest, ReadingChecksIdsAndBorders) {
  write(10, {1, 2, 3});
  overwrite(64 + 2, std::string("\x0A", 1));
  const TokenFile file(path);
  Ids ids(2);
  EXPECT_EQ(refusal_of([&] { file.read(0, ids); }),
            "train.tokens: id number 1 is 10, outside the vocabulary of 10; the file "
            "is damaged, make it again from the text");
  EXPECT_EQ(refusal_of([&] { file.read(2, ids); }),
            "train.tokens: has 3 ids, but 2 were requested from id 2");
}

TEST_F(TokenFileTest, ThreeMillionIdsAreMappedAtOnce) {
  Ids ids(3'000'000);
  std::iota(ids.begin(), ids.end(), 0);
  write(3'000'000, ids);
  const auto begin = std::chrono::steady_clock::now();
  const TokenFile file(path);
  EXPECT_EQ(file[2'999'999], 2'999'999);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(50));
}

}  // namespace seekling
