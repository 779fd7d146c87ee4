#include "tensor/storage.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <set>

#include "core/parallel.h"

namespace seekling {

namespace {

// The pool allocates large slabs from the system and cuts buffers from them: best fit, with
// coalescing of idle neighbours when a buffer is returned. So the memory of the last step's
// gradients serves the activations of the next step. Blocks of different slabs never coalesce;
// therefore the first slab is larger than most runs need, and each later slab is as large as all
// earlier slabs together. Untouched pages of a slab cost nothing.
#ifdef __SANITIZE_ADDRESS__
constexpr bool kOwnSlabs = true;  // one per buffer, so that the sanitizer guards its ends
#else
constexpr bool kOwnSlabs = false;
#endif
constexpr std::size_t kFirstSlab = std::size_t(1) << 32;   // less if the system refuses
constexpr std::size_t kFirstOnGpu = std::size_t(1) << 28;  // smaller: untouched pages cost memory
constexpr std::size_t kAlign = 64;

std::size_t round_up(std::size_t n, std::size_t step) { return (n + step - 1) / step * step; }
std::size_t bytes_of(Index n) {
  return round_up(std::max<std::size_t>(std::size_t(n) * sizeof(real), 1), kAlign);
}

class Pool {
 public:
  explicit Pool(Device device) : device_(device) {}

  char* take(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    auto fit = by_size_.lower_bound({bytes, nullptr});
    if (fit == by_size_.end()) fit = add_slab(bytes);
    const auto [size, block] = *fit;
    by_size_.erase(fit);
    idle_.erase(block);
    if (size > bytes) add_idle(block + bytes, size - bytes);
    return block;
  }

  void give(char* block, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    const auto next = idle_.lower_bound(block);
    if (next != idle_.end() && next->first == block + bytes && !slabs_.contains(next->first))
      bytes += next->second, remove_idle(next);
    const auto after = idle_.lower_bound(block);
    if (after != idle_.begin() && !slabs_.contains(block))
      if (const auto before = std::prev(after); before->first + before->second == block) {
        block = before->first, bytes += before->second;
        remove_idle(before);
      }
    add_idle(block, bytes);
  }

  void release() {
    const std::lock_guard lock(mutex_);
    for (auto slab = slabs_.begin(); slab != slabs_.end();) {
      const auto block = idle_.find(slab->first);
      if (block != idle_.end() && block->second == slab->second) {  // idle from end to end
        remove_idle(block);
        seekling::release(device_, slab->first), all_ -= slab->second;
        slab = slabs_.erase(slab);
      } else {
        ++slab;
      }
    }
  }

  std::size_t used() const { return used_; }
  void count(std::size_t bytes) { used_ += bytes; }  // negative for a buffer that is given back
  std::size_t allocations() const { return allocations_; }

 private:
  using Idle = std::map<char*, std::size_t>;

  void add_idle(char* block, std::size_t bytes) {
    idle_[block] = bytes, by_size_.insert({bytes, block});
  }
  void remove_idle(Idle::iterator block) {
    by_size_.erase({block->second, block->first}), idle_.erase(block);
  }

  std::set<std::pair<std::size_t, char*>>::iterator add_slab(std::size_t bytes) {
    const std::size_t least = kOwnSlabs ? bytes : round_up(bytes, kHugePage);
    const std::size_t first = device_ == Device::kCpu ? kFirstSlab : kFirstOnGpu;
    std::size_t size = kOwnSlabs ? bytes : std::max({least, first, all_});
    void* memory = allocate(device_, size);
    while (!memory && size > least)
      memory = allocate(device_, size = std::max(least, size / 2 / kHugePage * kHugePage));
    if (!memory) throw std::bad_alloc();
    char* const slab = static_cast<char*>(memory);
    slabs_[slab] = size, all_ += size;
    ++allocations_;
    add_idle(slab, size);
    return by_size_.lower_bound({bytes, nullptr});
  }

