#include "interop/gguf.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "core/check.h"
#include "gradcheck.h"
#include "system/file.h"

namespace seekling {

namespace fs = std::filesystem;

namespace {

template <class T>
std::string number(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}
std::string string(const std::string& s) { return number(std::uint64_t(s.size())) + s; }

}  // namespace

class Gguf : public testing::Test {
 protected:
  ~Gguf() override { fs::remove(path); }

  static std::string header(std::uint64_t tensors, std::uint64_t values) {
    return "GGUF" + number(std::uint32_t(3)) + number(tensors) + number(values);
  }
  // One tensor of F32 with the given dimensions, innermost first.
  static std::string tensor(const std::string& name, const std::vector<std::uint64_t>& dimensions,
                            std::uint64_t offset, std::uint32_t type = 0) {
    std::string info = string(name) + number(std::uint32_t(dimensions.size()));
    for (const std::uint64_t d : dimensions) info += number(d);
    return info + number(type) + number(offset);
  }
  static std::string with_data(std::string file, std::size_t bytes) {
    file.resize((file.size() + 31) / 32 * 32);
    return file + std::string(bytes, '\0');
  }
  void expect_refused(const std::string& contents, const std::string& sentence) const {
    write_file(path, contents);
    EXPECT_ERROR(GgufFile{path}, (path.string() + sentence).c_str());
  }

