// safetensors, as huggingface/safetensors defines it: u64 header length (little-endian), JSON
//   {"__metadata__": {..}, "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ..}
// and the data, row-major, which the ranges must cover without gap or overlap. A file is untrusted:
// everything in its header is checked against the size of the file.
#include "interop/safetensors.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "interop/floats.h"
#include "system/file.h"

namespace seekling {

namespace {

constexpr std::size_t kLargestHeader = 100'000'000;  // huggingface/safetensors' own limit

std::size_t bytes_of(const std::string& dtype) {
  static const std::map<std::string, std::size_t> sizes = {
      {"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"I64", 8}, {"I32", 4},  {"I16", 2},
      {"I8", 1},  {"U64", 8}, {"U32", 4}, {"U16", 2},  {"U8", 1},  {"BOOL", 1}, {"F8_E4M3", 1}};
  const auto found = sizes.find(dtype);
  return found == sizes.end() ? 0 : found->second;
}

template <class T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

std::int64_t load_integer(const std::byte* at, const std::string& dtype) {
  if (dtype == "I64" || dtype == "U64") return load<std::int64_t>(at);
  if (dtype == "I32") return load<std::int32_t>(at);
  if (dtype == "U32") return load<std::uint32_t>(at);
  if (dtype == "I16") return load<std::int16_t>(at);
  if (dtype == "U16") return load<std::uint16_t>(at);
  if (dtype == "I8") return load<std::int8_t>(at);
  return load<std::uint8_t>(at);
}

SafetensorsFile::Entry entry_of(const nlohmann::json& j, const std::string& where) {
  const bool sound = j.is_object() && j.contains("dtype") && j["dtype"].is_string() &&
                     j.contains("shape") && j["shape"].is_array() && j.contains("data_offsets") &&
                     j["data_offsets"].is_array() && j["data_offsets"].size() == 2;
  check(sound, where,
        " must have dtype, shape and two data_offsets; the file is damaged or not safetensors");
  SafetensorsFile::Entry entry;

  // The type and the shape, without overflow in the number of bytes.
  entry.dtype = j["dtype"].get<std::string>();
  const std::size_t width = bytes_of(entry.dtype);
  check(width > 0, where, " has dtype ", entry.dtype,
        ", expected F64, F32, F16, BF16, F8_E4M3 or an integer type");
  std::size_t bytes = width;
  check(j["shape"].size() <= Shape::kMost, where, " has a shape of ", j["shape"].size(),
        " dimensions, expected at most ", Shape::kMost);
  for (const auto& d : j["shape"]) {
    check(d.is_number_unsigned(), where, " has a shape that is not made of sizes");
    const std::size_t size = d.get<std::size_t>();
    check(size == 0 || bytes <= (std::size_t(1) << 62) / std::max<std::size_t>(size, 1), where,
          " has a shape larger than any file");
    bytes *= size;
    entry.shape.push_back(Index(size));
  }

  // The place in the data, which must agree with the shape.
  for (const auto& o : j["data_offsets"])
    check(o.is_number_unsigned(), where, " has offsets that are not sizes");
  entry.begin = j["data_offsets"][0].get<std::size_t>();
  entry.end = j["data_offsets"][1].get<std::size_t>();
  check(entry.begin <= entry.end && entry.end - entry.begin == bytes, where, " has ", entry.shape,
        " elements of ", entry.dtype, ", which take ", bytes, " bytes, but its data_offsets are ",
        entry.begin, " to ", entry.end);
  return entry;
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : path_(path), file_(path) {
  check(file_.bytes().size() > 8, path.string(), ": has ", file_.bytes().size(),
        " bytes, too few for a safetensors file");
  parse();
}

void SafetensorsFile::parse() {
  // The header: its length, then JSON.
  const std::uint64_t length = load<std::uint64_t>(at(0));
  check(length <= file_.bytes().size() - 8 && length <= kLargestHeader, path_.string(),
        ": its header claims ", length, " bytes, but the file has ", file_.bytes().size(),
        "; it is damaged or not safetensors");
  data_ = 8 + std::size_t(length);
  const char* text = file_.bytes().data() + 8;
  const nlohmann::json header = parse_json({text, std::size_t(length)}, path_.string());
  check(header.is_object(), path_.string(),
        ": its header is not a JSON object; it is damaged or not safetensors");

  // Its entries: tensors, and strings of metadata.
  for (const auto& [name, value] : header.items()) {
    if (name != "__metadata__") {
      entries_[name] = entry_of(value, path_.string() + ": tensor " + name);
      continue;
    }
    check(value.is_object(), path_.string(), ": __metadata__ is not an object of strings");
    for (const auto& [key, word] : value.items())
      if (word.is_string()) metadata_[key] = word.get<std::string>();
  }

  // The tensors must cover the data without gaps and overlaps.
  std::vector<std::pair<std::size_t, std::size_t>> ranges;
  for (const auto& [name, e] : entries_) ranges.emplace_back(e.begin, e.end);
  std::sort(ranges.begin(), ranges.end());
  std::size_t covered = 0;
  for (const auto& [begin, end] : ranges) {
    check(begin == covered, path_.string(), ": a tensor begins at byte ", begin,
          " of the data, expected ", covered, ": tensors overlap or leave a gap");
    covered = end;
  }
  check(covered == file_.bytes().size() - data_, path_.string(), ": its tensors end at byte ",
        covered, " of the data, but there are ", file_.bytes().size() - data_,
        "; the file is cut short or damaged");
}

const SafetensorsFile::Entry& SafetensorsFile::entry(const std::string& name) const {
  const auto found = entries_.find(name);
  check(found != entries_.end(), path_.string(), ": tensor ", name, " is missing");
  return found->second;
}

std::string_view SafetensorsFile::bytes(const std::string& name) const {
  const Entry& e = entry(name);
  return file_.bytes().substr(data_ + e.begin, e.end - e.begin);
}

void SafetensorsFile::read(const std::string& name, const Tensor& into) const {
  const Entry& e = entry(name);
  check(e.shape == into.shape(), path_.string(), ": tensor ", name, " has shape ", e.shape,
        ", expected ", into.shape());
  check(e.dtype[0] == 'F' || e.dtype == "BF16", path_.string(), ": tensor ", name, " has dtype ",
        e.dtype, ", expected a floating type");
  read_rows(into, at(data_ + e.begin), e.dtype);
}

void SafetensorsFile::read(const NamedBf16& into) const {
  const Entry& e = entry(into.name);
  check(e.shape == into.shape && e.dtype == "BF16", path_.string(), ": tensor ", into.name, " is ",
        e.dtype, " ", e.shape, ", expected BF16 ", into.shape);
  std::memcpy(into.numbers, at(data_ + e.begin), e.end - e.begin);
}

Tensor SafetensorsFile::tensor(const std::string& name) const {
  const Tensor x(entry(name).shape);
  read(name, x);
  return x;
}

std::vector<std::int64_t> SafetensorsFile::integers(const std::string& name) const {
  const Entry& e = entry(name);
  check(e.dtype[0] == 'I' || e.dtype[0] == 'U', path_.string(), ": tensor ", name, " has dtype ",
        e.dtype, ", expected integers");
  const std::size_t width = bytes_of(e.dtype);
  std::vector<std::int64_t> values;
  for (std::size_t at = e.begin; at < e.end; at += width)
    values.push_back(load_integer(this->at(data_ + at), e.dtype));
  return values;
}

std::size_t bytes_in_file(const Tensor& tensor, const std::string& dtype) {
  return std::size_t(tensor.size()) * bytes_of(dtype);
}

void write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors,
                       const std::vector<NamedIntegers>& integers,
                       const std::map<std::string, std::string>& metadata, const DtypeOf& dtype_of,
                       const std::vector<NamedBf16>& bf16) {
  // The header: each tensor's type, shape and place in the data.
  nlohmann::ordered_json header;
  header["__metadata__"] = metadata;
  std::size_t at = 0;
  const auto declare = [&](const std::string& name, const std::string& dtype, const Shape& shape,
                           std::size_t bytes) {
    header[name] = {{"dtype", dtype},
                    {"shape", std::vector<Index>(shape.begin(), shape.end())},
                    {"data_offsets", {at, at + bytes}}};
    at += bytes;
  };
  const auto dtype = [&](const std::string& name) {
    return dtype_of ? dtype_of(name) : std::string("F32");
  };
  for (const auto& [name, t] : tensors)
    declare(name, dtype(name), t.shape(), bytes_in_file(t, dtype(name)));
  for (const NamedIntegers& n : integers)
    declare(n.name, "I64", n.shape, n.values.size() * sizeof(std::int64_t));
  for (const NamedBf16& b : bf16)
    declare(b.name, "BF16", b.shape, std::size_t(b.shape.size()) * sizeof(*b.numbers));

  // Write the header, padded, and then the data in the same order.
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the numbers are aligned
  FileWriter file(path);
  const std::uint64_t length = text.size();
  file.write(&length, sizeof length);
  file.write(text.data(), text.size());
  for (const auto& [name, t] : tensors) write_rows(file, name, t.to(Device::kCpu), dtype(name));
  for (const NamedIntegers& n : integers)
    file.write(n.values.data(), n.values.size() * sizeof(std::int64_t));
  for (const NamedBf16& b : bf16)
    file.write(b.numbers, std::size_t(b.shape.size()) * sizeof(*b.numbers));
  file.finish();
}

}  // namespace seekling
