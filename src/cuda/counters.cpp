#include "cuda/counters.h"

#include <array>
#include <vector>

namespace seekling::emulation {

namespace {

// The sectors that the lanes of a warp have asked for in their n-th access, at most one each.
struct Request {
  std::array<std::uintptr_t, 32> sectors;
  int n = 0;

  bool has(std::uintptr_t sector) const {
    return std::find(sectors.begin(), sectors.begin() + n, sector) != sectors.begin() + n;
  }
};

Counts* counts = nullptr;
std::uint64_t counted_block = 0;             // that the following is about
std::vector<std::size_t> accesses;           // of each thread so far
std::vector<std::vector<Request>> requests;  // of each warp

void begin_block() {
  counted_block = block_number();
  const std::size_t threads = std::size_t(block_size().x) * block_size().y * block_size().z;
  accesses.assign(threads, 0);
  requests.assign((threads + 31) / 32, {});
}

}  // namespace

Counts counted(const std::function<void()>& launches) {
  Counts sum;
  counts = &sum;
  try {
    launches();
  } catch (...) {
    counts = nullptr;
    throw;
  }
  counts = nullptr;
  return sum;
}

void count_operation() {
  if (counts) ++counts->operations;
}

void count_access(const real* at, bool store) {
  if (!counts) return;
  if (counted_block != block_number()) begin_block();
  ++(store ? counts->stores : counts->loads);
  const uint3& t = thread_index();
  const std::size_t rank =
      t.x + std::size_t(block_size().x) * (t.y + std::size_t(block_size().y) * t.z);
  std::vector<Request>& warp = requests[rank / 32];
  const std::size_t n = accesses[rank]++;
  if (n == warp.size()) warp.emplace_back();
  const std::uintptr_t sector = reinterpret_cast<std::uintptr_t>(at) / 32;
  if (warp[n].has(sector)) return;
  warp[n].sectors[std::size_t(warp[n].n++)] = sector;
  ++counts->sectors;
}

}  // namespace seekling::emulation
