// GGUF, the file format of llama.cpp: named values, then named tensors. gguf_checkpoint.h maps them
// to a model.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "system/mapped_file.h"
#include "tensor/tensor.h"

namespace seekling {

// The file has twelve kinds of numbers. Read, integers of any width are one type and floats of both
// another; written, they become u32, arrays of i32, and f32.
using GgufValue = std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>,
                               std::vector<double>, std::vector<std::string>>;

class GgufFile {
 public:
  struct Entry {
    std::string dtype;     // F32, F16, BF16, or blocks: Q8_0, Q4_0, Q5_0, Q4_K or Q6_K
    Shape shape;           // the last dimension is a row, as in Tensor; the file has it first
    std::size_t file = 0;  // which shard
    std::size_t begin = 0, end = 0;
  };

  // Maps the file and, if it is a shard, all the others beside it. Error, one sentence with the
  // path, unless every length, count and range in them is sound.
  explicit GgufFile(const std::filesystem::path& path);

  std::string path() const { return path_; }
  const std::map<std::string, GgufValue>& values() const { return values_; }
  const std::map<std::string, Entry>& tensors() const { return tensors_; }

  // The rows of a tensor from `first` on, as many as `into` has. They must be there, and as wide.
  void read_rows(const std::string& tensor, Index first, const Tensor& into) const;

 private:
  using Values = std::map<std::string, GgufValue>;

  Values add_file(const std::filesystem::path& path);  // its values
  void add_shards(const std::filesystem::path& one, std::int64_t number, std::int64_t count);
  void read_infos(class GgufCursor& at, const Values& values, std::uint64_t count);

  std::string path_;
  std::vector<std::unique_ptr<MappedFile>> files_;
  Values values_;
  std::map<std::string, Entry> tensors_;
};

struct GgufTensor {
  std::string name, dtype;
  Shape shape;
  std::vector<Tensor> parts;  // whose rows, one part behind the other, are the tensor's
};

// In the order given: the same contents give the same bytes. The file is written
// through to the disk.
void write_gguf(const std::filesystem::path& path,
                const std::vector<std::pair<std::string, GgufValue>>& values,
                const std::vector<GgufTensor>& tensors);

}  // namespace seekling
