// Exit codes, and where words go: 0 with results on stdout; 1 for a failure and 2 for wrong usage,
// with one sentence on stderr.
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "cli/program.h"
#include "system/child_process.h"

namespace seekling {

namespace {

const Words kCommands = {"train", "generate", "chat",      "eval",
                         "score", "params",   "tokenizer", "data"};

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

// The commands that `seekling help` lists, and for those with subcommands each of these.
std::vector<Words> commands_in(const std::string& help) {
  static const std::map<std::string, Words> parts = {{"tokenizer", {"train", "encode", "decode"}},
                                                     {"data", {"make"}}};
  std::vector<Words> commands;
  std::istringstream lines(help);
  for (std::string line, name; std::getline(lines, line);) {
    if (!line.starts_with("  ") || !(std::istringstream(line) >> name)) continue;
    const auto found = parts.find(name);
    if (found == parts.end()) commands.push_back({name});
    else
      for (const std::string& part : found->second) commands.push_back({name, part});
  }
  return commands;
}

// The description of each flag in a command's help, without its default. A line of a flag begins
// with "-" after at most six blanks; two blanks end its name; lines that begin with more blanks
// continue the description.
std::map<std::string, std::string> descriptions_in(const std::string& help) {
  std::map<std::string, std::string> all;
  std::istringstream lines(help);
  std::string flag;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t begin = line.find_first_not_of(' ');
    if (begin == line.npos || begin < 2) {
      flag = "";  // a blank line or a heading
    } else if (begin <= 6 && line[begin] == '-') {
      const std::size_t end = std::min(line.find("  ", begin), line.size());
      flag = line.substr(begin, end - begin);
      all[flag] = line.substr(std::min(line.find_first_not_of(' ', end), line.size()));
    } else if (!flag.empty()) {
      all[flag] += (all[flag].empty() ? "" : " ") + line.substr(begin);
    }
  }
  for (auto& [name, description] : all)
    description = description.substr(0, description.find("(default: "));
  return all;
}

}  // namespace

TEST_F(ProgramTest, WithoutACommandItListsThemOnStderr) {
  const Ran ran = run({});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_EQ(ran.out, "");
  for (const std::string& command : kCommands)
    EXPECT_TRUE(holds(ran.err, "\n  " + command + " ")) << command;
}

TEST_F(ProgramTest, HelpIsAResult) {
  for (const char* help : {"--help", "-h", "help"}) {
    const Ran ran = run({help});
    EXPECT_EQ(ran.exit, 0);
    EXPECT_EQ(ran.err, "");
    for (const std::string& command : kCommands)
      EXPECT_TRUE(holds(ran.out, "\n  " + command + " ")) << command;
  }
}

TEST_F(ProgramTest, EveryCommandHasHelpThatNamesIt) {
  std::vector<Words> commands;
  for (const std::string& command : kCommands) commands.push_back({command});
  for (const char* part : {"train", "encode", "decode"}) commands.push_back({"tokenizer", part});
  commands.push_back({"data", "make"});
  for (const Words& command : commands) {
    Words words = command;
    words.push_back("--help");
    const Ran ran = run(words);
    EXPECT_EQ(ran.exit, 0) << command[0];
    EXPECT_EQ(ran.err, "") << command[0];
    EXPECT_TRUE(holds(ran.out, "seekling " + command[0])) << ran.out;
    EXPECT_TRUE(ran.out.ends_with("\n")) << command[0];
  }
  EXPECT_FALSE(fs::exists(folder / "runs"));  // asking changes nothing
}

TEST_F(ProgramTest, HelpOfTrainGroupsItsFlagsAndNamesEachSettingAndConfigKey) {
  const std::string help = out_of({"train", "--help"});
  for (const char* flag :
       {"--steps", "--batch-size", "--seq-len", "--lr", "--save-every", "--seed", "--resume",
        "--set", "--kv-lora-rank", "--n-routed-experts", "--threads", " Training options:"})
    EXPECT_TRUE(holds(help, flag)) << flag;
}

TEST_F(ProgramTest, EveryFlagOfEveryCommandHasADescriptionOfItsOwn) {
  const std::vector<Words> commands = commands_in(out_of({"help"}));
  EXPECT_EQ(commands.size(), 21u);
  for (const Words& command : commands) {
    Words words = command;
    words.push_back("--help");
    const auto descriptions = descriptions_in(out_of(words));
    EXPECT_TRUE(descriptions.contains("-h, --help")) << command[0];
    std::map<std::string, std::string> flag_of;
    for (const auto& [flag, description] : descriptions) {
      EXPECT_NE(description, "") << command[0] << " " << flag;
      const auto [other, is_new] = flag_of.emplace(description, flag);
      EXPECT_TRUE(is_new) << command[0] << " " << flag << " and " << other->second << ": "
                          << description;
    }
  }
}

