// gzip: RFC 1952, by zlib. zstd: RFC 8878, by libzstd. A file of either kind may hold several
// members, as `cat a.gz b.gz` makes them.
#include "stream/byte_stream.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include "core/check.h"
#include "core/real.h"

namespace seekling {

namespace fs = std::filesystem;

namespace {

// The bytes of the file as they are on the disk.
class StoredBytes {
 public:
  explicit StoredBytes(const fs::path& path)
      : name(path == "-" ? "standard input" : path.string()),
        file(path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC)),
        buffer(std::size_t(256) << 10) {
    check(file >= 0, name, ": cannot be opened: ", std::strerror(errno));
  }
  ~StoredBytes() {
    if (file > STDIN_FILENO) ::close(file);
  }
  StoredBytes(const StoredBytes&) = delete;
  StoredBytes& operator=(const StoredBytes&) = delete;

  std::string_view next() {  // bytes not yet taken; empty only at the end
    if (begin == end) begin = end = 0, fill(1);
    return {buffer.data() + begin, end - begin};
  }
  void take(std::size_t n) { begin += n; }

  bool starts_with(std::string_view magic) {  // before anything was taken
    fill(magic.size());
    return std::string_view(buffer.data(), end).starts_with(magic);
  }

  const std::string name;

 private:
  void fill(std::size_t least) {
    while (end < least) {
      const ssize_t n = ::read(file, buffer.data() + end, buffer.size() - end);
      if (n < 0 && errno == EINTR) continue;
      check(n >= 0, name, ": cannot be read: ", std::strerror(errno));
      if (n == 0) return;
      end += std::size_t(n);
    }
  }

  int file;
  std::vector<char> buffer;
  std::size_t begin = 0, end = 0;
};

}  // namespace

class ByteStream::Unpacker {
 public:
  explicit Unpacker(std::unique_ptr<StoredBytes> bytes) : stored(std::move(bytes)) {}
  virtual ~Unpacker() = default;
  virtual std::size_t read(char* to, std::size_t n) = 0;

  const std::unique_ptr<StoredBytes> stored;

 protected:
  [[noreturn]] void fail(const char* format, const std::string& fault) const {
    throw Error(text(stored->name, ": its ", format, " data ", fault, " after ", unpacked,
                     " bytes of text; download the file again"));
  }

  Index unpacked = 0;
};

namespace {

class Plain : public ByteStream::Unpacker {
 public:
  using Unpacker::Unpacker;

  std::size_t read(char* to, std::size_t n) override {
    std::size_t done = 0;
    while (done < n) {
      const std::string_view bytes = stored->next().substr(0, n - done);
      if (bytes.empty()) break;
      std::memcpy(to + done, bytes.data(), bytes.size());
      stored->take(bytes.size());
      done += bytes.size();
    }
    return done;
  }
};

class Gzip : public ByteStream::Unpacker {
 public:
  explicit Gzip(std::unique_ptr<StoredBytes> bytes) : Unpacker(std::move(bytes)) {
    constexpr int kGzipOnly = 16;
    check(inflateInit2(&stream, MAX_WBITS + kGzipOnly) == Z_OK,
          "zlib: not enough memory to decompress");
  }
  ~Gzip() override { inflateEnd(&stream); }

  std::size_t read(char* to, std::size_t n) override {
    std::size_t done = 0;
    while (done < n) {
      const std::string_view bytes = stored->next();
      if (bytes.empty() && between_members) break;
      if (bytes.empty()) fail("gzip", "ends in the middle");
      inflate_some(bytes, to, n, done);
    }
    return done;
  }

 private:
  void inflate_some(std::string_view bytes, char* to, std::size_t n, std::size_t& done) {
    const std::size_t room = std::min(n - done, std::size_t(1) << 30);  // zlib's sizes have 32 bits
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = uInt(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(to + done);
    stream.avail_out = uInt(room);
    const int result = inflate(&stream, Z_NO_FLUSH);
    unpacked += Index(room - stream.avail_out);
    if (result != Z_OK && result != Z_STREAM_END)
      fail("gzip", text("is damaged (", stream.msg ? stream.msg : zError(result), ")"));
    stored->take(bytes.size() - stream.avail_in);
    done += room - stream.avail_out;
    between_members = result == Z_STREAM_END;
    if (between_members) inflateReset(&stream);
  }

  z_stream stream{};
  bool between_members = false;
};

class Zstd : public ByteStream::Unpacker {
 public:
  explicit Zstd(std::unique_ptr<StoredBytes> bytes)
      : Unpacker(std::move(bytes)), stream(ZSTD_createDStream()) {
    check(stream != nullptr, "zstd: not enough memory to decompress");
  }
  ~Zstd() override { ZSTD_freeDStream(stream); }

  std::size_t read(char* to, std::size_t n) override {
    ZSTD_outBuffer out{to, n, 0};
    while (out.pos < out.size) {
      const std::string_view bytes = stored->next();
      const std::size_t before = out.pos;
      ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
      if (bytes.empty() && between_frames) break;
      const std::size_t more = ZSTD_decompressStream(stream, &out, &in);
      unpacked += Index(out.pos - before);
      if (ZSTD_isError(more)) fail("zstd", text("is damaged (", ZSTD_getErrorName(more), ")"));
      stored->take(in.pos);
      between_frames = more == 0;
      if (bytes.empty() && out.pos == before && !between_frames) fail("zstd", "ends in the middle");
    }
    return out.pos;
  }

 private:
  ZSTD_DStream* stream;
  bool between_frames = false;
};

}  // namespace

ByteStream::ByteStream(const fs::path& path) {
  auto stored = std::make_unique<StoredBytes>(path);
  if (stored->starts_with("\x1F\x8B")) unpacker = std::make_unique<Gzip>(std::move(stored));
  else if (stored->starts_with("\x28\xB5\x2F\xFD"))
    unpacker = std::make_unique<Zstd>(std::move(stored));
  else unpacker = std::make_unique<Plain>(std::move(stored));
}

ByteStream::~ByteStream() = default;

std::size_t ByteStream::read(char* to, std::size_t n) { return unpacker->read(to, n); }

const std::string& ByteStream::name() const { return unpacker->stored->name; }

}  // namespace seekling
