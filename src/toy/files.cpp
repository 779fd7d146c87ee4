// The toy world as files: JSON lines, written aside and renamed, so that a folder
// never holds half a file.
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/check.h"
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
  const fs::path aside = path.string() + ".part";
  std::ofstream out(aside, std::ios::binary);
  check(out.is_open(), "toy world: cannot create ", aside.string(), "; is the folder writable?");
  for (const Row& row : rows) out << to_json(row).dump() << '\n';
  out.close();
  std::error_code failure;
  if (!out.fail()) fs::rename(aside, path, failure);
  if (!out.fail() && !failure) return;
  std::error_code ignored;
  fs::remove(aside, ignored);
  throw Error(text("toy world: could not write ", path.string(), "; is the disk full?"));
}

void write_toy_world(const fs::path& folder, const ToyWorld& world) {
  std::error_code failure;
  fs::create_directories(folder, failure);
  check(fs::is_directory(folder, failure), "toy world: cannot create the folder ", folder.string(),
        "; choose one that can be written");
  write_lines(folder / "train.jsonl", world.train);
  write_lines(folder / "heldout.jsonl", world.heldout);
  write_lines(folder / "questions.jsonl", world.questions);
}

static Question parse_question(const std::string& line, const std::string& where) {
  const Json row = Json::parse(line, nullptr, /*allow_exceptions=*/false);
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
  std::ifstream in(path, std::ios::binary);
  check(in.is_open() && !fs::is_directory(path, ignored), path.string(),
        ": cannot be read as a file of questions; make one with `./seekling data make`");
  std::vector<Question> questions;
  std::string line;
  for (Index number = 1; std::getline(in, line); ++number)
    questions.push_back(parse_question(line, text(path.string(), ", line ", number)));
  check(!in.bad(), path.string(), ": reading failed after ", questions.size(), " questions");
  check(!questions.empty(), path.string(),
        ": holds no questions; make them with `./seekling data make`");
  return questions;
}

}  // namespace seekling
