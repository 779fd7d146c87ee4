// The format, version 3 (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md),
// little-endian throughout:
//   "GGUF"  u32 version  u64 number of tensors  u64 number of values
//   each value:   string key, u32 type, then the number, string or array (u32 type, u64 length,
//                 elements)
//   each tensor:  string name, u32 number of dimensions, u64 each, innermost first, u32 type,
//                 u64 offset in the data
//   zeros to a multiple of the alignment (32), then the data, each tensor at its offset, which is a
//   multiple of the alignment, too
// A string is a u64 length and its bytes. A file comes from outside: no length is believed before
// that many bytes are there, and nothing is reserved for a count.
#include "interop/gguf.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <cstring>
#include <optional>

#include "core/check.h"
#include "interop/floats.h"

namespace seekling {

namespace {

constexpr std::uint32_t kVersion = 3;
constexpr std::int64_t kAlignment = 32;
constexpr std::size_t kLongestName = 256;
constexpr std::string_view kMagic = "GGUF";

enum ValueType : std::uint32_t {
  kU8,
  kI8,
  kU16,
  kI16,
  kU32,
  kI32,
  kF32,
  kBool,
  kString,
  kArray,
  kU64,
  kI64,
  kF64
};

// ggml's numbers for the types of tensors. The first four are written, too.
constexpr std::array<std::pair<std::uint32_t, const char*>, 8> kTensorTypes = {{{0, "F32"},
                                                                                {1, "F16"},
                                                                                {30, "BF16"},
                                                                                {8, "Q8_0"},
                                                                                {2, "Q4_0"},
                                                                                {6, "Q5_0"},
                                                                                {12, "Q4_K"},
                                                                                {14, "Q6_K"}}};
constexpr std::size_t kWritten = 4;

const char* tensor_type(std::uint32_t number) {
  for (const auto& [known, name] : kTensorTypes)
    if (known == number) return name;
  return nullptr;
}

std::uint32_t number_of_type(const std::string& dtype) {
  for (std::size_t i = 0; i < kWritten; ++i)
    if (dtype == kTensorTypes[i].second) return kTensorTypes[i].first;
  throw Error("gguf: " + dtype + " is not a type of tensors, expected F32, F16, BF16 or Q8_0");
}

std::size_t padded(std::size_t n, std::size_t alignment) {
  return (n + alignment - 1) / alignment * alignment;
}

}  // namespace

// The read position. Every read checks that the file is long enough.
class GgufCursor {
 public:
  GgufCursor(const MappedFile& file, std::string path) : file_(file), path_(std::move(path)) {}

  std::size_t position() const { return at_; }
  const std::string& path() const { return path_; }

  template <class T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof(T)), sizeof(T));
    return value;
  }
  std::string string() {
    const auto length = number<std::uint64_t>();
    const char* bytes = take(length);
    return {bytes, std::size_t(length)};
  }
  // The name of a value or tensor. Messages may contain it, so it must be short and printable.
  std::string name() {
    const std::size_t begin = at_;
    const std::string s = string();
    const bool printable =
        std::all_of(s.begin(), s.end(), [](char c) { return c > ' ' && c <= '~'; });
    check(!s.empty() && s.size() <= kLongestName && printable, path_, ": the name at byte ", begin,
          " has ", s.size(), " bytes, expected 1 to ", kLongestName,
          " printable characters; the file is damaged");
    return s;
  }
  GgufValue value(std::uint32_t type, const std::string& key) {
    switch (type) {
      case kU8: return std::int64_t(number<std::uint8_t>());
      case kI8: return std::int64_t(number<std::int8_t>());
      case kU16: return std::int64_t(number<std::uint16_t>());
      case kI16: return std::int64_t(number<std::int16_t>());
      case kU32: return std::int64_t(number<std::uint32_t>());
      case kI32: return std::int64_t(number<std::int32_t>());
      case kU64: return std::int64_t(number<std::uint64_t>());  // negative beyond 2^63: no size
      case kI64: return number<std::int64_t>();
      case kF32: return double(number<float>());
      case kF64: return number<double>();
      case kBool: return number<std::uint8_t>() != 0;
      case kString: return string();
      case kArray: return array(key);
      default:
        throw Error(text(path_, ": the value ", key, " has type ", type,
                         ", expected 0 to 12; the file is damaged"));
    }
  }

 private:
  GgufValue array(const std::string& key) {
    const auto type = number<std::uint32_t>();
    const auto length = number<std::uint64_t>();
    check(type != kArray, path_, ": the value ", key,
          " is an array of arrays, which Seekling does not read");
    if (type == kString) return elements<std::string>(type, length, key);
    if (type == kF32 || type == kF64) return elements<double>(type, length, key);
    return elements<std::int64_t>(type == kBool ? kU8 : type, length, key);
  }
  template <class T>
  std::vector<T> elements(std::uint32_t type, std::uint64_t length, const std::string& key) {
    std::vector<T> all;
    for (std::uint64_t i = 0; i < length; ++i)  // a false length ends with the file
      all.push_back(std::get<T>(value(type, key)));
    return all;
  }
  const char* take(std::uint64_t n) {
    check(n <= file_.bytes().size() - at_, path_, ": at byte ", at_, " it claims ", n,
          " bytes more, but it has ", file_.bytes().size(), " in all; it is cut short or damaged");
    const char* from = file_.bytes().data() + at_;
    at_ += std::size_t(n);
    return from;
  }

  const MappedFile& file_;
  std::string path_;
  std::size_t at_ = 0;
};

