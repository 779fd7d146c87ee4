#include "report/report.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>

#include "core/check.h"

namespace seekling {

static Report sample_report(Index steps) {
  Report report;
  report.title = "tiny <b>";
  report.settings = {{"--data", "a & b.txt"}, {"--lr", "0.001"}};
  report.samples = "Once </pre><script>alert('x')</script>";
  report.first_moe_layer = 1;
  for (Index step = 1; step <= steps; ++step) {
    StepMetrics m;
    m.step = step, m.loss = 5 / std::sqrt(double(step)), m.lr = 1e-3 * double(step);
    m.expert_load = {{0.25, 0.25, 0.25, 0.25}, {0.5, 0, 0.25, 0.25}};
    if (step % 10 == 0) m.heldout_loss = m.loss + 0.1, m.heldout_bits_per_byte = 1.25;
    report.metrics.push_back(m);
  }
  return report;
}

static Index count(const std::string& text, const std::string& part) {
  Index n = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST(Report, HasTheCurvesTheLoadTheSamplesAndTheSettings) {
  const std::string html = report_html(sample_report(20));
  for (const char* part :
       {"<h2>Loss</h2>", ">held-out</text>", "<h2>Learning rate</h2>", "<h3>layer 1</h3>",
        "<h3>layer 2</h3>", "<h2>Samples</h2>", "<td>--lr</td><td>0.001</td>",
        "held-out loss 1.218 at step 20, 1.25 bits per byte"})
    EXPECT_NE(html.find(part), html.npos) << part;
  EXPECT_EQ(count(html, "class=\"curve\""), 3);
  EXPECT_EQ(count(html, "<svg"), count(html, "</svg>"));
  EXPECT_EQ(count(html, "<rect"), 2 * 4 * 20);
}

TEST(Report, EscapesWhatItWasGiven) {
  const std::string html = report_html(sample_report(2));
  EXPECT_EQ(html.find("<script"), html.npos);
  EXPECT_NE(html.find("Once &lt;/pre&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"),
            html.npos);
  EXPECT_NE(html.find("<h1>tiny &lt;b&gt;</h1>"), html.npos);
  EXPECT_NE(html.find("a &amp; b.txt"), html.npos);
}

TEST(Report, AsksNothingOfTheNetwork) {
  const std::string html = report_html(sample_report(20));
  for (const char* part : {"http", "src=", "href=", "url(", "@import"})
    EXPECT_EQ(html.find(part), html.npos) << part;
}

TEST(Report, ShowsAnExpertAtTwiceItsShareInOrangeAndAnIdleOneInBlue) {
  const std::string html = report_html(sample_report(1));
  EXPECT_EQ(count(html, "fill=\"#ff871e\""), 1);
  EXPECT_EQ(count(html, "fill=\"#377dcd\""), 1);
  EXPECT_EQ(count(html, "fill=\"#ffffff\""), 6);
}

TEST(Report, StaysSmallForLongRuns) {
  EXPECT_LT(report_html(sample_report(50'000)).size(), 300'000u);
}

TEST(Report, IsAPageForARunThatHasNoStepsOrOnlyBadOnes) {
  const std::string empty = report_html(sample_report(0));
  EXPECT_NE(empty.find("No step has been taken yet."), empty.npos);
  EXPECT_NE(empty.find("This model has no experts."), empty.npos);
  Report bad = sample_report(1);
  bad.metrics[0].loss = bad.metrics[0].expert_load[0][0] = std::nan("");
  EXPECT_EQ(report_html(bad).find("nan\""), std::string::npos);
}

TEST(Report, IsWrittenWholeOrNotAtAll) {
  namespace fs = std::filesystem;
  const fs::path path = fs::temp_directory_path() / text("seekling_report_", ::getpid(), ".html");
  write_report(path, sample_report(3));
  EXPECT_EQ(fs::file_size(path), report_html(sample_report(3)).size());
  EXPECT_FALSE(fs::exists(path.string() + ".tmp"));
  fs::remove(path);
  if (fs::exists("/dev/full")) {
    fs::create_symlink("/dev/full", path.string() + ".tmp");
    EXPECT_THROW(write_report(path, sample_report(3)), Error);
    EXPECT_FALSE(fs::exists(path) || fs::is_symlink(path.string() + ".tmp"));
  }
  try {
    write_report("/nowhere/report.html", sample_report(1));
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(),
                 "/nowhere/report.html.tmp: cannot be written (No such file or directory); nothing "
                 "was replaced");
  }
}

}  // namespace seekling
