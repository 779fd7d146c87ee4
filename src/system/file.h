// File access for all formats: files that are written through to the disk or not at all, and
// untrusted bytes and JSON.
#pragma once

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
  void rewrite_beginning(const void* bytes, std::size_t n);  // of a file that has them already
  void finish();

 private:
  void expect(bool succeeded) const;
  void flush();

  std::filesystem::path path_;
  int file_;
  bool finished_ = false;
  std::string buffer_;
};

// A file that grows by complete pieces: a piece that does not fit on the disk leaves no part of it.
class AppendFile {
 public:
  explicit AppendFile(std::filesystem::path path);  // which is made if it is not there
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  void append(std::string_view piece);  // passed to the system: survives a kill -9
  void flush();                         // to the disk: survives a power cut

 private:
  std::filesystem::path path_;
  int file_;
};

void write_file(const std::filesystem::path& path, std::string_view contents);

// Gives the finished file `aside` the name `path`, so that a reader sees the old file or the new.
void put_in_place(const std::filesystem::path& aside, const std::filesystem::path& path);

// Writes PATH.tmp and puts it in place.
void replace_file(const std::filesystem::path& path, std::string_view contents);

// The names in a folder, through to the disk. Error if that fails.
void flush_folder(const std::filesystem::path& folder);

// Makes a folder and those above it, through to the disk. The error, if one of them cannot be made.
std::error_code make_folders(const std::filesystem::path& folder);

// The contents of an ordinary file; Error for anything else, and for more bytes than most_text().
std::string read_file(const std::filesystem::path& path);

// All of a stream; Error, naming `source`, if it is longer than `most`.
std::string read_stream(std::istream& in, const std::string& source, std::size_t most);

// An ordinary file, opened for reading; Error for anything else. A pipe is not waited for.
int open_for_reading(const std::filesystem::path& path);

// The memory of this machine in bytes, or less where a limit is set (ulimit -v).
std::size_t memory_size();

// The most bytes of text that are read into memory at once, a quarter of it.
std::size_t most_text();

// Error, naming `source`, for text that is not JSON or nests deeper than any
// of our formats (64 levels), and for text whose values may not fit into memory.
nlohmann::json parse_json(std::string_view text, const std::string& source);

// The same; a discarded value instead of an Error for text that is not JSON or nests too deep. Json
// is nlohmann::json, or nlohmann::ordered_json, which keeps the order of the keys.
template <class Json = nlohmann::json>
Json parse_json_or_discard(std::string_view text, const std::string& source);

}  // namespace seekling
