#include "jinja/operations.h"

#include <algorithm>
#include <cmath>

#include "jinja/methods.h"

namespace seekling::jinja {

namespace {

// Division rounds down, as in Python.
Value integers(char sign, std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  bool overflow = false;
  switch (sign) {
    case '+': overflow = __builtin_add_overflow(a, b, &out); break;
    case '-': overflow = __builtin_sub_overflow(a, b, &out); break;
    case '*': overflow = __builtin_mul_overflow(a, b, &out); break;
    default:
      if (b == 0) fail("found a division by zero");
      if (b == -1) return sign == '%' ? Value(std::int64_t(0)) : integers('-', 0, a);
      const std::int64_t rest = a % b, down = rest != 0 && (rest < 0) != (b < 0);
      out = sign == '%' ? rest + down * b : a / b - down;
  }
  if (overflow) fail("found an integer that does not fit in 64 bits");
  return out;
}

Value reals(const std::string& sign, double a, double b) {
  if (sign == "+") return a + b;
  if (sign == "-") return a - b;
  if (sign == "*") return a * b;
  if (b == 0) fail("found a division by zero");
  if (sign == "/") return a / b;
  double rest = std::fmod(a, b);
  if (rest != 0 && (rest < 0) != (b < 0)) rest += b;
  if (sign == "%") return rest == 0 ? std::copysign(0.0, b) : rest;
  const double steps = (a - rest) / b, down = std::floor(steps);
  if (steps == 0) return std::copysign(0.0, a / b);
  return steps - down > 0.5 ? down + 1 : down;
}

Value repeated(const Value& value, std::int64_t times) {
  const auto n = std::size_t(std::max<std::int64_t>(times, 0));
  if (const std::string* s = as_text(value)) {
    if (!s->empty() && n > kLargestText / s->size()) fail("a string repeated ", n, " times");
    std::string out;
    for (std::size_t i = 0; i < n && !s->empty(); ++i) out += *s;
    return out;
  }
  const Values& items = as<List>(value)->items;
  if (!items.empty() && n > kLongestList / items.size()) fail("a list repeated ", n, " times");
  Values out;
  for (std::size_t i = 0; i < n && !items.empty(); ++i)
    out.insert(out.end(), items.begin(), items.end());
  return list(std::move(out), as<List>(value)->form);
}

Value sum(const Value& a, const Value& b) {
  if (as_text(a) && as_text(b)) return limited(*as_text(a) + *as_text(b));
  const auto *left = as<List>(a), *right = as<List>(b);
  if (!left || !right || left->form != right->form || left->form > List::kTuple)
    fail("found the sum of ", kind(a), " and ", kind(b));
  Values items = left->items;
  items.insert(items.end(), right->items.begin(), right->items.end());
  return list(std::move(items), left->form);
}

// The place of an index that may count from the end.
template <class Sequence>
Value at(const Sequence& sequence, const Value& key) {
  const auto length = std::int64_t(sequence.size());
  std::int64_t i = whole(key);
  if (i < 0) i += length;
  if (i < 0 || i >= length) return Undefined{str(key)};
  return sequence[std::size_t(i)];
}

void check_defined(const Value& object) {
  if (const auto* u = std::get_if<Undefined>(&object))
    fail("found \"", u->name, "\", which is not defined, where a value was expected");
}

}  // namespace

Value arithmetic(const std::string& sign, const Value& a, const Value& b) {
  check_defined(a);
  check_defined(b);
  if (integral(a) && integral(b) && sign != "/") return integers(sign[0], whole(a), whole(b));
  if (numeric(a) && numeric(b)) return reals(sign, number(a), number(b));
  if (sign == "+") return sum(a, b);
  if (sign == "*" && integral(b) && (as_text(a) || as<List>(a))) return repeated(a, whole(b));
  if (sign == "*" && integral(a) && (as_text(b) || as<List>(b))) return repeated(b, whole(a));
  if (sign == "%" && as_text(a)) fail("found a string before %, which is not supported; write ~");
  fail("found ", kind(a), " ", sign, " ", kind(b));
}

Value negated(const Value& value) {
  if (const double* d = std::get_if<double>(&value)) return -*d;
  return arithmetic("-", std::int64_t(0), value);
}

bool compared(const std::string& sign, const Value& a, const Value& b) {
  if (sign == "==") return equal(a, b);
  if (sign == "!=") return !equal(a, b);
  if (sign == "in") return contains(b, a);
  if (sign == "not in") return !contains(b, a);
  check_defined(a);
  check_defined(b);
  if (sign == "<") return less(a, b);
  if (sign == ">") return less(b, a);
  return equal(a, b) || (sign == "<=" ? less(a, b) : less(b, a));
}

Value attribute(const Value& object, const std::string& name) {
  check_defined(object);
  if (const auto* o = as<Object>(object)) return o->attribute(name);
  const Value found = method(object, name);
  const auto* d = as<Dict>(object);
  const Value* own = d && is_undefined(found) ? find(d->items, name) : nullptr;
  return own ? *own : found;
}

Value item(const Value& object, const Value& key) {
  check_defined(object);
  const std::string* name = as_text(key);
  if (const auto* d = as<Dict>(object); d && name)
    if (const Value* found = find(d->items, *name)) return *found;
  if (name)
    return as<Object>(object) ? as<Object>(object)->attribute(*name) : method(object, *name);
  if (!integral(key)) return Undefined{str(key)};
  if (const auto* l = as<List>(object); l && l->form <= List::kTuple) return at(l->items, key);
  if (const std::string* s = as_text(object)) return at(characters(*s), key);
  return Undefined{str(key)};
}

Value slice(const Value& object, const Value& from, const Value& to, const Value& step) {
  if (!as_text(object) && !as<List>(object)) fail("found a slice of ", kind(object));
  const Values all = elements(object);
  const std::int64_t by = is_none(step) ? 1 : whole(step), n = std::int64_t(all.size());
  if (by == 0) fail("found a slice with the step 0");
  const auto place = [&](const Value& value, std::int64_t otherwise) {
    if (is_none(value)) return otherwise;
    const std::int64_t i = whole(value) < 0 ? std::max(whole(value), -n - 1) + n : whole(value);
    return std::clamp<std::int64_t>(i, by < 0 ? -1 : 0, by < 0 ? n - 1 : n);
  };
  const std::int64_t first = place(from, by < 0 ? n - 1 : 0), end = place(to, by < 0 ? -1 : n);
  Values taken;
  for (std::int64_t i = first; by > 0 ? i < end : i > end; i += std::clamp(by, -n - 1, n + 1))
    taken.push_back(all[std::size_t(i)]);
  if (const auto* l = as<List>(object)) return list(std::move(taken), l->form);
  std::string out;
  for (const Value& c : taken) out += *as_text(c);
  return out;
}

}  // namespace seekling::jinja
