// The stages of seekling data, as programs.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/program.h"
#include "core/rng.h"
#include "system/folder_lock.h"

namespace seekling {

namespace {

// JSON lines of random words; every tenth document is a copy.
std::string many_documents(int n) {
  Rng rng(7);
  std::string lines, last;
  for (int i = 0; i < n; ++i) {
    if (i % 10 != 9) {
      last = "{\"text\":\"";
      for (int k = 0; k < 60; ++k) last += "word" + std::to_string(rng.below(1000)) + " ";
      last += "\"}\n";
    }
    lines += last;
  }
  return lines;
}

}  // namespace

class DataTest : public ProgramTest {
 protected:
  std::string file(const std::string& name) const { return read_file(folder / name); }
};

TEST_F(DataTest, DedupReadsFilesOrStdinAndTrainReadsWhatItWrites) {
  const std::string lines = many_documents(1000);
  write_file(folder / "a.jsonl", lines);
  const std::string summary = out_of({"data", "dedup", "a.jsonl", "--out", "one", "--threads=1"});
  EXPECT_NE(summary.find("kept                                          900 documents"),
            std::string::npos)
      << summary;
  EXPECT_EQ(std::ranges::count(file("one/text.jsonl"), '\n'), 900);
  out_of({"data", "dedup", "-", "--out", "two", "--threads=2"}, lines);
  EXPECT_EQ(file("one/text.jsonl"), file("two/text.jsonl"));
  Words train = small_run("run", {"--steps", "1"});
  *(std::ranges::find(train, "--data") + 1) = "one";
  out_of(train);
}

TEST_F(DataTest, CleanRunsAllStages) {
  write_file(folder / "filters.json", "{\"gopher_min_words\": 3}");
  write_file(folder / "questions.jsonl", "{\"prompt\": \"Where is the lamp?\"}\n");
  const std::string lines =
      "{\"text\": \"The caf\u00C3\u00A9 is in the town.\"}\n{\"text\": \"Der Hund und die "
      "Katze.\"}\n"
      "{\"text\": \"It is.\"}\n{\"text\": \"And where is the lamp then?\"}\n"
      "{\"text\": \"The caf\u00e9 is in the town.\"}\n";
  const Ran ran = run({"data", "clean", "-", "--out", "o", "--languages", "en", "--filters",
                       "filters.json", "--against", "questions.jsonl"},
                      lines);
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(file("o/text.jsonl"), "{\"text\":\"The café is in the town.\"}\n");
  const auto report = nlohmann::json::parse(file("o/report.json"));
  for (const char* rule : {"language", "gopher_min_words", "contamination", "exact duplicate"})
    EXPECT_EQ(report["dropped"][rule]["documents"], 1) << rule;
  const Ran empty = run({"data", "clean", "-", "--out", "o", "--languages", "ja"}, lines);
  EXPECT_EQ(empty.exit, 0);
  EXPECT_EQ(empty.err,
            "note: no document is kept; dropped.ndjson names the rule that dropped each one, and "
            "--filters FILE sets other rules\n");
}

TEST_F(DataTest, QualityLearnsAClassifierThatCleanUses) {
  Rng rng(5);
  std::string good, bad;
  for (int i = 0; i < 200; ++i) {
    std::string words;
    for (int k = 0; k < 30; ++k) words += "word" + std::to_string(rng.below(1000)) + " ";
    good += "{\"t\":\"" + words + "it follows that\"}\n";
    bad += "{\"t\":\"" + words + "buy it now\"}\n";
  }
  write_file(folder / "good.jsonl", good);
  write_file(folder / "bad.jsonl", bad);
  const auto learn = [](const std::string& out, const std::string& threads) {
    return Words{"data",         "quality", "--good", "good.jsonl", "--bad",     "bad.jsonl",
                 "--text-field", "t",       "--out",  out,          "--threads", threads};
  };
  const std::string summary = out_of(learn("q.json", "1"));
  EXPECT_NE(summary.find("\n      0.5            100.0 %              100.0 %\n"), summary.npos)
      << summary;
  EXPECT_EQ(out_of(learn("r.json", "2")), summary);
  EXPECT_EQ(file("q.json"), file("r.json"));
  write_file(folder / "f.json", "{\"quality_min_score\": 0.5}");
  out_of({"data", "clean", "good.jsonl", "bad.jsonl", "--text-field", "t", "--out", "o",
          "--filters", "f.json", "--quality", "q.json", "--exact"});
  const auto report = nlohmann::json::parse(file("o/report.json"));
  EXPECT_EQ(report["sources"]["good.jsonl"]["kept"]["documents"], 200);
  EXPECT_EQ(report["sources"]["bad.jsonl"]["dropped"]["quality_min_score"]["documents"], 200);
  EXPECT_NE(file("o/report.html").find("quality_min_score"), std::string::npos);
  expect_refused({"data", "quality", "--good", "good.jsonl", "--bad", "bad.jsonl"}, 2,
                 "--out: not given; name the file to write");
  expect_refused({"data", "quality", "--good", "good.jsonl", "--out", "q"}, 2,
                 "--bad: not given; name a file or folder of bad texts; once for each");
  expect_refused({"data", "clean", "good.jsonl", "--out", "o", "--quality", "f.json"}, 1,
                 "f.json: is no classifier of `data quality`");
}

TEST_F(DataTest, TrainReadsWhatPackWrites) {
  write_file(folder / "a.jsonl", many_documents(300));
  out_of({"data", "pack", "a.jsonl", "--out", "p", "--vocab-size", "300", "--seq-len", "32",
          "--fim-rate", "0.1"});
  Words train = small_run("run", {"--steps", "1"});
  *(std::ranges::find(train, "--data") + 1) = "p";
  train.erase(std::ranges::find(train, "--tokenizer"), std::ranges::find(train, "--vocab-size"));
  out_of(train);
  EXPECT_EQ(file("run/tokens/train.bin"), file("p/train.bin"));
  EXPECT_EQ(file("run/tokens/heldout.bin"), file("p/heldout.bin"));
  out_of({"eval", "run"});
  train.insert(train.end(), {"--tokenizer", golden("tok_v3/tokenizer.json"), "--out", "other"});
  EXPECT_EQ(
      run(train).err.find("was packed with another tokenizer; remove the flag, or pack the text "
                          "again") == std::string::npos,
      false);
  expect_refused({"data", "pack", "-", "--out", "q"}, 2,
                 "--tokenizer: not given, and standard input cannot be read twice, to train a "
                 "tokenizer and to use it; give a tokenizer or a file");
}

TEST_F(DataTest, MixAndStatsAgree) {
  write_file(folder / "a=1.jsonl", many_documents(200));
  write_file(folder / "b.txt", "猫がいる。\n--\n犬もいる。\n--\n");
  out_of({"data", "mix", "a=1.jsonl=3", "b.txt=0.01", "--separator", "--", "--epochs", "20",
          "--out", "m"});
  const auto report = nlohmann::json::parse(file("m/report.json"));
  EXPECT_EQ(report["sources"][1]["documents"], 2 * 20);
  const auto stats = nlohmann::json::parse(out_of({"data", "stats", "--json", "m/text.jsonl"}));
  EXPECT_EQ(stats["bytes"], report["bytes"]);
  EXPECT_EQ(stats["language_bytes"]["ja"], report["sources"][1]["bytes"]);
  EXPECT_EQ(out_of({"data", "stats", "b.txt", "--tokenizer", golden("tok_v3")}),
            "b.txt\n1 documents, 38 bytes of text, 8 words; 38.0 bytes a document, the longest has "
            "38\n25 tokens, 1.52 bytes a token\nlanguage ja   100.00 % of the bytes\n");
}

TEST_F(DataTest, AWrongCommandLineIsRefused) {
  expect_refused({"data", "wash"}, 2,
                 "data: found \"wash\", expected make, clean, quality, dedup, mix, pack or stats");
  expect_refused({"data", "dedup", "--out", "o"}, 2,
                 "found no input; name files or folders of text, or - for standard input");
  expect_refused({"data", "mix", "a", "--out", "o"}, 2,
                 "data mix: found a, expected PATH=WEIGHT with a weight above 0");
  expect_refused({"data", "mix", "a=0", "--out", "o"}, 2,
                 "data mix: found a=0, expected PATH=WEIGHT with a weight above 0");
  expect_refused({"data", "dedup", "a"}, 2, "--out: not given; name the folder to write");
  expect_refused({"data", "dedup", "a", "--out", "o", "--jaccard", "1.5"}, 2,
                 "--jaccard: found 1.5, expected 0 < J <= 1");
  expect_refused({"data", "dedup", "a", "--out", "o", "--passages", "3"}, 2,
                 "--passages: found 3, expected at least 10");
  expect_refused({"data", "dedup", "a", "--out", "o"}, 1,
                 "a: no such file or folder; give files or folders of text, or - for standard "
                 "input");
}

TEST_F(DataTest, KilledInTheMiddleItLeavesTheOldOutput) {
  out_of({"data", "dedup", "-", "--out", "o"}, "{\"text\":\"old\"}\n");
  write_file(folder / "a.jsonl", many_documents(40'000));
  Started program(folder, {"data", "dedup", "a.jsonl", "--out", "o", "--threads", "1"});
  while (program.running() && !fs::exists(folder / "o" / ".work" / "keys"))
    std::this_thread::yield();
  program.signal(SIGKILL);
  EXPECT_EQ(program.wait().exit, -SIGKILL);
  EXPECT_EQ(file("o/text.jsonl"), "{\"text\":\"old\"}\n");
  out_of({"data", "dedup", "a.jsonl", "--out", "o"});
  EXPECT_EQ(std::ranges::count(file("o/text.jsonl"), '\n'), 36'000);
  EXPECT_FALSE(fs::exists(folder / "o" / ".work"));
}

TEST_F(DataTest, KilledAgainAndAgainAndResumedItEndsWithTheSameBytes) {
  write_file(folder / "a.jsonl", many_documents(60'000));
  const auto words = [](const std::string& out, const Words& more) {
    Words all{"data",         "clean", "a.jsonl",    "--out", out,        "--filters", "f.json",
              "--save-every", "0",     "--passages", "30",    "--shards", "3"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  write_file(folder / "f.json", "{\"gopher_min_words\": 61}");  // drops some of them
  const std::string summary = out_of(words("whole", {"--threads", "2"}));
  EXPECT_EQ(out_of(words("o", {"--resume"})), summary);  // with nothing to go on from
  int kills = 0;
  std::string said;
  for (bool ended = false; !ended && kills < 40;) {
    const fs::path state = folder / "p" / ".work" / "state.json";
    const std::string before = fs::exists(state) ? read_file(state) : "";
    Started program(folder, words("p", {"--resume", "--threads", "1"}));
    while (program.running() && (!fs::exists(state) || read_file(state) == before))
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(kills % 3 * 40));
    if (program.running()) {
      program.signal(kills % 2 == 0 ? SIGKILL : SIGINT);
      ++kills;
    }
    const Ran ran = program.wait();
    ended = ran.exit == 0;
    if (ended) said = ran.out;
    else EXPECT_TRUE(ran.exit == -SIGKILL || ran.exit == 128 + SIGINT || ran.exit == -SIGINT);
  }
  EXPECT_GE(kills, 2);
  EXPECT_EQ(said, summary);
  for (const char* name : {"text-0-of-3.jsonl", "text-1-of-3.jsonl", "text-2-of-3.jsonl",
                           "dropped.ndjson", "report.json", "report.html"})
    EXPECT_EQ(file(std::string("p/") + name), file(std::string("whole/") + name)) << name;
  EXPECT_FALSE(fs::exists(folder / "p" / ".work"));
}

TEST_F(DataTest, WhatAnotherProcessWritesIsLeftAlone) {
  const FolderLock lock(folder / "o");  // as the other one holds it
  fs::create_directories(folder / "o" / ".next");
  write_file(folder / "o/.next/text.jsonl", "half");
  write_file(folder / "a.jsonl", many_documents(20));
  for (const Words& words : std::vector<Words>{{"dedup", "a.jsonl"},
                                               {"clean", "a.jsonl"},
                                               {"mix", "a.jsonl=1"},
                                               {"pack", "a.jsonl", "--tokenizer", golden("tok_v3")},
                                               {"make", "--documents", "2"}}) {
    Words all{"data"};
    all.insert(all.end(), words.begin(), words.end());
    all.insert(all.end(), {"--out", "o"});
    expect_refused(
        all, 1, "o: another process writes to this folder; wait for it, or choose another folder");
    EXPECT_EQ(file("o/.next/text.jsonl"), "half") << words[0];
  }
}

TEST_F(DataTest, ResumeRefusesOtherFlagsAnotherInputAndCutFiles) {
  write_file(folder / "a.jsonl", many_documents(40'000));
  Started program(folder, {"data", "dedup", "a.jsonl", "--out", "o", "--save-every", "0"});
  while (program.running() && !fs::exists(folder / "o" / ".work" / "state.json"))
    std::this_thread::yield();
  program.signal(SIGKILL);
  ASSERT_EQ(program.wait().exit, -SIGKILL);
  const std::string refusal =
      "o: the interrupted run had other flags or another input; give the same, or start again "
      "without --resume";
  expect_refused({"data", "dedup", "a.jsonl", "--out", "o", "--resume", "--jaccard", "0.7"}, 1,
                 refusal);
  fs::resize_file(folder / "o/.work/documents", 1000);
  const Ran ran = run({"data", "dedup", "a.jsonl", "--out", "o", "--resume"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_TRUE(
      ran.err.ends_with("seekling: o/.work/documents: is cut off; another program changed it\n"))
      << ran.err;
  write_file(folder / "a.jsonl", many_documents(10));
  expect_refused({"data", "dedup", "a.jsonl", "--out", "o", "--resume"}, 1, refusal);
  out_of({"data", "dedup", "a.jsonl", "--out", "o"});
  expect_refused({"data", "dedup", "a.jsonl", "--out", "o", "--shards", "2"}, 1,
                 "o/text.jsonl: was written with another number of --shards than 2; remove it or "
                 "choose another folder");
}

TEST_F(DataTest, TheReportHasSourcesTokensAndSamples) {
  write_file(folder / "a.jsonl", many_documents(100));
  std::filesystem::create_directory(folder / "b");
  write_file(folder / "b/c.txt", "<b>The cat & the dog.</b>\n");
  const std::string summary = out_of(
      {"data", "dedup", "a.jsonl", "b", "b/c.txt", "--out", "o", "--tokenizer", golden("tok_v3")});
  const auto report = nlohmann::json::parse(file("o/report.json"));
  const auto tokens = nlohmann::json::parse(
      out_of({"data", "stats", "--json", "o", "--tokenizer", golden("tok_v3")}))["tokens"];
  EXPECT_EQ(report["kept"]["tokens"], tokens);
  EXPECT_EQ(report["sources"]["a.jsonl"]["dropped"]["exact duplicate"]["documents"], 10);
  EXPECT_EQ(report["sources"]["b"]["kept"]["documents"], 1);
  EXPECT_NE(summary.find("  of a.jsonl"), std::string::npos);
  const std::string page = file("o/report.html");
  EXPECT_NE(page.find("&lt;b&gt;The cat &amp; the dog.&lt;/b&gt;"), std::string::npos);
  EXPECT_EQ(page.find("<b>The"), std::string::npos);
  for (const char* outside : {"<script", "src=", "href=", "http"})
    EXPECT_EQ(page.find(outside), std::string::npos) << outside;
}

}  // namespace seekling
