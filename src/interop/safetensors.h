// The safetensors format: an 8-byte length, a JSON header of that length with the location of each
// tensor, then the data.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "system/mapped_file.h"
#include "tensor/tensor.h"

namespace seekling {

// Numbers that are kept in bf16 (core/half.h), which a Tensor does not hold.
struct NamedBf16 {
  std::string name;
  Shape shape;
  std::uint16_t* numbers;
};

class SafetensorsFile {
 public:
  struct Entry {
    std::string dtype;  // F64 F32 F16 BF16 F8_E4M3 I64 I32 ... as in the file
    Shape shape;
    std::size_t begin = 0, end = 0;  // bytes, behind the header
  };

  // Maps the file. Error, one sentence with the path, unless every length and range in it is sound.
  explicit SafetensorsFile(const std::filesystem::path& path);

  const std::map<std::string, Entry>& entries() const { return entries_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  bool has(const std::string& name) const { return entries_.contains(name); }
  std::string_view bytes(const std::string& name) const;  // of a tensor, as they are in the file

  void read(const std::string& name, const Tensor& into) const;       // to real; shapes must agree
  Tensor tensor(const std::string& name) const;                       // the same, into a new tensor
  void read(const NamedBf16& into) const;                             // BF16 as it is
  std::vector<std::int64_t> integers(const std::string& name) const;  // I64, I32, U16, U32 ...

 private:
  const Entry& entry(const std::string& name) const;
  const std::byte* at(std::size_t i) const {
    return reinterpret_cast<const std::byte*>(file_.bytes().data()) + i;
  }
  void parse();

  std::filesystem::path path_;
  MappedFile file_;
  std::size_t data_ = 0;  // where the numbers begin
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::string> metadata_;
};

// Integer tensors beside the floating ones, for what is not a parameter.
struct NamedIntegers {
  std::string name;
  Shape shape;
  std::vector<std::int64_t> values;
};

// "F32", "BF16" or "F16", by the tensor's name. Empty: F32 for all.
using DtypeOf = std::function<std::string(const std::string& name)>;

std::size_t bytes_in_file(const Tensor& tensor, const std::string& dtype);

// In the order given: the same tensors give the same bytes. The file is written through
// to the disk. Error, with the system's reason, if that fails; and for a number that F16 cannot
// hold, with the tensor's name.
void write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors,
                       const std::vector<NamedIntegers>& integers = {},
                       const std::map<std::string, std::string>& metadata = {{"format", "pt"}},
                       const DtypeOf& dtype_of = {}, const std::vector<NamedBf16>& bf16 = {});

}  // namespace seekling
