#include "interop/safetensors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "gradcheck.h"
#include "refusal.h"
#include "system/file.h"

namespace seekling {

namespace {

// Of this test alone: tests run side by side.
std::filesystem::path temporary(const char* name) {
  return std::filesystem::path(testing::TempDir()) /
         (testing::UnitTest::GetInstance()->current_test_info()->name() + std::string(name));
}

// A file of this header and so many bytes of data.
std::filesystem::path file_of(const std::string& header, std::size_t data) {
  const std::uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  const auto path = temporary("hostile.safetensors");
  write_file(path, bytes + header + std::string(data, '\0'));
  return path;
}

std::string refusal_of(const std::filesystem::path& path) {
  return refusal([&] { const SafetensorsFile file(path); });
}

}  // namespace

TEST(Safetensors, ReadsBackWhatItWrites) {
  Rng rng(40);
  const Tensor a = Tensor::randn({3, 5}, rng), b = strided({2, 4}, rng);
  const auto path = temporary("round.safetensors");
  write_safetensors(path, {{"a", a}, {"b", b}}, {{"ids", {2}, {7, -1}}});
  const SafetensorsFile file(path);
  EXPECT_TRUE(file.tensor("a").view().matrix() == a.view().matrix());
  EXPECT_TRUE(file.tensor("b").view().matrix() == b.view().matrix());
  EXPECT_EQ(file.integers("ids"), (std::vector<std::int64_t>{7, -1}));
  EXPECT_EQ(file.metadata().at("format"), "pt");
  EXPECT_ERROR(file.tensor("c"), (path.string() + ": tensor c is missing").c_str());
  EXPECT_ERROR(file.read("a", Tensor({5, 3})),
               (path.string() + ": tensor a has shape [3, 5], expected [5, 3]").c_str());
}

TEST(Safetensors, TheSameTensorsGiveTheSameBytes) {
  const Tensor a = Tensor::zeros({3});
  write_safetensors(temporary("1.safetensors"), {{"a", a}});
  write_safetensors(temporary("2.safetensors"), {{"a", a}});
  EXPECT_EQ(read_file(temporary("1.safetensors")), read_file(temporary("2.safetensors")));
}

TEST(Safetensors, ReadsHalfPrecision) {  // F16: 1.5, -2, smallest subnormal, infinity; BF16: 1.5
  const std::string header =
      R"({"h":{"dtype":"F16","shape":[4],"data_offsets":[0,8]},"b":{"dtype":"BF16","shape":[1],"data_offsets":[8,10]}})";
  const auto path = file_of(header, 0);
  const std::uint16_t numbers[] = {0x3E00, 0xC000, 0x0001, 0x7C00, 0x3FC0};
  write_file(path,
             read_file(path) + std::string(reinterpret_cast<const char*>(numbers), sizeof numbers));
  const SafetensorsFile file(path);
  const Tensor h = file.tensor("h");
  EXPECT_EQ(h.data()[0], real(1.5));
  EXPECT_EQ(h.data()[1], -2);
  EXPECT_EQ(h.data()[2], real(0x1p-24));
  EXPECT_TRUE(std::isinf(h.data()[3]));
  EXPECT_EQ(file.tensor("b").data()[0], real(1.5));
}

TEST(Safetensors, RefusesHostileHeadersInASentence) {
  const auto path = temporary("hostile.safetensors");
  write_file(path, std::string(16, '\xFF'));
  EXPECT_EQ(refusal_of(path),
            path.string() +
                ": its header claims 18446744073709551615 bytes, but the file has 16; it is "
                "damaged or not safetensors");
  const auto one = [](const char* shape, const char* offsets) {
    return text(R"({"a":{"dtype":"F32","shape":)", shape, R"(,"data_offsets":)", offsets, "}}");
  };
  EXPECT_NE(refusal_of(file_of(one("[2]", "[0,4]"), 4)).find("which take 8 bytes"),
            std::string::npos);
  EXPECT_NE(refusal_of(file_of(one("[1]", "[4,8]"), 8)).find("begins at byte 4"),
            std::string::npos);
  EXPECT_NE(refusal_of(file_of(one("[1]", "[0,4]"), 9)).find("there are 9"), std::string::npos);
  EXPECT_NE(
      refusal_of(file_of(one("[4611686018427387904,4]", "[0,4]"), 4)).find("larger than any file"),
      std::string::npos);
  EXPECT_NE(refusal_of(file_of(one("[-1]", "[0,4]"), 4)).find("not made of sizes"),
            std::string::npos);
  EXPECT_NE(refusal_of(file_of(std::string(5000, '['), 4)).find("nests deeper"), std::string::npos);
  EXPECT_NE(refusal_of(file_of("{\"a\":", 4)).find("is not JSON"), std::string::npos);
}

TEST(Safetensors, NoChangedByteOfAHeaderCrashesTheReader) {
  Rng rng(41);
  const auto path = temporary("changed.safetensors");
  write_safetensors(path, {{"a", Tensor::zeros({3, 5})}, {"b", Tensor::zeros({2})}});
  const std::string sound = read_file(path);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes = sound;
    for (Index n = rng.below(3) + 1; n > 0; --n)
      bytes[size_t(rng.below(Index(bytes.size())))] = char(rng.below(256));
    if (rng.below(4) == 0) bytes.resize(size_t(rng.below(Index(bytes.size()))));
    std::ofstream(path, std::ios::binary) << bytes;
    refusal_of(path);  // refused or not: what counts is that it comes back
  }
}

}  // namespace seekling