TEST_F(ProgramTest, HelpOfTrainHasItsMainFlagsFirstAndTheCommonOnesLast) {
  const std::string help = out_of({"train", "--help"});
  std::size_t before = 0;
  for (const char* next :
       {"--model", "--data", "--out", " Training options:", "--steps", " Learning rate options:",
        " Expert balance options:", " Model options:", "--kv-lora-rank", " Common options:"}) {
    const std::size_t at = help.find(next);
    ASSERT_NE(at, help.npos) << next;
    EXPECT_GT(at, before) << next;
    before = at;
  }
  EXPECT_TRUE(holds(help, "width of the cached latent c^KV (d_c)")) << help;
}

TEST_F(ProgramTest, AnUnknownCommandIsWrongUsage) {
  const Ran ran = run({"trane"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_EQ(ran.out, "");
  EXPECT_TRUE(ran.err.starts_with("seekling: there is no command trane\n")) << ran.err;
}

TEST_F(ProgramTest, AnUnknownFlagIsWrongUsage) {
  for (const std::string& command : kCommands) {
    Words words{command};
    if (command == "tokenizer") words.push_back("encode");
    if (command == "data") words.push_back("make");
    words.push_back("--colour");
    const Ran ran = run(words);
    EXPECT_EQ(ran.exit, 2) << command;
    EXPECT_EQ(ran.out, "") << command;
    EXPECT_TRUE(holds(ran.err, "colour")) << ran.err;
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
  }
}

TEST_F(ProgramTest, AnUnknownSubcommandIsWrongUsage) {
  expect_refused({"tokenizer"}, 2, "tokenizer: found \"\", expected train, encode or decode");
  expect_refused({"tokenizer", "learn"}, 2,
                 "tokenizer: found \"learn\", expected train, encode or decode");
}

TEST_F(ProgramTest, AWordThatIsNoFlagIsWrongUsage) {
  expect_refused({"params", "nano", "tiny"}, 2,
                 "found \"tiny\", which is not a flag of this command");
  expect_refused({"data", "make", "here"}, 2,
                 "found \"here\", which is not a flag of this command");
}

TEST_F(ProgramTest, AValueThatIsNoNumberIsWrongUsage) {
  for (const Words& words : {Words{"params", "--ctx", "many"}, Words{"train", "--steps", "ten"},
                             Words{"train", "--lr", "fast"}, Words{"generate", "--seed", "-1"},
                             Words{"eval", "--threads", "2x"}})
    expect_refused(words, 2,
                   words[1] + ": found " + words[2] + ", expected a number in range; see --help");
  expect_refused({"params", "--ctx=1e3", "nano"}, 2,
                 "--ctx: found 1e3, expected a number in range; see --help");
}

TEST_F(ProgramTest, AValueOutOfRangeIsWrongUsageThatNamesTheFlag) {
  expect_refused({"params", "--threads", "0"}, 2, "--threads: found 0, expected at least 1");
  for (const char* many : {"1025", "1000000", "2147483648", "-2147483649"})
    expect_refused({"params", "--threads", many}, 2,
                   text("--threads: found ", many, ", expected ",
                        many[0] == '-' ? "at least 1" : "at most 1024"));
  expect_refused({"params", "--ctx", "-1"}, 2, "--ctx: found -1, expected at least 0");
  expect_refused({"train", "--steps", "0"}, 2, "--steps: found 0, expected at least 1");
  expect_refused({"train", "--beta1", "1"}, 2, "--beta1: found 1, expected a number in [0, 1)");
  expect_refused(
      {"generate", "--temperature", "-1", "x"}, 2,
      "--temperature: found -1, expected a number of at least 0 (0 takes the most likely token)");
  expect_refused({"generate", "--top-p", "0", "x"}, 2,
                 "--top-p: found 0, expected a number above 0 and at most 1");
  expect_refused({"generate", "--max-tokens", "-3", "x"}, 2,
                 "--max-tokens: found -3, expected at least 0");
  expect_refused({"chat", "--max-tokens", "-3"}, 2, "--max-tokens: found -3, expected at least 0");
  expect_refused({"eval", "--batch-size", "0"}, 2, "--batch-size: found 0, expected at least 1");
  expect_refused({"data", "make", "--documents", "-1"}, 2,
                 "--documents: found -1, expected at least 0");
  expect_refused({"data", "make", "--questions", "-1"}, 2,
                 "--questions: found -1, expected at least 0");
  expect_refused({"data", "make", "--languages", "fr"}, 2,
                 "--languages: found fr, expected en, ja or both");
  expect_refused({"tokenizer", "train", "--vocab-size", "0", golden("tok_v3/corpus.txt")}, 2,
                 "--vocab-size: found 0, expected at least 259 (3 special tokens and 256 bytes)");
  expect_refused({"tokenizer", "train", "--min-frequency", "0", golden("tok_v3/corpus.txt")}, 2,
                 "--min-frequency: found 0, expected at least 1");
  expect_refused({"tokenizer", "train", "--pre-tokenizer", "bert", golden("tok_v3/corpus.txt")}, 2,
                 "--pre-tokenizer: found bert, expected gpt2, deepseek-v2 or deepseek-v3");
  EXPECT_FALSE(fs::exists(folder / "runs"));  // and nothing has been made
}

TEST_F(ProgramTest, WhatIsMissingIsNamed) {
  expect_refused({"score"}, 2, "score: --model is missing; see --help");
  expect_refused({"tokenizer", "train"}, 2, "tokenizer train: --data is missing; see --help");
  expect_refused({"tokenizer", "encode"}, 2, "tokenizer: --tokenizer is missing; see --help");
  expect_refused(
      {"eval"}, 2,
      "--model: not given, and there is no run in runs/; train one with ./seekling train");
}

TEST_F(ProgramTest, AModelThatIsNotThereIsNamed) {
  expect_refused({"params", "giant"}, 2,
                 "--model: giant is neither a preset (large, medium, nano, small, tiny, v2, "
                 "v2-lite, v3, v3.2) nor a file or folder");
  expect_refused({"generate", "--model", "runs/none", "x"}, 2,
                 "--model: runs/none is not a folder, expected a run or a checkpoint");
}

TEST_F(ProgramTest, AFileThatCannotBeReadIsAFailure) {
  const Ran ran = run({"tokenizer", "encode", "--tokenizer", golden("tok_v3"), "none.txt"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err, "seekling: none.txt: cannot be opened (No such file or directory)\n");
}

TEST_F(ProgramTest, AFileThatIsNotOrdinaryIsRefusedAndNotWaitedFor) {
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  for (const Words& words :
       {Words{"tokenizer", "encode", "--tokenizer", golden("tok_v3"), "pipe"},
        Words{"tokenizer", "train", "pipe"}, Words{"import", "pipe", "--out", "x"}})
    expect_refused(words, 1, "pipe: is not an ordinary file; give a file, not a pipe or a device");
}

TEST_F(ProgramTest, ALineOfBracketsIsNotReadIntoMemory) {
  write_file(folder / "deep.jsonl", std::string(50'000'000, '['));
  expect_refused({"tokenizer", "train", "deep.jsonl"}, 1,
                 "deep.jsonl:1: found " + std::string(40, '[') +
                     "..., which is not JSON; expected an object such as {\"text\": \"...\"}; "
                     "correct the line or remove it");
  expect_refused({"tokenizer", "encode", "--jsonl", "--tokenizer", golden("tok_v3"), "deep.jsonl"},
                 1, "line 1: its JSON nests deeper than 64 levels; the file is damaged");
}

TEST_F(ProgramTest, AFullDiskUnderStdoutIsAFailure) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full on this system";
  for (const Words& words :
       {Words{"params"}, Words{"tokenizer", "encode", "--tokenizer", golden("tok_v3"),
                               golden("tok_v3/corpus.txt")}}) {
    fs::remove(folder / ".stdout");
    fs::create_symlink("/dev/full", folder / ".stdout");
    Started started(folder, words);
    const Ran ran = started.wait();
    EXPECT_EQ(ran.exit, 1) << words[0];
    EXPECT_EQ(ran.err, "seekling: stdout: cannot be written; is the disk full?\n") << words[0];
  }
}

// A clone with a build; a cmake that makes a program which says "new".
TEST_F(ProgramTest, ABuildOfAnotherFolderIsMadeAnew) {
  const fs::path clone = folder / "clone", build = clone / "build/release";
  fs::create_directories(build / "src/cli");
  fs::create_directories(folder / "bin");
  for (const char* name : {"src", "tests", "chapters", "cmake"}) fs::create_directory(clone / name);
  for (const char* name : {"CMakeLists.txt", "CMakePresets.json"}) write_file(clone / name, "");
  fs::copy_file(SEEKLING_SCRIPT, clone / "seekling");
  const auto write_program = [](const fs::path& path, const std::string& text) {
    write_file(path, "#!/bin/sh\n" + text + "\n");
    fs::permissions(path, fs::perms::owner_all);
  };
  write_program(build / "src/cli/seekling", "echo old");
  write_program(folder / "bin/cmake",
                "mkdir -p build/release/src/cli && cp \"$(dirname \"$0\")/new\" "
                "build/release/src/cli/seekling");
  write_program(folder / "bin/new", "echo new");
  const auto says = [&](const std::string& home) {
    write_file(build / "CMakeCache.txt", "CMAKE_HOME_DIRECTORY:INTERNAL=" + home + "\n");
    write_file(clone / "build/stamp.seekling_cli", "");
    const std::string path = "PATH=" + (folder / "bin").string() + ":" + std::getenv("PATH");
    return run_child({"env", path, "sh", "./seekling", "list"}, clone, {}).output;
  };
  EXPECT_EQ(says(fs::canonical(clone).string()), "old\n");
  const std::string said = says("/elsewhere/clone");
  EXPECT_TRUE(holds(said, "this folder was built as /elsewhere/clone; rebuilding it from scratch"))
      << said;
  EXPECT_TRUE(said.ends_with("new\n")) << said;
}

}  // namespace seekling
