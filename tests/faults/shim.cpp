// A library that is loaded before libc (LD_PRELOAD) and makes one file-system call of a program
// fail, or ends the program there.
//
//   SEEKLING_FAULT        KIND:N: the Nth call is hit; N is 0: calls are only counted
//   SEEKLING_FAULT_COUNT  a file, to which the number of calls is written at the end
//
//   eio      the call fails with "Input/output error"
//   full     from this call on the disk is full: whatever needs room fails
//   short    the call writes half of what it was given, as a call may
//   kill     the program is killed before the call
//   torn     half is written, then the program is killed
//   power    the program is killed, and all that was not flushed is lost: the bytes of files, their
//            names, and renames
//   reorder  the program is killed; names and renames had reached the disk before the bytes, which
//            are lost where they were not flushed
//   alloc    the Nth allocation fails; file-system calls are left alone
//
// Only calls on relative paths count, and on descriptors that were opened by one.
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <string>
#include <vector>

namespace {

template <class F>
F* real(const char* name) {
  return reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}

enum class Kind { kCount, kEio, kFull, kShort, kKill, kTorn, kPower, kReorder, kAlloc };

struct Settings {
  Kind kind = Kind::kCount;
  long at = 0;
};

Settings settings_of_environment() {
  static constexpr const char* kNames[] = {"count", "eio",   "full",    "short", "kill",
                                           "torn",  "power", "reorder", "alloc"};
  const char* given = ::getenv("SEEKLING_FAULT");
  if (!given) return {};
  const char* colon = ::strchr(given, ':');
  for (int i = 0; colon && i < 9; ++i)
    if (::strncmp(given, kNames[i], std::size_t(colon - given)) == 0 &&
        ::strlen(kNames[i]) == std::size_t(colon - given))
      return {Kind(i), ::atol(colon + 1)};
  return {};
}

const Settings& settings() {
  static const Settings read = settings_of_environment();
  return read;
}

std::atomic<long> calls{0}, allocations{0};
thread_local long this_call = 0;    // the number of the call that this thread is in
thread_local bool is_ours = false;  // what is allocated is the shim's, not the program's
struct Ours {
  Ours() { is_ours = true; }
  ~Ours() { is_ours = false; }
};
constexpr int kMostFiles = 1024;
bool counted[kMostFiles];  // descriptors
std::string folder_of[kMostFiles];

std::mutex books;  // guards what follows: threads open, flush and rename at once

// What was done to names since their folders were flushed.
struct NameChange {
  std::string from, to,
      replaced;  // no `from`: `to` was made; no `to`: the folder `from` was removed
};
std::vector<NameChange>& name_changes() {
  static std::vector<NameChange> all;
  return all;
}
struct Unflushed {
  int file;    // a copy of the descriptor, which stays open
  off_t size;  // of the part that is on the disk
};
std::vector<Unflushed>& unflushed() {
  static std::vector<Unflushed> all;
  return all;
}

std::string parent(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == path.npos ? "." : path.substr(0, slash);
}

bool counts(const char* path) { return path && path[0] != '/' && path[0] != '\0'; }
bool counts(int file) { return file >= 0 && file < kMostFiles && counted[file]; }

void lose_bytes() {
  for (const Unflushed& u : unflushed())
    [[maybe_unused]] const int cut = ::ftruncate(u.file, u.size);
}

void lose_names() {
  static auto* const rename_ = real<int(const char*, const char*)>("rename");
  static auto* const unlink_ = real<int(const char*)>("unlink");
  static auto* const rmdir_ = real<int(const char*)>("rmdir");
  static auto* const mkdir_ = real<int(const char*, mode_t)>("mkdir");
  for (auto change = name_changes().rbegin(); change != name_changes().rend(); ++change) {
    if (change->to.empty()) {
      mkdir_(change->from.c_str(), 0777);
    } else if (change->from.empty()) {
      if (unlink_(change->to.c_str()) != 0) rmdir_(change->to.c_str());
    } else {
      rename_(change->to.c_str(), change->from.c_str());
      if (!change->replaced.empty()) rename_(change->replaced.c_str(), change->to.c_str());
    }
  }
}

[[noreturn]] void end_here() {
  const Kind kind = settings().kind;
  books.lock();  // for ever: nothing is done after this
  if (kind == Kind::kPower || kind == Kind::kReorder) lose_bytes();
  if (kind == Kind::kPower) lose_names();
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

enum class Does { kReads, kNeedsRoom, kOther };

// What becomes of a call: true if it shall fail, with errno set.
bool hit(Does does) {
  const long number = this_call = ++calls;
  const Settings& s = settings();
  if (s.kind == Kind::kFull && number >= s.at && s.at > 0 && does == Does::kNeedsRoom) {
    errno = ENOSPC;
    return true;
  }
  if (number != s.at) return false;
  switch (s.kind) {
    case Kind::kEio: errno = EIO; return true;
    case Kind::kKill:
    case Kind::kPower:
    case Kind::kReorder: end_here();
    default: return false;
  }
}

struct AtTheEnd {
  ~AtTheEnd() {
    const char* path = ::getenv("SEEKLING_FAULT_COUNT");
    if (!path) return;
    if (std::FILE* out = std::fopen(path, "w")) {
      std::fprintf(out, "%ld %ld\n", calls.load(), allocations.load());
      std::fclose(out);
    }
  }
} at_the_end;

int opened(int file, const char* path, int flags, bool made) {
  if (file < 0 || file >= kMostFiles) return file;
  counted[file] = true;
  folder_of[file] = flags & O_DIRECTORY ? path : "";
  if ((flags & O_ACCMODE) == O_RDONLY) return file;
  struct stat info {};
  ::fstat(file, &info);
  if (!S_ISREG(info.st_mode)) return file;
  const std::lock_guard lock(books);
  unflushed().push_back(
      {::fcntl(file, F_DUPFD_CLOEXEC, kMostFiles / 2), flags & O_TRUNC ? 0 : info.st_size});
  if (made) name_changes().push_back({"", path, ""});
  return file;
}

int open_at(int folder, const char* path, int flags, mode_t mode) {
  const Ours ours;
  static auto* const next = real<int(int, const char*, int, ...)>("openat");
  if (!counts(path)) return next(folder, path, flags, mode);
  const bool writes = (flags & O_ACCMODE) != O_RDONLY;
  struct stat info {};
  const bool made = (flags & O_CREAT) && ::fstatat(folder, path, &info, 0) != 0;
  if (hit(made ? Does::kNeedsRoom : writes ? Does::kOther : Does::kReads)) return -1;
  return opened(next(folder, path, flags, mode), path, flags, made);
}

// A write of n bytes, which write_some(bytes) does.
template <class F>
ssize_t written(int file, size_t n, F&& write_some) {
  if (!counts(file)) return write_some(n);
  if (hit(Does::kNeedsRoom)) return -1;
  const bool here = this_call == settings().at;
  if (here && n > 1 && settings().kind == Kind::kShort) return write_some(n / 2);
  if (here && settings().kind == Kind::kTorn) {
    if (n > 1) write_some(n / 2);
    end_here();
  }
  return write_some(n);
}

mode_t mode_in(int flags, va_list list) {
  return flags & O_CREAT ? mode_t(va_arg(list, int)) : mode_t(0);
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = mode_in(flags, list);
  va_end(list);
  return open_at(AT_FDCWD, path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = mode_in(flags, list);
  va_end(list);
  return open_at(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = mode_in(flags, list);
  va_end(list);
  return open_at(folder, path, flags, mode);
}

int close(int file) {
  static auto* const next = real<int(int)>("close");
  if (counts(file)) counted[file] = false;
  return next(file);
}

ssize_t read(int file, void* bytes, size_t n) {
  static auto* const next = real<ssize_t(int, void*, size_t)>("read");
  if (counts(file) && hit(Does::kReads)) return -1;
  return next(file, bytes, n);
}

ssize_t write(int file, const void* bytes, size_t n) {
  static auto* const next = real<ssize_t(int, const void*, size_t)>("write");
  return written(file, n, [&](size_t some) { return next(file, bytes, some); });
}

ssize_t pread(int file, void* bytes, size_t n, off_t at) {
  static auto* const next = real<ssize_t(int, void*, size_t, off_t)>("pread");
  if (counts(file) && hit(Does::kReads)) return -1;
  return next(file, bytes, n, at);
}

ssize_t pwrite(int file, const void* bytes, size_t n, off_t at) {
  static auto* const next = real<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  return written(file, n, [&](size_t some) { return next(file, bytes, some, at); });
}

int fsync(int file) {
  const Ours ours;
  static auto* const next = real<int(int)>("fsync");
  if (!counts(file)) return next(file);
  if (hit(Does::kOther)) return -1;
  const int result = next(file);
  if (result != 0) return result;
  struct stat info {
  }, other{};
  ::fstat(file, &info);
  const std::lock_guard lock(books);
  for (Unflushed& u : unflushed())  // one file may have been opened several times
    if (::fstat(u.file, &other) == 0 && other.st_ino == info.st_ino) u.size = info.st_size;
  const std::string& folder = folder_of[file];
  if (!folder.empty())
    std::erase_if(name_changes(), [&](const NameChange& c) {
      return parent(c.to.empty() ? c.from : c.to) == folder;
    });
  return result;
}

int ftruncate(int file, off_t size) {
  static auto* const next = real<int(int, off_t)>("ftruncate");
  if (counts(file) && hit(Does::kOther)) return -1;
  return next(file, size);
}

int truncate(const char* path, off_t size) {
  static auto* const next = real<int(const char*, off_t)>("truncate");
  if (counts(path) && hit(Does::kOther)) return -1;
  return next(path, size);
}

int rename(const char* from, const char* to) {
  const Ours ours;
  static auto* const next = real<int(const char*, const char*)>("rename");
  static int number = 0;
  if (!counts(from)) return next(from, to);
  if (hit(Does::kOther)) return -1;
  std::string replaced;
  struct stat info {};
  if (settings().kind == Kind::kPower && ::stat(to, &info) == 0 && S_ISREG(info.st_mode)) {
    replaced = ".replaced_" + std::to_string(++number);
    if (::link(to, replaced.c_str()) != 0) replaced.clear();
  }
  const int result = next(from, to);
  const std::lock_guard lock(books);
  if (result == 0) name_changes().push_back({from, to, replaced});
  return result;
}

int mkdir(const char* path, mode_t mode) {
  const Ours ours;
  static auto* const next = real<int(const char*, mode_t)>("mkdir");
  if (!counts(path)) return next(path, mode);
  if (hit(Does::kNeedsRoom)) return -1;
  const int result = next(path, mode);
  const std::lock_guard lock(books);
  if (result == 0) name_changes().push_back({"", path, ""});
  return result;
}

int unlink(const char* path) {
  static auto* const next = real<int(const char*)>("unlink");
  if (counts(path) && hit(Does::kOther)) return -1;
  return next(path);
}

int unlinkat(int folder, const char* path, int flags) {
  static auto* const next = real<int(int, const char*, int)>("unlinkat");
  if (counts(path) && hit(Does::kOther)) return -1;
  return next(folder, path, flags);
}

int remove(const char* path) {
  const Ours ours;
  static auto* const next = real<int(const char*)>("remove");
  if (!counts(path)) return next(path);
  if (hit(Does::kOther)) return -1;
  struct stat info {};
  const bool folder = ::lstat(path, &info) == 0 && S_ISDIR(info.st_mode);
  const int result = next(path);
  const std::lock_guard lock(books);
  if (folder && result == 0) name_changes().push_back({path, "", ""});
  return result;
}

int rmdir(const char* path) {
  static auto* const next = real<int(const char*)>("rmdir");
  if (counts(path) && hit(Does::kOther)) return -1;
  return next(path);
}

void* mmap(void* at, size_t n, int protection, int flags, int file, off_t offset) {
  static auto* const next = real<void*(void*, size_t, int, int, int, off_t)>("mmap");
  if (counts(file) && hit(Does::kReads)) return MAP_FAILED;
  return next(at, n, protection, flags, file, offset);
}

}  // extern "C"

// Allocations count from the first file-system call on: those before are of options and tables.
void* operator new(std::size_t n) {
  const long number = calls > 0 && !is_ours ? ++allocations : 0;
  const bool fails = settings().kind == Kind::kAlloc && number > 0 && number == settings().at;
  void* const memory = fails ? nullptr : std::malloc(n == 0 ? 1 : n);
  if (!memory) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