  const fs::path path = fs::path(testing::TempDir()) / text("seekling_", ::getpid(), ".gguf");
};

TEST_F(Gguf, ReadsBackWhatItWrites) {
  Rng rng(1, 0);
  const Tensor a = Tensor::randn({3, 5}, rng), b = strided({2, 5}, rng),
               c = Tensor::randn({2, 3, 64}, rng);
  write_gguf(path,
             {{"n", std::int64_t(7)},
              {"x", 0.5},
              {"yes", true},
              {"s", "text"},
              {"ids", std::vector<std::int64_t>{1, -2, 3}},
              {"words", std::vector<std::string>{"a", "", "b c"}}},
             {{"ab", "F32", {5, 5}, {a, b}}, {"c", "Q8_0", {2, 3, 64}, {c}}});
  const GgufFile file(path);
  EXPECT_EQ(file.values().at("n"), GgufValue(std::int64_t(7)));
  EXPECT_EQ(file.values().at("x"), GgufValue(0.5));
  EXPECT_EQ(file.values().at("yes"), GgufValue(true));
  EXPECT_EQ(file.values().at("s"), GgufValue("text"));
  EXPECT_EQ(file.values().at("ids"), GgufValue(std::vector<std::int64_t>{1, -2, 3}));
  EXPECT_EQ(file.values().at("words"), GgufValue(std::vector<std::string>{"a", "", "b c"}));
  EXPECT_EQ(file.tensors().at("ab").shape, (Shape{5, 5}));
  EXPECT_EQ(file.tensors().at("c").shape, (Shape{2, 3, 64}));
  const Tensor back = Tensor::zeros({2, 5});
  file.read_rows("ab", 3, back);
  EXPECT_TRUE(back.view().matrix() == b.view().matrix());
  const Tensor rows = Tensor::zeros({6, 64});
  file.read_rows("c", 0, rows);
  EXPECT_LT((rows.view().matrix() - c.view().matrix()).cwiseAbs().maxCoeff(), 0.03);
}

TEST_F(Gguf, HostileFilesAreRefusedInASentence) {
  expect_refused("", ": does not begin with \"GGUF\", expected a GGUF file");
  expect_refused(
      "GGUF",
      ": at byte 4 it claims 4 bytes more, but it has 4 in all; it is cut short or damaged");
  expect_refused("GGUF" + number(std::uint32_t(1)) + std::string(16, '\0'),
                 ": is GGUF of version 1, expected 2 or 3; convert it again");
  expect_refused(
      header(0, ~std::uint64_t(0)),
      ": at byte 24 it claims 8 bytes more, but it has 24 in all; it is cut short or damaged");
  expect_refused(header(0, 1) + number(~std::uint64_t(0)),
                 ": at byte 32 it claims 18446744073709551615 bytes more, but it has 32 in all; it "
                 "is cut short or damaged");
  expect_refused(header(0, 1) + string("k") + number(std::uint32_t(99)),
                 ": the value k has type 99, expected 0 to 12; the file is damaged");
  for (const std::string& name : {std::string(), std::string("\x1b[2J"), std::string(257, 'n')})
    expect_refused(header(0, 1) + string(name),
                   text(": the name at byte 24 has ", name.size(),
                        " bytes, expected 1 to 256 printable characters; the file is damaged"));
  const std::string array = header(0, 1) + string("k") + number(std::uint32_t(9));
  expect_refused(
      array + number(std::uint32_t(4)) + number(~std::uint64_t(0)) + number(1),
      ": at byte 53 it claims 4 bytes more, but it has 53 in all; it is cut short or damaged");
  expect_refused(array + number(std::uint32_t(9)) + number(std::uint64_t(1)),
                 ": the value k is an array of arrays, which Seekling does not read");
  const std::string value = string("k") + number(std::uint32_t(7)) + "\1";
  expect_refused(header(0, 2) + value + value, ": has the value k twice");
}

TEST_F(Gguf, TensorsThatLieAreRefusedInASentence) {
  expect_refused(header(1, 0) + tensor("w", {}, 0), ": tensor w has 0 dimensions, expected 1 to 4");
  expect_refused(header(1, 0) + tensor("w", {1, 1, 1, 1, 1}, 0),
                 ": tensor w has 5 dimensions, expected 1 to 4");
  expect_refused(header(1, 0) + tensor("w", {0}, 0),
                 ": tensor w has a shape too large for any file");
  expect_refused(header(1, 0) + tensor("w", {std::uint64_t(1) << 40, std::uint64_t(1) << 40}, 0),
                 ": tensor w has a shape too large for any file");
  expect_refused(
      header(1, 0) + tensor("w", {32}, 0, /*type=*/13),
      ": tensor w has ggml's type 13, expected F32, F16, BF16, Q8_0, Q4_0, Q5_0, Q4_K or Q6_K; "
      "convert it to one of them");
  expect_refused(header(1, 0) + tensor("w", {33, 2}, 0, /*type=*/8),
                 ": tensor w has [2, 33] elements of Q8_0, whose rows are blocks of 32");
  expect_refused(header(1, 0) + tensor("w", {128, 2}, 0, /*type=*/12),
                 ": tensor w has [2, 128] elements of Q4_K, whose rows are blocks of 256");
  expect_refused(
      header(1, 0) + tensor("w", {4}, ~std::uint64_t(0)),
      ": tensor w begins at byte 18446744073709551615 of the data, beyond the end of any file");
  expect_refused(with_data(header(1, 0) + tensor("w", {4}, 8), 64),
                 ": tensor w begins at byte 8 of the data, expected a multiple of 32");
  expect_refused(
      with_data(header(1, 0) + tensor("w", {4}, 0), 12),
      ": tensor w ends at byte 16 of the data, but the file has 12; it is cut short or damaged");
  expect_refused(with_data(header(2, 0) + tensor("a", {16}, 0) + tensor("b", {4}, 32), 64),
                 ": the tensors a and b overlap");
  expect_refused(header(2, 0) + tensor("a", {4}, 0) + tensor("a", {4}, 32),
                 ": has the tensor a twice");
  expect_refused(header(0, 1) + string("general.alignment") + number(std::uint32_t(4)) +
                     number(std::uint32_t(24)),
                 ": general.alignment is not a power of two up to 2^20; the file is damaged");
}

// tests/golden/make_gguf_blocks.py
TEST_F(Gguf, BlocksHoldTheNumbersThatThePackageGgufFindsInThem) {
  const GgufFile file(std::string(SEEKLING_GOLDEN) + "/gguf_blocks.gguf");
  EXPECT_EQ(file.tensors().size(), 10u);
  for (const std::string type : {"Q8_0", "Q4_0", "Q5_0", "Q4_K", "Q6_K"}) {
    EXPECT_EQ(file.tensors().at(type).dtype, type);
    const Tensor found({2, 512}), wanted({2, 512});
    file.read_rows(type, 0, found);
    file.read_rows(type + ".values", 0, wanted);
    EXPECT_TRUE(found.view().matrix() == wanted.view().matrix()) << type;
  }
}

TEST_F(Gguf, BlocksThatAreOnlyReadAreNotWritten) {
  EXPECT_ERROR(write_gguf(path, {}, {{"w", "Q4_K", {1, 256}, {Tensor::zeros({1, 256})}}}),
               "gguf: Q4_K is not a type of tensors, expected F32, F16, BF16 or Q8_0");
}

class GgufShards : public testing::Test {
 protected:
  GgufShards() { fs::create_directories(folder); }
  ~GgufShards() override { fs::remove_all(folder); }

