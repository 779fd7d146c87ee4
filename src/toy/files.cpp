// The toy world as files: JSON lines, all three or none.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/check.h"
#include "system/atomic_save.h"
#include "system/file.h"
#include "system/folder_lock.h"
#include "toy/world.h"

namespace seekling {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

static Json to_json(const Document& d) {
  return {{"kind", d.kind}, {"language", d.language}, {"text", d.text}};
}

static Json to_json(const Question& q) {
  return {{"kind", q.kind}, {"language", q.language}, {"prompt", q.prompt}, {"answer", q.answer}};
}

template <class Row>
static void write_lines(const fs::path& path, const std::vector<Row>& rows) {
  FileWriter file(path);
  for (const Row& row : rows) {
    const std::string line = to_json(row).dump() + "\n";
    file.write(line.data(), line.size());
  }
  file.finish();
}

void write_toy_world(const fs::path& folder, const ToyWorld& world) {
  check(!make_folders(folder), "toy world: cannot create the folder ", folder.string(),
        "; choose one that can be written");
  const FolderLock lock(folder);
  AtomicSave save(folder);
  write_lines(save.file("train.jsonl"), world.train);
  write_lines(save.file("heldout.jsonl"), world.heldout);
  write_lines(save.file("questions.jsonl"), world.questions);
  save.commit();
}

static Question parse_question(std::string_view line, const std::string& where) {
  const nlohmann::json row = parse_json_or_discard(line, where);
  check(row.is_object(), where, ": not a JSON object; each line must hold one question");
  const auto field = [&](const char* key) {
    const auto found = row.find(key);
    check(found != row.end() && found->is_string() && !found->get_ref<const std::string&>().empty(),
          where, ": \"", key,
          "\" is missing or not a string with something in it; a question has kind, language, "
          "prompt and answer");
    return found->template get<std::string>();
  };
  return {field("kind"), field("language"), field("prompt"), field("answer")};
}

std::vector<Question> read_questions(const fs::path& path) {
  std::error_code ignored;
  recover(path.parent_path());
  check(fs::is_regular_file(path, ignored), path.string(),
        ": cannot be read as a file of questions; make one with `./seekling data make`");
  const std::string all = read_file(path);
  std::string_view rest = all;
  std::vector<Question> questions;
  for (Index number = 1; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    questions.push_back(
        parse_question(rest.substr(0, end), text(path.string(), ", line ", number)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  check(!questions.empty(), path.string(),
        ": holds no questions; make them with `./seekling data make`");
  return questions;
}

}  // namespace seekling
