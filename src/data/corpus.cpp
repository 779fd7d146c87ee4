// Finding, mapping and splitting the user's texts. What is wrong with them is said here,
// in one sentence each.
#include "data/corpus.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>

#include "core/check.h"
#include "data/find_files.h"
#include "system/atomic_save.h"
#include "system/file.h"
#include "system/mapped_file.h"
#include "unicode/text_file.h"
#include "unicode/unicode.h"

namespace seekling {

namespace fs = std::filesystem;

static Index readable_size(const fs::path& file) {
  // Before errno is read, because arguments have no order.
  const bool readable = ::access(file.c_str(), R_OK) == 0;
  check(readable, file.string(), ": cannot be read: ", std::strerror(errno));
  std::error_code failed;
  const auto size = fs::file_size(file, failed);  // fails for a pipe or a device: no second read
  check(!failed, file.string(), ": is not an ordinary file; give a file, not a pipe or a device");
  return Index(size);
}

static std::string joined(const std::vector<fs::path>& paths) {
  std::string all;
  for (const fs::path& path : paths) all += (all.empty() ? "" : ", ") + path.string();
  return all;
}

Corpus::Corpus(const std::vector<fs::path>& paths) {
  check(!paths.empty(), "--data: names no file; give text files, .jsonl files or folders of them");
  for (const fs::path& path : paths) {
    std::error_code ignored;
    recover(fs::is_directory(path, ignored) ? path : path.parent_path());  // of data make
    check(fs::exists(path, ignored), path.string(),
          ": no such file or folder; --data takes text files, .jsonl files or "
          "folders of them");
    const std::vector<fs::path> files =
        fs::is_directory(path) ? files_below(path, {".txt", ".md", ".jsonl"}, passed_over)
                               : std::vector{path};
    found.insert(found.end(), files.begin(), files.end());
  }
  for (const fs::path& file : found) total += readable_size(file);
  check(total > 0, joined(paths), ": found 0 bytes of text; --data needs at least one document");
}

// The string under the key "text"; null if there is none.
static const std::string* text_of(const nlohmann::json& value) {
  return value.is_object() && value.contains("text") ? value["text"].get_ptr<const std::string*>()
                                                     : nullptr;
}

// A line of a .jsonl file: {"text": "...", ...}. Other keys are ignored.
static std::string document_of(std::string_view line, const fs::path& path, Index number) {
  const auto value = parse_json_or_discard(line, text(path.string(), ":", number));
  const auto found = [&] {
    return utf8_lossy(line.substr(0, 40)) + (line.size() > 40 ? "..." : "");
  };
  const char* expected =
      R"(; expected an object such as {"text": "..."}; correct the line or remove it)";
  check(!value.is_discarded() || count_malformed(line) == 0, path.string(), ":", number,
        ": found bytes that are not UTF-8, which JSON does not allow; correct the line, or give "
        "the text as a .txt file, "
        "where "
        "they are kept");
  check(!value.is_discarded(), path.string(), ":", number, ": found ", found(),
        ", which is not JSON", expected);
  check(text_of(value) != nullptr, path.string(), ":", number, ": found ", found(),
        ", without a string under the key \"text\"", expected);
  return *text_of(value);
}

// The documents of a .json file: an array of texts or of objects with them, or one such object.
static std::vector<std::string> documents_of(const nlohmann::json& file, const fs::path& path) {
  std::vector<std::string> documents;
  const auto add = [&](const nlohmann::json& value) {
    const std::string* text =
        value.is_string() && file.is_array() ? value.get_ptr<const std::string*>() : text_of(value);
    check(text != nullptr, path.string(), ": found ", utf8_lossy(value.dump().substr(0, 40)),
          R"(, expected a JSON array of texts or of objects such as {"text": "..."}; to train on )",
          "the file as it is, give it the ending .txt");
    documents.push_back(*text);
  };
  if (file.is_array()) std::ranges::for_each(file, add);
  else add(file);
  return documents;
}

static void for_each_line(std::string_view all,
                          const std::function<void(std::string_view, Index)>& visit) {
  for (Index number = 1; !all.empty(); ++number) {
    const std::size_t end = std::min(all.find('\n'), all.size());
    visit(all.substr(0, end), number);
    all.remove_prefix(std::min(end + 1, all.size()));
  }
}

void Corpus::for_each(const VisitDocument& visit) const {
  Index documents = 0;
  const auto hand_out = [&](std::string_view document) {
    if (document.find_first_not_of(" \t\r\n") == document.npos) return;
    ++documents;
    visit(document);
  };
  for (const fs::path& path : found) {
    const MappedFile file(path);
    std::string converted;
    const std::string_view text = text_in_file(file.bytes(), converted, path.string());
    const bool json = path.extension() == ".json";
    const auto whole = json ? parse_json_or_discard(text, path.string()) : nlohmann::json();
    if (json && !whole.is_discarded()) {
      for (const std::string& document : documents_of(whole, path)) hand_out(document);
    } else if (json || path.extension() == ".jsonl") {  // or lines of JSON under the other ending
      for_each_line(text, [&](std::string_view line, Index number) {
        if (line.find_first_not_of(" \t\r") != line.npos) hand_out(document_of(line, path, number));
      });
    } else {
      hand_out(text);
    }
  }
  check(documents > 0, joined(found),
        ": found no text, only white space; --data needs at least one document");
}

// FNV-1a (Fowler, Noll & Vo). Its low bits are its weak ones, so the high ones are folded
// in before the modulo.
bool is_heldout(std::string_view document) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char c : document) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return (hash ^ (hash >> 32)) % 50 == 0;
}

// Where the held-out tail of a document begins.
static std::size_t tail(std::string_view document) {
  std::size_t cut = document.size() - document.size() / 50;
  const std::size_t line_break = document.find('\n', cut);
  if (line_break != document.npos && line_break + 1 < document.size()) return line_break + 1;
  const auto inside_character = [&](std::size_t i) {
    return (static_cast<unsigned char>(document[i]) & 0xC0) == 0x80;
  };
  while (cut > 0 && cut < document.size() && inside_character(cut)) --cut;
  return cut;
}

Split::Split(const Corpus& c) : corpus(c) {
  Index drawn_bytes = 0, tail_bytes = 0, all_bytes = 0;
  corpus.for_each([&](std::string_view document) {
    ++documents;
    all_bytes += Index(document.size());
    tail_bytes += Index(document.size() - tail(document));
    if (is_heldout(document)) drawn_bytes += Index(document.size());
  });
  whole_documents = documents >= 100 && drawn_bytes > 0 && drawn_bytes < all_bytes;
  heldout_bytes = whole_documents ? drawn_bytes : tail_bytes;
  train_bytes = all_bytes - heldout_bytes;
}

void Split::for_each_train(const VisitDocument& visit) const {
  corpus.for_each([&](std::string_view document) {
    if (whole_documents) {
      if (!is_heldout(document)) visit(document);
    } else if (const std::size_t cut = tail(document); cut > 0) {
      visit(document.substr(0, cut));
    }
  });
}

void Split::for_each_heldout(const VisitDocument& visit) const {
  corpus.for_each([&](std::string_view document) {
    if (whole_documents) {
      if (is_heldout(document)) visit(document);
    } else if (const std::size_t cut = tail(document); cut < document.size()) {
      visit(document.substr(cut));
    }
  });
}

}  // namespace seekling
