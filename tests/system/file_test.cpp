#include "system/file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <sstream>

#include "refusal.h"
#include "system/mapped_file.h"

namespace seekling {

namespace fs = std::filesystem;

class FileTest : public testing::Test {
 protected:
  FileTest() { fs::create_directories(folder); }
  ~FileTest() override { fs::remove_all(folder); }

  const fs::path folder = fs::temp_directory_path() / text("seekling_file_", ::getpid()),
                 file = folder / "file";
};

// A file-size limit stands for the full disk.
template <class F>
static std::string on_a_full_disk(rlim_t bytes, F&& f) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{.rlim_cur = bytes, .rlim_max = before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const std::string said = refusal(f);
  ::setrlimit(RLIMIT_FSIZE, &before);
  return said;
}

TEST_F(FileTest, IsReplacedWholeOrNotAtAll) {
  replace_file(file, "old");
  replace_file(file, "new");
  EXPECT_EQ(read_file(file), "new");
  EXPECT_EQ(on_a_full_disk(100, [&] { replace_file(file, std::string(200, 'x')); }),
            file.string() + ".tmp: cannot be written (File too large); nothing was replaced");
  EXPECT_EQ(read_file(file), "new");
  EXPECT_FALSE(fs::exists(file.string() + ".tmp"));
}

TEST_F(FileTest, WhatAKillLeftIsOverwritten) {
  write_file(file.string() + ".tmp", std::string(1000, 'x'));
  replace_file(file, "new");
  EXPECT_EQ(read_file(file), "new");
  EXPECT_FALSE(fs::exists(file.string() + ".tmp"));
}

TEST_F(FileTest, APieceThatDoesNotFitLeavesNoPartOfItself) {
  AppendFile out(file);
  out.append("one\n");
  EXPECT_EQ(on_a_full_disk(6, [&] { out.append("three\n"); }),
            file.string() + ": cannot be written (File too large)");
  EXPECT_EQ(read_file(file), "one\n");
  out.append("two\n");
  EXPECT_EQ(read_file(file), "one\ntwo\n");
}

TEST_F(FileTest, OnlyOrdinaryFilesAreReadAndAPipeIsNotWaitedFor) {
  const fs::path pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const std::string& path : {pipe.string(), std::string("/dev/zero")}) {
    const std::string sentence =
        path + ": is not an ordinary file; give a file, not a pipe or a device";
    EXPECT_EQ(refusal([&] { read_file(path); }), sentence);
    EXPECT_EQ(refusal([&] { MappedFile{path}; }), sentence);
  }
  EXPECT_EQ(refusal([&] { read_file(folder); }),
            folder.string() + ": cannot be opened (it is a folder)");
}

TEST_F(FileTest, ATextLargerThanTheMemoryIsRefused) {
  write_file(file, "");
  fs::resize_file(file, memory_size());  // of zeros, which take no room on the disk
  EXPECT_EQ(refusal([&] { read_file(file); }),
            text(file.string(), ": has ", memory_size(),
                 " bytes, more than a quarter of this machine's memory; give a smaller file"));
  std::istringstream in(std::string(100'000, 'x'));
  EXPECT_EQ(refusal([&] { read_stream(in, "stdin", 70'000); }),
            "stdin: has more than 70000 bytes, expected less; split it");
}

TEST_F(FileTest, JsonThatNestsTooDeepIsRefusedBeforeItTakesMemory) {
  const std::string deep(50'000'000, '[');
  EXPECT_EQ(refusal([&] { parse_json(deep, "a"); }),
            "a: its JSON nests deeper than 64 levels; the file is damaged");
  EXPECT_TRUE(parse_json_or_discard(deep, "a").is_discarded());
  EXPECT_TRUE(parse_json_or_discard("{", "a").is_discarded());
  EXPECT_EQ(parse_json_or_discard("[1]", "a"), nlohmann::json::array({1}));
}

TEST_F(FileTest, OrderedJsonHasTheSameLimitAndKeepsItsKeysInOrder) {
  using Json = nlohmann::ordered_json;
  const std::string lists(64, '['), ends(64, ']');
  EXPECT_EQ(parse_json_or_discard<Json>(R"({"b": 1, "a": 2})", "a").dump(), R"({"b":1,"a":2})");
  EXPECT_FALSE(parse_json_or_discard<Json>(lists + ends, "a").is_discarded());
  EXPECT_TRUE(parse_json_or_discard<Json>("[[" + lists + ends + "]]", "a").is_discarded());
  EXPECT_TRUE(parse_json_or_discard<Json>("{", "a").is_discarded());
}

TEST_F(FileTest, JsonWhoseValuesMayNotFitIntoMemoryIsRefused) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the address sanitizer needs terabytes of addresses, so there is no limit";
#endif
  rlimit before{};
  ::getrlimit(RLIMIT_AS, &before);
  const rlimit small{.rlim_cur = rlim_t(24) << 20, .rlim_max = before.rlim_max};
  const std::string line(2 << 20, ' ');
  ::setrlimit(RLIMIT_AS, &small);  // memory_size() is 24 MiB now
  const std::string said = refusal([&] { parse_json_or_discard(line, "a.jsonl:3"); });
  ::setrlimit(RLIMIT_AS, &before);
  EXPECT_EQ(said,
            "a.jsonl:3: has 2097152 bytes of JSON, whose values may take 24 times as "
            "much memory, and this machine has less; split it into smaller files");
}

TEST_F(FileTest, FoldersAreMadeOneInTheOther) {
  EXPECT_FALSE(make_folders(folder / "a/b/c"));
  EXPECT_TRUE(fs::is_directory(folder / "a/b/c"));
  EXPECT_FALSE(make_folders(folder / "a/b/c"));
  write_file(file, "");
  EXPECT_TRUE(make_folders(file / "x"));
}

}  // namespace seekling
