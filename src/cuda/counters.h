// The cost of a kernel, counted on the emulation: values read and written, the bytes that memory
// moves for them, and operations. A kernel templated on its number type N is counted when it runs
// with N = Counted; its results are those of N = real.
//
//   template <class N>
//   __global__ void twice_kernel(Memory<N> y, Memory<N> x) {
//     y(blockIdx.x, threadIdx.x) = N(2) * x(blockIdx.x, threadIdx.x);
//   }
//
//   const Counts c = counted([&] {
//     launch(twice_kernel<Counted>, rows, cols, Memory<Counted>{y}, Memory<Counted>{x});
//   });
//
// Memory traffic is counted as on a GPU. The n-th accesses of the 32 lanes of a warp form one
// request, which memory serves in sectors of 32 bytes: lanes that access neighbours share sectors;
// lanes that access distant values need one each. Caches are not modelled, and shared memory is not
// counted. Lanes whose loops differ in length get out of step in the emulation, which may count
// some more sectors than a GPU until the next block starts.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <type_traits>

#include "core/real.h"
#include "cuda/launch.h"
#include "tensor/view.h"

namespace seekling::emulation {

struct Counts {
  Index loads = 0, stores = 0;  // numbers, by single threads
  Index sectors = 0;            // that moved for them
  Index operations = 0;         // + - * / max exp, one each

  Index bytes() const { return 32 * sectors; }
};

Counts counted(const std::function<void()>& launches);  // what these launches ask for

void count_access(const real* at, bool store);
void count_operation();

// A number of a thread's own, whose operations are counted.
struct Counted {
  real x;

  Counted() = default;
  Counted(real x_) : x(x_) {}

  friend Counted operator+(Counted a, Counted b) { return operation(a.x + b.x); }
  friend Counted operator-(Counted a, Counted b) { return operation(a.x - b.x); }
  friend Counted operator*(Counted a, Counted b) { return operation(a.x * b.x); }
  friend Counted operator/(Counted a, Counted b) { return operation(a.x / b.x); }
  friend Counted max(Counted a, Counted b) { return operation(std::max(a.x, b.x)); }
  friend Counted exp(Counted a) { return operation(std::exp(a.x)); }
  Counted& operator+=(Counted b) { return *this = *this + b; }
  Counted& operator*=(Counted b) { return *this = *this * b; }

  // A number in the GPU's memory: what reads or writes it is counted.
  class Place {
   public:
    explicit Place(real* at) : at_(at) {}
    Place(const Place&) = default;
    operator Counted() const {
      count_access(at_, false);
      return Counted(*at_);
    }
    const Place& operator=(Counted number) const {
      count_access(at_, true);
      *at_ = number.x;
      return *this;
    }
    const Place& operator=(const Place& other) const { return *this = Counted(other); }

   private:
    real* at_;
  };

 private:
  static Counted operation(real result) {
    count_operation();
    return Counted(result);
  }
};

struct CountedView : View {
  Counted::Place operator()(Index i, Index j) const {
    return Counted::Place(&View::operator()(i, j));
  }
};

template <class N>
using Memory = std::conditional_t<std::is_same_v<N, Counted>, CountedView, View>;

}  // namespace seekling::emulation
