// The documents of files, folders and standard input, some megabytes at a time, so that memory does
// not grow with the input.
//
//   .jsonl .ndjson .json   a document a line: the text under one key of an object
//   .txt .md               the file is one document, or documents with a line between them that
//                          --separator names
//   .gz .zst after these   the same, packed
//   stdin, other endings   JSON lines if the first byte is {, otherwise text
//
// Input that is not a document is skipped and counted; the first case of each kind is reported in a
// sentence. A file that cannot be read, or is damaged gzip or zstd, is an Error.
#pragma once

#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "core/say.h"
#include "stream/line_reader.h"

namespace seekling {

struct InputDocument {
  std::string text = {};   // UTF-8: malformed sequences are U+FFFD
  std::string place = {};  // "a.jsonl:17"
  std::string line = {};  // a JSON object with the text under "text" and the keys that came with it
};

struct Reading {
  std::vector<std::filesystem::path> paths = {};  // files, folders, "-" for standard input
  std::string text_field = "text";
  std::string separator = {};                // empty: a text file is one document
  Index longest = Index(64) << 20;           // bytes of a document; a longer one is skipped
  std::size_t batch = std::size_t(8) << 20;  // bytes of the documents that are read at once
};

class DocumentReader {
 public:
  DocumentReader(Reading reading, Say say);
  ~DocumentReader();

  std::vector<InputDocument> next();  // the next batch; empty only at the end

  // How far it has come, and going on from there: what was read is read again, but not parsed.
  nlohmann::ordered_json state() const;
  void resume(const nlohmann::ordered_json& state);  // before the first next()
  // The input: a number of its files' names, sizes and times of change.
  std::uint64_t fingerprint() const;

  const std::map<std::string, Index>& skipped() const { return skips; }  // by their kind
  Index documents() const { return given; }
  Index bytes() const { return read; }            // of the input, unpacked
  Index malformed() const { return malformed_; }  // sequences that were not UTF-8

 private:
  struct Piece;
  struct Parsed;
  struct Batch {
    std::vector<Piece> pieces;
    Index bytes = 0;
  };
  Batch read_batch();
  bool read_piece(Piece& piece);
  bool open_next_file();
  bool in_one_piece() const;  // whether the file is one document
  std::string whole_file();
  Parsed parse(Piece& piece) const;
  Parsed parse_json(const Piece& piece) const;
  Parsed parse_text(const Piece& piece) const;
  void skip(const char* kind, const std::string& sentence);

  const Reading reading;
  const Say say;
  std::vector<std::filesystem::path> files;
  std::size_t next_file = 0;
  std::unique_ptr<LineReader> file;
  bool json = false;
  Index number = 0;  // of the piece in its file
  std::map<std::string, Index> skips;
  Index given = 0, read = 0, malformed_ = 0;
  Index batches = 0;         // that next() has taken
  std::future<Batch> ahead;  // a thread reads it while this one is in use
};

}  // namespace seekling
