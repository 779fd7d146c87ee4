#include "optim/moments.h"

#include <algorithm>
#include <utility>

#include "core/check.h"
#include "core/half.h"

namespace seekling {

static void check_device(bool bf16, Device device) {
  check(!bf16 || device == Device::kCpu,
        "--moments: found bf16, expected fp32, the only format with --device cuda");
}

Moment::Moment(std::string n, const Shape& s, bool in_bf16, Device device)
    : name(std::move(n)), shape(s) {
  check_device(in_bf16, device);
  if (in_bf16) {
    bf16 = std::make_unique<std::uint16_t[]>(std::size_t(s.size()));
  } else {
    fp32 = Tensor::zeros(s, device);
    fp32.data();  // allocate now: threads must not race to do it
  }
}

void Moment::move_to(Device device) const {
  check_device(bf16 != nullptr, device);
  if (!bf16) fp32.move_to(device);
}

Lent::Lent(const Kept& moment, Index begin, Index count)
    : data(moment.bf16 ? copy : moment.fp32 + begin),
      bf16(moment.bf16 ? moment.bf16 + begin : nullptr), n(count) {
  if (bf16) std::transform(bf16, bf16 + n, copy, from_bf16);
}

Lent::~Lent() {
  if (bf16) std::transform(copy, copy + n, bf16, [](real x) { return to_bf16(float(x)); });
}

}  // namespace seekling
