#include "report/data_page.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/check.h"
#include "core/real.h"
#include "report/html.h"

namespace seekling {

using Json = nlohmann::ordered_json;

namespace {

constexpr const char *kKept = "#2f855a", *kDropped = "#c2410c", *kNeutral = "#1d4ed8";
constexpr std::size_t kMostBars = 40;

std::string percent(double share) { return rounded(std::round(share * 10000) / 100) + " %"; }

// A whole number with a narrow blank between groups of three digits.
std::string counted(Index n) {
  std::string digits = std::to_string(n);
  for (Index at = Index(digits.size()) - 3; at > 0; at -= 3) digits.insert(std::size_t(at), " ");
  return digits;
}

Index documents_of(const Json& count) { return count.at("documents").get<Index>(); }
Index bytes_of(const Json& count) { return count.at("bytes").get<Index>(); }

std::string row(const std::vector<std::string>& cells) {
  std::string html = "<tr>";
  for (std::size_t i = 0; i < cells.size(); ++i)
    html += (i == 0 ? "<td>" : "<td class=\"number\">") + cells[i] + "</td>";
  return html + "</tr>\n";
}

std::string rules_plot(const Json& report) {
  const double all = double(std::max<Index>(documents_of(report.at("documents")), 1));
  const auto bar = [&](const std::string& name, const Json& count, const char* colour) {
    const Index n = documents_of(count);
    return Bar{name, {{double(n), colour}}, counted(n) + ", " + percent(double(n) / all)};
  };
  std::vector<Bar> bars{bar("came in", report.at("documents"), "#888888")};
  for (const auto& [rule, count] : report.at("dropped").items())
    bars.push_back(bar(rule, count, kDropped));
  bars.push_back(bar("kept", report.at("kept"), kKept));
  return bar_plot(bars);
}

std::string sources_plot(const Json& sources) {
  std::vector<Bar> bars;
  for (const auto& [name, part] : sources.items()) {
    const double kept = double(bytes_of(part.at("kept"))),
                 all = double(bytes_of(part.at("documents")));
    bars.push_back({name,
                    {{kept, kKept}, {all - kept, kDropped}},
                    percent(all > 0 ? kept / all : 0) + " kept"});
  }
  std::ranges::stable_sort(bars, std::greater(),
                           [](const Bar& bar) { return bar.parts[0].value + bar.parts[1].value; });
  const std::size_t left_out = bars.size() - std::min(bars.size(), kMostBars);
  bars.resize(bars.size() - left_out);
  std::string html = "<p>Bytes of text: green is kept, orange is not.</p>\n" + bar_plot(bars);
  if (left_out > 0) html += text("<p>", left_out, " smaller ones are in report.json.</p>\n");
  return html;
}

std::string sources_table(const Json& report) {
  const bool tokens = report.at("kept").contains("tokens");
  std::vector<std::string> head{"source", "documents", "kept", "bytes", "kept"};
  if (tokens) head.insert(head.end(), {"tokens kept", "bytes a token"});
  std::string html = "<table>\n" + row(head);
  const auto add = [&](const std::string& name, const Json& part) {
    const Json& kept = part.at("kept");
    std::vector<std::string> cells{
        escaped(name), counted(documents_of(part.at("documents"))), counted(documents_of(kept)),
        counted(bytes_of(part.at("documents"))), counted(bytes_of(kept))};
    if (tokens) {
      cells.push_back(counted(kept.at("tokens").get<Index>()));
      cells.push_back(rounded(kept.at("bytes_per_token").get<double>()));
    }
    html += row(cells);
  };
  for (const auto& [name, part] : report.at("sources").items()) add(name, part);
  add("all", report);
  return html + "</table>\n";
}

std::string lengths_plot(const Json& lengths) {
  const auto kept = lengths.at("kept").get<std::vector<Index>>(),
             dropped = lengths.at("dropped").get<std::vector<Index>>();
  std::size_t first = kept.size(), last = 0;
  for (std::size_t i = 0; i < kept.size(); ++i)
    if (kept[i] + dropped[i] > 0) first = std::min(first, i), last = i;
  std::vector<Bar> bars;
  for (std::size_t i = first; i <= last && i < kept.size(); ++i) {
    const Index low = i == 0 ? 0 : Index(1) << (i - 1), high = (Index(1) << i) - 1;
    bars.push_back({text(counted(low), " to ", counted(high), " bytes"),
                    {{double(kept[i]), kKept}, {double(dropped[i]), kDropped}},
                    text(counted(kept[i]), " of ", counted(kept[i] + dropped[i]))});
  }
  return bar_plot(bars);
}

std::string languages_plot(const Json& languages) {
  std::vector<Bar> bars;
  for (const auto& [language, count] : languages.items())
    bars.push_back({language, {{count.get<double>(), kNeutral}}, counted(count.get<Index>())});
  std::ranges::stable_sort(bars, std::greater(), [](const Bar& b) { return b.parts[0].value; });
  if (bars.size() > kMostBars) bars.resize(kMostBars);
  return bar_plot(bars);
}

std::string boxed(const char* side, const std::string& title, const Json& begins) {
  return text("<div class=\"", side, "\"><b>", escaped(title), "</b><pre>",
              escaped(begins.get<std::string>()), "</pre></div>\n");
}

// Each dropped document, and beside it the kept one that it repeats, or just some kept one.
std::string samples_of(const Json& samples) {
  const Json& kept = samples.at("kept");
  std::string html;
  std::size_t next = 0;
  for (const auto& [rule, some] : samples.at("dropped").items()) {
    html += "<h3>" + escaped(rule) + "</h3>\n";
    for (const Json& sample : some) {
      std::string title = sample.at("document").get<std::string>();
      for (const auto& [key, value] : sample.at("why").items())
        title += "; " + key + " " + (value.is_string() ? value.get<std::string>() : value.dump());
      html += "<div class=\"pair\">" + boxed("dropped", title, sample.at("begins"));
      if (sample.contains("beside")) {
        html += boxed("kept", "kept: " + sample.at("why").at("kept").get<std::string>(),
                      sample.at("beside"));
      } else if (!kept.empty()) {
        const Json& any = kept[next++ % kept.size()];
        html += boxed("kept", "kept, not related: " + any.at("document").get<std::string>(),
                      any.at("begins"));
      }
      html += "</div>\n";
    }
  }
  if (!html.empty()) return html;
  for (const Json& any : kept)
    html += boxed("kept", any.at("document").get<std::string>(), any.at("begins"));
  return html;
}

// What else the stages counted: numbers, and objects of numbers.
std::string details_table(const Json& report) {
  std::string rows;
  for (const auto& [key, value] : report.items()) {
    if (key == "log2_bytes" || key == "sources" || key == "documents" || key == "kept" ||
        key == "dropped" || key == "languages")
      continue;
    if (!value.is_object()) rows += row({escaped(key), escaped(value.dump())});
    else
      for (const auto& [name, number] : value.items())
        rows += row({escaped(key + ": " + name), escaped(number.dump())});
  }
  return "<table>\n" + rows + "</table>\n";
}

}  // namespace

std::string data_page(const Json& report, const Json& samples) {
  const Index in = documents_of(report.at("documents")), kept = documents_of(report.at("kept"));
  std::string body = "<p>" + counted(in) + " documents were read, " + counted(kept) +
                     " are kept: " + counted(bytes_of(report.at("kept"))) + " of " +
                     counted(bytes_of(report.at("documents"))) + " bytes of text.</p>\n";
  body += "<h2>Dropped by each rule</h2>\n" + rules_plot(report);
  body += "<h2>Sources</h2>\n";
  if (report.at("sources").size() > 1) body += sources_plot(report.at("sources"));
  body += sources_table(report);
  body += "<h2>Lengths</h2>\n<p>Documents: green is kept, orange is not.</p>\n" +
          lengths_plot(report.at("log2_bytes"));
  if (report.contains("languages"))
    body += "<h2>Languages</h2>\n" + languages_plot(report.at("languages"));
  body += "<h2>Dropped and kept</h2>\n" + samples_of(samples);
  body += "<h2>Counts</h2>\n" + details_table(report);
  return html_page("Data: what was read, and what is kept", body);
}

}  // namespace seekling
