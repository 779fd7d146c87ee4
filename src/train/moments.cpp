#include "train/moments.h"

#include <algorithm>
#include <utility>

#include "core/half.h"

namespace seekling {

Moment::Moment(std::string n, const Shape& s, bool in_bf16) : name(std::move(n)), shape(s) {
  if (in_bf16) {
    bf16 = std::make_unique<std::uint16_t[]>(std::size_t(s.size()));
  } else {
    fp32 = Tensor::zeros(s);
    fp32.data();  // touched here, since threads must not race to be first
  }
}

Lent::Lent(const Moment& moment, Index begin, Index count)
    : data(moment.bf16 ? copy : moment.fp32.data() + begin), bf16(moment.bf16 ? moment.bf16.get() + begin : nullptr),
      n(count) {
  if (bf16) std::transform(bf16, bf16 + n, copy, from_bf16);
}

Lent::~Lent() {
  if (bf16) std::transform(copy, copy + n, bf16, [](real x) { return to_bf16(float(x)); });
}

}  // namespace seekling