namespace {

std::int64_t number_of(const std::map<std::string, GgufValue>& values, const char* key,
                       std::int64_t otherwise) {
  const auto found = values.find(key);
  const auto* number = found == values.end() ? nullptr : std::get_if<std::int64_t>(&found->second);
  return number ? *number : otherwise;
}

std::string shard_ending(std::int64_t number, std::int64_t count) {
  char ending[64];
  std::snprintf(ending, sizeof ending, "-%05lld-of-%05lld.gguf", (long long)(number + 1),
                (long long)(count));
  return ending;
}

}  // namespace

GgufFile::GgufFile(const std::filesystem::path& path) : path_(path.string()) {
  values_ = add_file(path);
  const std::int64_t count = number_of(values_, "split.count", 1);
  if (count > 1) add_shards(path, number_of(values_, "split.no", 0), count);
}

GgufFile::Values GgufFile::add_file(const std::filesystem::path& path) {
  const MappedFile& file = *files_.emplace_back(std::make_unique<MappedFile>(path));
  check(file.bytes().starts_with(kMagic), path.string(),
        ": does not begin with \"GGUF\", expected a GGUF file");
  GgufCursor at(file, path.string());
  at.number<std::uint32_t>();
  const auto version = at.number<std::uint32_t>();
  check(version == 2 || version == kVersion, at.path(), ": is GGUF of version ", version,
        ", expected 2 or 3; convert it again");
  const auto tensors = at.number<std::uint64_t>(), count = at.number<std::uint64_t>();
  Values values;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string key = at.name();
    const auto type = at.number<std::uint32_t>();
    check(values.emplace(key, at.value(type, key)).second, at.path(), ": has the value ", key,
          " twice");
  }
  read_infos(at, values, tensors);
  return values;
}

// The shards are NAME-00001-of-00002.gguf and so on; the first has the model's values.
void GgufFile::add_shards(const std::filesystem::path& one, std::int64_t number,
                          std::int64_t count) {
  constexpr const char* kMerge = "merge them first (llama-gguf-split --merge)";
  check(count <= 99999 && number >= 0 && number < count, path_, ": split.no is ", number,
        " and split.count ", count, ", expected 0 to split.count - 1; the file is damaged");
  const std::string name = one.filename().string(), ending = shard_ending(number, count);
  check(name.ends_with(ending), path_, ": is one of ", count,
        " shards, expected a name that ends in ", ending, "; rename it, or ", kMerge);
  files_.clear(), tensors_.clear();
  for (std::int64_t i = 0; i < count; ++i) {
    const std::filesystem::path shard =
        one.parent_path() / (name.substr(0, name.size() - ending.size()) + shard_ending(i, count));
    check(std::filesystem::exists(shard), path_, ": is one of ", count, " shards, and ",
          shard.string(), " is missing; put all of them into one folder, or ", kMerge);
    Values values = add_file(shard);
    check(number_of(values, "split.no", -1) == i && number_of(values, "split.count", 1) == count,
          shard.string(), ": is not shard ", i, " of ", count, " by its split.no; ", kMerge);
    if (i == 0) values_ = std::move(values);
  }
  const std::int64_t tensors = number_of(values_, "split.tensors.count", 0);
  check(tensors == 0 || std::size_t(tensors) == tensors_.size(), path_, ": its ", count,
        " shards hold ", tensors_.size(), " tensors, but split.tensors.count is ", tensors,
        "; download the shards again, or ", kMerge);
}

