#include "course/starter.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <regex>
#include <sstream>

#include "core/check.h"

namespace seekling {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kWidth = 100;  // of a line of src/

std::string trimmed(const std::string& line) {
  const std::size_t begin = line.find_first_not_of(' ');
  return begin == line.npos ? "" : line.substr(begin, line.find_last_not_of(' ') + 1 - begin);
}

bool is_comment(const std::string& line) { return trimmed(line).starts_with("//"); }

bool is_blank(const std::string& line) { return trimmed(line).empty(); }

std::size_t indent_of(const std::string& line) { return line.find_first_not_of(' '); }

// `lines` without spaces and comments, as one line.
std::string squeezed(const Lines& lines) {
  std::string all;
  for (const std::string& line : lines)
    for (const char c : line.substr(0, line.find("//")))
      if (c != ' ') all += c;
  return all;
}

// The end of the run of lines from `begin` on that reads `wanted` when squeezed.
std::optional<std::size_t> end_of_run(const Lines& source, std::size_t begin,
                                      const std::string& wanted) {
  std::string run;
  for (std::size_t end = begin; end < source.size() && wanted.starts_with(run);) {
    run += squeezed({source[end++]});
    if (run == wanted) return end;
  }
  return {};
}

// A task as an Error's first words.
std::string where_is(const Task& task, const fs::path& page) {
  return text(page.string(), ": exercise ", task.exercise, " in src/", task.source.string(), ": ");
}

Task read_task(const std::string& exercise, const CodeBlock& block, const fs::path& page) {
  Task task{exercise, block.lines[0].substr(std::string("// src/").size()), {}, {}, ""};
  const std::string name = where_is(task, page);
  for (auto line = block.lines.begin() + 1; line != block.lines.end(); ++line) {
    if (!is_comment(*line)) {
      (task.text.empty() ? task.before : task.after).push_back(*line);
      continue;
    }
    check(task.after.empty(), name, "found a second comment, \"", trimmed(*line),
          "\", expected one");
    task.text += (task.text.empty() ? "" : " ") + trimmed(trimmed(*line).substr(2));
  }
  check(block.closed, name, "the block has no last line \"```\"");
  check(!task.text.empty(), name,
        "the block has no comment in the body's place, expected the task");
  check(!squeezed(task.before).empty(), name,
        "the block shows no line before the comment, expected a line that occurs once");
  check(!squeezed(task.after).empty(), name,
        "the block shows no line after the comment, expected the line after the body");
  return task;
}

// Says which line is not there, or that all are, but not in a run.
std::string missing(const Task& task, const Lines& source) {
  const std::string all = squeezed(source);
  for (const std::string& line : task.before)
    if (all.find(squeezed({line})) == all.npos)
      return "found no line \"" + trimmed(line) + "\", expected it before the body";
  return "the lines before the comment are there, but not one after the other";
}

struct Run {
  std::size_t begin, end;
};

Run find_before(const Task& task, const Lines& source, const fs::path& page) {
  const std::string wanted = squeezed(task.before);
  std::vector<Run> found;
  for (std::size_t begin = 0; begin < source.size(); ++begin)
    if (const auto end = end_of_run(source, begin, wanted);
        end && !squeezed({source[begin]}).empty())
      found.push_back({begin, *end});
  check(!found.empty(), where_is(task, page), missing(task, source));
  check(found.size() == 1, where_is(task, page), "found \"", trimmed(task.before.back()), "\" ",
        found.size(), " times, expected it once; show more of the lines before the body");
  return found[0];
}

Body find_body(const Task& task, const Lines& source, std::size_t begin, const fs::path& page) {
  const std::string after = squeezed(task.after);
  while (begin < source.size() && is_blank(source[begin])) ++begin;
  check(begin < source.size() && !end_of_run(source, begin, after), where_is(task, page),
        "found nothing between \"", trimmed(task.before.back()), "\" and \"",
        trimmed(task.after[0]), "\", expected a body");
  std::size_t end = begin;
  while (end < source.size() &&
         (is_blank(source[end]) || indent_of(source[end]) >= indent_of(source[begin])))
    ++end;
  check(end_of_run(source, end, after).has_value(), where_is(task, page),
        "the line after the body is \"", end < source.size() ? trimmed(source[end]) : "",
        "\", expected \"", trimmed(task.after[0]), "\"");
  return {task.exercise, task.text, begin, end};
}

std::size_t characters_in(const std::string& word) {  // bytes of UTF-8 that begin one
  return std::size_t(
      std::count_if(word.begin(), word.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string comment_of(const std::string& words, const std::string& indent) {
  std::string comment, line = indent + "//";
  std::istringstream in(words);
  for (std::string word; in >> word;) {
    if (characters_in(line) + 1 + characters_in(word) > kWidth) {
      comment += line + "\n";
      line = indent + "//";
    }
    line += " " + word;
  }
  return comment + line + "\n";
}

}  // namespace

std::vector<Task> tasks_of(const Section& section, const fs::path& page) {
  std::vector<Task> tasks;
  for (const CodeBlock& block : blocks_of(section.lines))
    if (!block.lines.empty() && block.lines[0].starts_with("// src/"))
      tasks.push_back(read_task(section.number, block, page));
  return tasks;
}

std::vector<Body> bodies_of(const std::vector<Task>& tasks, const Lines& source,
                            const fs::path& page) {
  struct Place {
    Run before;
    Body body;
    const Task* task;
  };
  std::vector<Place> places;
  for (const Task& task : tasks) {
    const Run before = find_before(task, source, page);
    places.push_back({before, find_body(task, source, before.end, page), &task});
  }
  std::sort(places.begin(), places.end(),
            [](const Place& a, const Place& b) { return a.body.begin < b.body.begin; });
  std::vector<Body> bodies;
  for (const Place& place : places) {
    check(bodies.empty() || bodies.back().end <= place.before.begin, where_is(*place.task, page),
          "its place overlaps the body of ", bodies.empty() ? "" : bodies.back().exercise,
          ", expected it outside");
    bodies.push_back(place.body);
  }
  return bodies;
}

std::string starter_of(const Lines& source, const std::vector<Body>& bodies) {
  std::string starter;
  std::size_t kept = 0;
  for (const Body& body : bodies) {
    const std::string indent(indent_of(source[body.begin]), ' ');
    starter +=
        text_of(source.begin() + std::ptrdiff_t(kept), source.begin() + std::ptrdiff_t(body.begin));
    starter += comment_of("Exercise " + body.exercise + ". " + body.task, indent);
    starter += indent + "throw Error(\"exercise " + body.exercise + " is not yet attempted\");\n";
    starter += indent + "// End of exercise " + body.exercise + ".\n";
    kept = body.end;
  }
  return starter + text_of(source.begin() + std::ptrdiff_t(kept), source.end());
}

}  // namespace seekling
