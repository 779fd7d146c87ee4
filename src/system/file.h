// Files as the formats need them: written through to the disk or not at all,
// and JSON that is not trusted.
#pragma once

#include <cstdio>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace seekling {

// Writes a file and flushes it to the disk. Every failure is an Error with the path
// and the system's reason (a full disk among them). A writer that goes without finish()
// removes what it wrote.
class FileWriter {
 public:
  explicit FileWriter(std::filesystem::path path);
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  void write(const void* bytes, std::size_t n);
  void finish();

 private:
  void expect(bool succeeded);

  std::filesystem::path path_;
  std::FILE* file_ = nullptr;
};

void write_file(const std::filesystem::path& path, std::string_view contents);
std::string read_file(const std::filesystem::path& path);

// Error, naming `source`, for text that is not JSON or nests deeper than any
// of our formats (64 levels).
nlohmann::json parse_json(std::string_view text, const std::string& source);

}  // namespace seekling
