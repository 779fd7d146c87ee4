// gemm_amx.h with AMX's instructions. CMake compiles this file for them, whatever
// the rest is compiled for.
#include "matmul/gemm_amx.h"

#if defined(__AMX_BF16__) && defined(__linux__) && !defined(SEEKLING_DOUBLE)
#define SEEKLING_AMX
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace seekling {

#ifdef SEEKLING_AMX
namespace {

// The intrinsics take the register's number as a literal, so each is written out.
// Their memory is not known to the compiler: `synced` has it store before what it holds back.
struct MachineTiles {
  // What a thread must say before its first use: eight tiles of 16 rows of 64 bytes.
  static void configure() {
    struct alignas(64) Palette {
      std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
      std::uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
      std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    };
    static_assert(sizeof(Palette) == 64);
    static constexpr Palette palette;
    static thread_local bool done = false;
    if (!done) _tile_loadconfig(&palette), done = true;
  }

  static void zero(int tile) {
    switch (tile) {
      case 0: _tile_zero(0); break;
      case 1: _tile_zero(1); break;
      case 2: _tile_zero(2); break;
      case 3: _tile_zero(3); break;
    }
  }
  static void load(int tile, const float* p, Index ld) {
    synced();
    const long bytes = ld * long(sizeof(float));
    switch (tile) {
      case 0: _tile_loadd(0, p, bytes); break;
      case 1: _tile_loadd(1, p, bytes); break;
      case 2: _tile_loadd(2, p, bytes); break;
      case 3: _tile_loadd(3, p, bytes); break;
      case 4: _tile_loadd(4, p, bytes); break;
      case 5: _tile_loadd(5, p, bytes); break;
      case 6: _tile_loadd(6, p, bytes); break;
      case 7: _tile_loadd(7, p, bytes); break;
    }
  }
  static void store(int tile, float* p, Index ld) {
    const long bytes = ld * long(sizeof(float));
    switch (tile) {
      case 0: _tile_stored(0, p, bytes); break;
      case 1: _tile_stored(1, p, bytes); break;
      case 2: _tile_stored(2, p, bytes); break;
      case 3: _tile_stored(3, p, bytes); break;
    }
    synced();
  }
  static void multiply_add(int r, int v) {
    switch (2 * r + v) {
      case 0: _tile_dpbf16ps(0, 4, 6); break;
      case 1: _tile_dpbf16ps(1, 4, 7); break;
      case 2: _tile_dpbf16ps(2, 5, 6); break;
      case 3: _tile_dpbf16ps(3, 5, 7); break;
    }
  }

 private:
  static void synced() { __asm__ volatile("" ::: "memory"); }
};

// Linux hands out the 8 KiB of tile registers on request.
bool allowed() {
  unsigned a, b, c, d;
  constexpr unsigned kAmxBf16 = 1u << 22, kAmxTile = 1u << 24;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d & kAmxBf16) || !(d & kAmxTile)) return false;
  // ARCH_REQ_XCOMP_PERM and XFEATURE_XTILEDATA.
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  return ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

}  // namespace

const GemmInstructions* gemm_amx() {
  static const bool usable = allowed();
  return usable ? &TileKernel<MachineTiles>::kInstructions : nullptr;
}
#else
const GemmInstructions* gemm_amx() { return nullptr; }
#endif

}  // namespace seekling