  fs::path shard(int number) const { return folder / text("m-0000", number, "-of-00002.gguf"); }
  void write(int number, std::int64_t split_no, const std::string& tensor) const {
    std::vector<std::pair<std::string, GgufValue>> values = {
        {"split.no", split_no},
        {"split.count", std::int64_t(2)},
        {"split.tensors.count", std::int64_t(2)}};
    if (split_no == 0) values.emplace_back("name", "first");
    write_gguf(shard(number), values,
               {{tensor, "F32", {2}, {Tensor::of({2}, std::vector<real>{real(number), 7})}}});
  }

  const fs::path folder = fs::path(testing::TempDir()) / text("seekling_shards_", ::getpid());
};

TEST_F(GgufShards, AreReadTogetherFromAnyOfThem) {
  write(1, 0, "a");
  write(2, 1, "b");
  for (const int number : {1, 2}) {
    const GgufFile file(shard(number));
    EXPECT_EQ(file.values().at("name"), GgufValue("first"));
    ASSERT_EQ(file.tensors().size(), 2u);
    const Tensor b({1, 2});
    file.read_rows("b", 0, b);
    EXPECT_EQ(b.view()(0, 0), real(2));
  }
}

TEST_F(GgufShards, AreRefusedUnlessAllAreThere) {
  const std::string merge = "merge them first (llama-gguf-split --merge)", at = shard(1).string();
  write(1, 0, "a");
  EXPECT_ERROR(GgufFile{shard(1)}, (at + ": is one of 2 shards, and " + shard(2).string() +
                                    " is missing; put all of them into one folder, or " + merge)
                                       .c_str());
  write(2, 1, "a");
  EXPECT_ERROR(GgufFile{shard(1)}, (shard(2).string() + ": has the tensor a twice").c_str());
  write(2, 0, "b");
  EXPECT_ERROR(GgufFile{shard(1)},
               (shard(2).string() + ": is not shard 1 of 2 by its split.no; " + merge).c_str());
  const fs::path renamed = folder / "x.gguf";
  fs::copy_file(shard(1), renamed);
  EXPECT_ERROR(GgufFile{renamed}, (renamed.string() +
                                   ": is one of 2 shards, expected a name that ends in "
                                   "-00001-of-00002.gguf; rename it, or " +
                                   merge)
                                      .c_str());
  write_gguf(shard(2), {{"split.no", std::int64_t(1)}, {"split.count", std::int64_t(2)}}, {});
  EXPECT_ERROR(GgufFile{shard(1)}, (at +
                                    ": its 2 shards hold 1 tensors, but split.tensors.count is 2; "
                                    "download the shards again, or " +
                                    merge)
                                       .c_str());
}

TEST_F(Gguf, NoChangedOrMissingByteOfAHeaderCrashesTheReader) {
  write_gguf(path, {{"n", std::int64_t(7)}, {"words", std::vector<std::string>{"a", "b"}}},
             {{"w", "F16", {2, 3}, {Tensor::zeros({2, 3})}}});
  const std::string sound = read_file(path);
  const auto tried = [&](const std::string& contents) {
    write_file(path, contents);
    try {
      const GgufFile file(path);
      for (const auto& [name, entry] : file.tensors())
        file.read_rows(name, 0, Tensor({1, entry.shape.back()}));
    } catch (const Error&) {
    }
  };
  for (std::size_t i = 0; i < sound.size(); ++i) {
    for (const char flipped : {'\x01', '\x80', '\xFF'}) {
      std::string other = sound;
      other[i] = char(other[i] ^ flipped);
      tried(other);
    }
    tried(sound.substr(0, i));
  }
}

}  // namespace seekling