  const Device device_;
  std::mutex mutex_;
  Idle idle_;                                        // address of each idle block -> its size
  std::set<std::pair<std::size_t, char*>> by_size_;  // the same blocks, ordered by size
  std::map<char*, std::size_t> slabs_;
  std::size_t all_ = 0, allocations_ = 0;  // bytes and number of all slabs
  std::atomic<std::size_t> used_ = 0;      // bytes of buffers in use
};

Pool& pool_of(Device device) {  // never destroyed: tensors with static lifetime may outlive them
  static Pool *const cpu = new Pool(Device::kCpu), *const cuda = new Pool(Device::kCuda);
  return device == Device::kCpu ? *cpu : *cuda;
}

// A thread-local cache of a few idle blocks of each small size. It needs no lock: a step of
// inference takes and returns hundreds. It has no destructor: static tensors may outlive it.
struct SmallBlocks {
  static constexpr std::size_t kSmall = 1 << 14, kHeld = 16;  // bytes; blocks of each size

  char* take(std::size_t bytes) {  // nullptr if there is none
    unsigned char& n = count[bytes / kAlign];
    return n > 0 ? held[bytes / kAlign][--n] : nullptr;
  }
  bool give(char* block, std::size_t bytes) {
    unsigned char& n = count[bytes / kAlign];
    if (closed || n == kHeld) return false;
    held[bytes / kAlign][n++] = block;
    return true;
  }
  void close() {
    closed = true;
    for (std::size_t i = 0; i < kSmall / kAlign; ++i)
      while (char* block = take(i * kAlign)) pool_of(Device::kCpu).give(block, i * kAlign);
  }

  char* held[kSmall / kAlign][kHeld];
  unsigned char count[kSmall / kAlign];
  bool closed;  // set when the thread ends
};

SmallBlocks& small_blocks() {
  static thread_local SmallBlocks blocks;  // zero-initialised
  static thread_local const struct End {
    ~End() { blocks.close(); }
  } end;
  return blocks;
}

bool is_small(std::size_t bytes, Device device) {
  return !kOwnSlabs && device == Device::kCpu && bytes < SmallBlocks::kSmall;
}

}  // namespace

real* pool::take(Index n, Device device) {
  const std::size_t bytes = bytes_of(n);
  Pool& pool = pool_of(device);
  char* buffer = is_small(bytes, device) ? small_blocks().take(bytes) : nullptr;
  if (!buffer) buffer = pool.take(bytes);
  pool.count(bytes);
  spoil(device, buffer, bytes);
  return reinterpret_cast<real*>(buffer);
}

static thread_local std::vector<pool::Buffer>* kept = nullptr;
void pool::keep_in(std::vector<Buffer>* list) { kept = list; }

void pool::give(real* buffer, Index n, Device device) {
  if (kept && device == Device::kCuda) return kept->push_back({buffer, n});
  const std::size_t bytes = bytes_of(n);
  char* const block = reinterpret_cast<char*>(buffer);
  Pool& pool = pool_of(device);
  pool.count(-bytes);
  if (!is_small(bytes, device) || !small_blocks().give(block, bytes)) pool.give(block, bytes);
}

std::size_t pool::bytes_in_use(Device device) { return pool_of(device).used(); }
std::size_t pool::allocations(Device device) { return pool_of(device).allocations(); }
void pool::release() {
  for (const Device device : {Device::kCpu, Device::kCuda}) pool_of(device).release();
}

real* Storage::data() {
  if (!data_) {
    data_ = pool::take(size, device_);
    if (remake_) {
      remake_(data_);
    } else if (fill_ == Fill::kZero && device_ == Device::kCuda) {
      fill_with_zeros(device_, data_, std::size_t(size) * sizeof(real));
    } else if (fill_ == Fill::kZero) {
      parallel_stripes(size, /*width=*/1 << 15,
                       [this](Index i, Index n) { std::fill_n(data_ + i, n, real(0)); });
    }
  }
  return data_;
}

bool Storage::claim() {
  if (data_) return false;
  data_ = pool::take(size, device_);
  return true;
}

void Storage::free() {
  if (data_) pool::give(data_, size, device_);
  data_ = nullptr;
}

const std::shared_ptr<Storage>& Storage::grad() {
  if (!grad_) grad_ = std::make_shared<Storage>(size, Fill::kZero, device_);
  return grad_;
}

void Storage::move_to(Device device) {
  if (device == device_) return;
  real* const before = data_;
  const Device from = device_;
  device_ = device;
  grad_ = nullptr;
  if (!before) return;
  data_ = pool::take(size, device);
  copy(device, data_, from, before, std::size_t(size) * sizeof(real));
  pool::give(before, size, from);
}

}  // namespace seekling