namespace {

GgufFile::Entry read_info(GgufCursor& at, const std::string& name) {
  const std::string where = at.path() + ": tensor " + name;

  // The shape, which GGUF stores with the last dimension first.
  const auto dimensions = at.number<std::uint32_t>();
  check(dimensions >= 1 && dimensions <= 4, where, " has ", dimensions,
        " dimensions, expected 1 to 4");
  GgufFile::Entry entry;
  std::uint64_t size = 1;
  std::vector<Index> from_the_last;
  for (std::uint32_t i = 0; i < dimensions; ++i) {
    const auto d = at.number<std::uint64_t>();
    check(d > 0 && size <= (std::uint64_t(1) << 60) / d, where,
          " has a shape too large for any file");
    size *= d;
    from_the_last.push_back(Index(d));
  }
  for (; !from_the_last.empty(); from_the_last.pop_back())
    entry.shape.push_back(from_the_last.back());

  // The type.
  const auto number = at.number<std::uint32_t>();
  const char* type = tensor_type(number);
  check(type != nullptr, where, " has ggml's type ", number,
        ", expected F32, F16, BF16, Q8_0, Q4_0, Q5_0, Q4_K or Q6_K; convert it to one of them");
  entry.dtype = type;
  const std::size_t row = bytes_of_row(entry.dtype, entry.shape.back());
  check(row > 0, where, " has ", entry.shape, " elements of ", type, ", whose rows are blocks of ",
        numbers_in_block(type));

  // The place in the data.
  const auto offset = at.number<std::uint64_t>();
  const std::size_t bytes = std::size_t(size) / std::size_t(entry.shape.back()) * row;
  check(offset <= std::uint64_t(1) << 62, where, " begins at byte ", offset,
        " of the data, beyond the end of any file");
  entry.begin = std::size_t(offset), entry.end = std::size_t(offset) + bytes;
  return entry;
}

}  // namespace

void GgufFile::read_infos(GgufCursor& at, const Values& values, std::uint64_t count) {
  const std::size_t size = files_.back()->bytes().size();
  std::vector<std::pair<const std::string, Entry>*> added;

  // Names, shapes and offsets.
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string name = at.name();
    const auto [place, is_new] = tensors_.emplace(name, read_info(at, name));
    check(is_new, at.path(), ": has the tensor ", name, " twice");
    place->second.file = files_.size() - 1;
    added.push_back(&*place);
  }

  // The data begins at the next multiple of the alignment.
  std::int64_t alignment = kAlignment;
  if (const auto given = values.find("general.alignment"); given != values.end()) {
    const std::int64_t* n = std::get_if<std::int64_t>(&given->second);
    check(n && *n >= 1 && *n <= 1 << 20 && std::has_single_bit(std::uint64_t(*n)), at.path(),
          ": general.alignment is not a power of two up to 2^20; the file is damaged");
    alignment = *n;
  }
  const std::size_t data = padded(at.position(), std::size_t(alignment));

  // Each tensor must be aligned and inside the file ...
  std::vector<std::pair<std::size_t, const std::string*>> order;
  for (auto* const tensor : added) {
    auto& [name, entry] = *tensor;
    check(entry.begin % std::size_t(alignment) == 0, at.path(), ": tensor ", name,
          " begins at byte ", entry.begin, " of the data, expected a multiple of ", alignment);
    check(data <= size && entry.end <= size - data, at.path(), ": tensor ", name, " ends at byte ",
          entry.end, " of the data, but the file has ", size - std::min(data, size),
          "; it is cut short or damaged");
    entry.begin += data, entry.end += data;
    order.emplace_back(entry.begin, &name);
  }

  // ... and must not overlap another.
  std::sort(order.begin(), order.end());
  for (std::size_t i = 1; i < order.size(); ++i)
    check(tensors_.at(*order[i - 1].second).end <= order[i].first, at.path(), ": the tensors ",
          *order[i - 1].second, " and ", *order[i].second, " overlap");
}

