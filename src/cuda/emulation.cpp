#include "cuda/emulation.h"

#include <ucontext.h>

#include <memory>
#include <new>
#include <random>
#include <string>
#include <vector>

#include "core/real.h"

#if defined(__SANITIZE_ADDRESS__)
#define SEEKLING_FIBERS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SEEKLING_FIBERS_ASAN 1
#endif
#endif
#ifdef SEEKLING_FIBERS_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

namespace seekling::emulation {

namespace {

constexpr std::size_t kStack = 256 * 1024;
constexpr std::size_t kMostShared = 48 * 1024 * sizeof(real) / sizeof(float);  // of a GPU, in float
constexpr std::align_val_t kAligned{128};

struct Fetch {
  void* to;
  const void* from;
  std::size_t bytes;
};

enum class State { kReady, kAtBlock, kAtWarp, kDone };

struct Fiber {  // one CUDA thread
  uint3 index;
  unsigned rank = 0, mask = 0;  // mask: of the warp operation that it waits in
  State state = State::kReady;
  int line = 0;                // where it waits
  std::uint64_t value = 0;     // what it gave to a warp operation
  std::uint64_t lanes[32];     // what all gave, filled in when they meet
  std::vector<Fetch> fetches;  // under way
  ucontext_t context;
  void* fake_stack = nullptr;  // address sanitizer's
};

struct Free {
  void operator()(char* memory) const { ::operator delete[](memory, kAligned); }
};
struct SharedArray {
  const void* key;
  std::unique_ptr<char[], Free> memory;
};

struct Block {
  uint3 index;
  dim3 size, grid;
  std::vector<Fiber> fibers;
  std::vector<SharedArray> shared;
  std::size_t shared_bytes = 0;
  std::string error;
  const std::function<void()>* kernel = nullptr;
  ucontext_t scheduler;
  const void* host_stack = nullptr;
  std::size_t host_stack_size = 0;
  void* host_fake_stack = nullptr;
};

thread_local Block* block = nullptr;
thread_local std::uint64_t blocks_begun = 0;
thread_local Fiber* self = nullptr;

// Address sanitizer has to be told of every change of stack.
void leave([[maybe_unused]] void** save, [[maybe_unused]] const void* stack,
           [[maybe_unused]] std::size_t size) {
#ifdef SEEKLING_FIBERS_ASAN
  __sanitizer_start_switch_fiber(save, stack, size);
#endif
}
void arrive([[maybe_unused]] void* saved, [[maybe_unused]] const void** stack = nullptr,
            [[maybe_unused]] std::size_t* size = nullptr) {
#ifdef SEEKLING_FIBERS_ASAN
  __sanitizer_finish_switch_fiber(saved, stack, size);
#endif
}

void to_scheduler(bool last = false) {
  Fiber* const me = self;
  leave(last ? nullptr : &me->fake_stack, block->host_stack, block->host_stack_size);
  swapcontext(&me->context, &block->scheduler);
  arrive(me->fake_stack);
}

void resume(Block& b, Fiber& f) {
  self = &f;
  leave(&b.host_fake_stack, f.context.uc_stack.ss_sp, kStack);
  swapcontext(&b.scheduler, &f.context);
  arrive(b.host_fake_stack);
  self = nullptr;
}

void first_step() {
  arrive(nullptr, &block->host_stack, &block->host_stack_size);
  try {
    (*block->kernel)();
  } catch (const std::exception& e) {  // may not leave the fiber; the launch throws it
    block->error = e.what();
  }
  self->state = State::kDone;
  to_scheduler(/*last=*/true);
}

// Called in a kernel, whose fiber is never resumed and so may own nothing.
[[noreturn]] void fail(std::string what) {
  block->error = std::move(what);
  for (;;) to_scheduler();
}

void wait(State state, int line) {
  self->line = line;
  self->state = state;
  to_scheduler();
}

// Resumes every group of lanes that is complete. Returns whether there was one.
bool release_warp(Fiber* warp, std::size_t n) {
  bool any = false;
  for (std::size_t i = 0; i < n; ++i) {
    if (warp[i].state != State::kAtWarp) continue;
    const unsigned mask = warp[i].mask;
    bool all = true;
    for (std::size_t j = 0; j < 32; ++j) {
      if (!(mask >> j & 1)) continue;
      check(j < n && warp[j].state != State::kDone, "the warp operation at line ", warp[i].line,
            " names a lane that does not exist or has returned");
      all = all && warp[j].state == State::kAtWarp && warp[j].mask == mask;
    }
    if (!all) continue;
    for (std::size_t j = 0; j < n; ++j) {
      if (!(mask >> j & 1)) continue;
      check(warp[j].line == warp[i].line, "one warp operation is reached at lines ", warp[i].line,
            " and ", warp[j].line);
      for (std::size_t k = 0; k < n; ++k)
        warp[j].lanes[k] = mask >> k & 1 ? warp[k].value : ~std::uint64_t(0);
      warp[j].state = State::kReady;
    }
    any = true;
  }
  return any;
}

std::vector<std::size_t> in_order(std::size_t n, std::mt19937& random) {
  std::vector<std::size_t> order(n);
  for (std::size_t i = 0; i < n; ++i)
    order[i] = schedule().order == Order::kReverse ? n - 1 - i : i;
  if (schedule().order == Order::kRandom) std::shuffle(order.begin(), order.end(), random);
  return order;
}

void run_warp(Block& b, std::size_t first, std::size_t n, std::mt19937& random) {
  for (bool ran = true; ran || release_warp(&b.fibers[first], n);) {
    ran = false;
    for (const std::size_t i : in_order(n, random)) {
      Fiber& f = b.fibers[first + i];
      if (f.state != State::kReady) continue;
      ran = true;
      resume(b, f);
      check(b.error.empty(), b.error);
    }
  }
}

// After every warp has run: are all at one barrier, or all done?
bool release_block(Block& b) {
  const Fiber *waiting = nullptr, *elsewhere = nullptr, *done = nullptr;
  for (const Fiber& f : b.fibers) {
    check(f.state != State::kAtWarp, "the warp operation at line ", f.line,
          " is not reached by every lane in its mask");
    if (f.state == State::kDone) done = &f;
    else if (waiting && waiting->line != f.line) elsewhere = &f;
    else waiting = &f;
  }
  if (!waiting) return false;
  check(!elsewhere, "__syncthreads() is reached at lines ", waiting->line, " and ",
        elsewhere ? elsewhere->line : 0);
  check(!done, "a thread returned without reaching the __syncthreads() at line ", waiting->line);
  for (Fiber& f : b.fibers) f.state = State::kReady;
  return true;
}

void prepare(ucontext_t& context, char* stack) {
  getcontext(&context);
  context.uc_stack.ss_sp = stack;
  context.uc_stack.ss_size = kStack;
  context.uc_link = nullptr;
  makecontext(&context, first_step, 0);
}

void run_block(Block& b, std::vector<std::unique_ptr<char[]>>& stacks, std::mt19937& random) {
  for (unsigned i = 0; i < b.fibers.size(); ++i) {
    Fiber& f = b.fibers[i];
    f.rank = i;
    f.index = {i % b.size.x, i / b.size.x % b.size.y, i / b.size.x / b.size.y};
    if (i >= stacks.size()) stacks.emplace_back(new char[kStack]);
    prepare(f.context, stacks[i].get());
  }
  do {
    for (const std::size_t warp : in_order((b.fibers.size() + 31) / 32, random))
      run_warp(b, warp * 32, std::min<std::size_t>(32, b.fibers.size() - warp * 32), random);
  } while (release_block(b));
}

}  // namespace

Schedule& schedule() {
  static Schedule the_schedule;
  return the_schedule;
}

const uint3& thread_index() { return self->index; }
const uint3& block_index() { return block->index; }
const dim3& block_size() { return block->size; }
const dim3& grid_size() { return block->grid; }
std::uint64_t block_number() { return blocks_begun; }
unsigned lane() { return self->rank % 32; }

void* shared_array(const void* key, std::size_t bytes) {
  for (const SharedArray& array : block->shared)
    if (array.key == key) return array.memory.get();
  block->shared_bytes += bytes;
  if (block->shared_bytes > kMostShared)
    fail(text("a kernel wants ", block->shared_bytes,
              " bytes of shared memory, but CUDA gives a block at most ", kMostShared));
  SharedArray array{key, std::unique_ptr<char[], Free>(new (kAligned) char[bytes])};
  std::memset(array.memory.get(), 0xFF, bytes);  // NaNs
  block->shared.push_back(std::move(array));
  return block->shared.back().memory.get();
}

void meet_block(int line) { wait(State::kAtBlock, line); }

void meet_warp(unsigned mask, std::uint64_t value, int line) {
  if (!(mask >> lane() & 1))
    fail(text("the mask of the warp operation at line ", line, " lacks the calling lane"));
  self->mask = mask;
  self->value = value;
  wait(State::kAtWarp, line);
}

std::uint64_t value_of_lane(unsigned i) { return self->lanes[i]; }

void fetch(void* to, const void* from, std::size_t bytes) {
  std::memset(to, 0xFF, bytes);
  self->fetches.push_back({to, from, bytes});
}

void wait_for_fetches() {
  for (const Fetch& f : self->fetches)
    if (f.from) std::memcpy(f.to, f.from, f.bytes);
    else std::memset(f.to, 0, f.bytes);
  self->fetches.clear();
}

void run(dim3 grid, dim3 size, const std::function<void()>& kernel) {
  const std::size_t threads = std::size_t(size.x) * size.y * size.z,
                    blocks = std::size_t(grid.x) * grid.y * grid.z;
  check(threads > 0 && threads <= 1024 && size.z <= 64 && blocks > 0 && grid.y <= 65535 &&
            grid.z <= 65535,
        "a kernel is launched on a grid of ", grid.x, " x ", grid.y, " x ", grid.z, " blocks of ",
        threads, " threads, which CUDA does not allow");
  std::mt19937 random(schedule().seed);
  std::vector<std::unique_ptr<char[]>> stacks;
  for (const std::size_t i : in_order(blocks, random)) {
    Block b;
    b.index = {unsigned(i % grid.x), unsigned(i / grid.x % grid.y), unsigned(i / grid.x / grid.y)};
    b.size = size;
    b.grid = grid;
    b.kernel = &kernel;
    b.fibers.resize(threads);
    block = &b;
    ++blocks_begun;
    run_block(b, stacks, random);
    block = nullptr;
  }
}

}  // namespace seekling::emulation