void GgufFile::read_rows(const std::string& tensor, Index first, const Tensor& into) const {
  const Entry& e = tensors_.at(tensor);
  const std::size_t row = bytes_of_row(e.dtype, e.shape.back());
  const View to = into;
  check(
      to.cols == e.shape.back() && first >= 0 && first + to.rows <= e.shape.size() / e.shape.back(),
      path_, ": tensor ", tensor, " has shape ", e.shape, ", too small for ", to.rows, " rows of ",
      to.cols, " from row ", first);
  const char* from = files_[e.file]->bytes().data() + e.begin + std::size_t(first) * row;
  seekling::read_rows(to, reinterpret_cast<const std::byte*>(from), e.dtype);
}

namespace {

// Bytes in memory, so that the offset of the data is known before writing starts.
class Header {
 public:
  template <class T>
  void number(T value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void string(const std::string& s) {
    number(std::uint64_t(s.size()));
    bytes += s;
  }
  void value(const GgufValue& v) {
    std::visit([this](const auto& x) { typed(x); }, v);
  }

  std::string bytes{kMagic};

 private:
  void typed(bool x) { number(std::uint32_t(kBool)), number(std::uint8_t(x)); }
  void typed(std::int64_t x) {
    check(x >= 0 && x <= 0xFFFFFFFF, "gguf: ", x, " is not an unsigned 32-bit number");
    number(std::uint32_t(kU32)), number(std::uint32_t(x));
  }
  void typed(double x) { number(std::uint32_t(kF32)), number(float(x)); }
  void typed(const std::string& x) { number(std::uint32_t(kString)), string(x); }
  void typed(const std::vector<std::int64_t>& x) {
    array(kI32, x.size());
    for (const std::int64_t element : x) number(std::int32_t(element));
  }
  void typed(const std::vector<double>& x) {
    array(kF32, x.size());
    for (const double element : x) number(float(element));
  }
  void typed(const std::vector<std::string>& x) {
    array(kString, x.size());
    for (const std::string& element : x) string(element);
  }
  void array(ValueType type, std::size_t length) {
    number(std::uint32_t(kArray)), number(std::uint32_t(type)), number(std::uint64_t(length));
  }
};

std::size_t bytes_of(const GgufTensor& t) {
  return std::size_t(t.shape.size() / t.shape.back()) * bytes_of_row(t.dtype, t.shape.back());
}

}  // namespace

void write_gguf(const std::filesystem::path& path,
                const std::vector<std::pair<std::string, GgufValue>>& values,
                const std::vector<GgufTensor>& tensors) {
  Header header;
  header.number(kVersion);
  header.number(std::uint64_t(tensors.size()));
  header.number(std::uint64_t(values.size()));
  for (const auto& [key, v] : values) header.string(key), header.value(v);
  std::size_t offset = 0;
  for (const GgufTensor& t : tensors) {
    header.string(t.name);
    header.number(std::uint32_t(t.shape.count()));
    for (Index i = t.shape.count() - 1; i >= 0; --i)
      header.number(std::uint64_t(t.shape[std::size_t(i)]));
    header.number(number_of_type(t.dtype));
    header.number(std::uint64_t(offset));
    offset += padded(bytes_of(t), kAlignment);
  }
  header.bytes.resize(padded(header.bytes.size(), kAlignment));

  FileWriter file(path);
  file.write(header.bytes.data(), header.bytes.size());
  for (const GgufTensor& t : tensors) {
    for (const Tensor& part : t.parts) write_rows(file, t.name, part, t.dtype);
    const std::string zeros(padded(bytes_of(t), kAlignment) - bytes_of(t), '\0');
    file.write(zeros.data(), zeros.size());
  }
  file.finish();
}

}  // namespace seekling
