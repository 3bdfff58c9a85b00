#include "validate/probe/batch_plan.hpp"

#include <algorithm>
#include <cmath>

namespace ithaca {

int buffer_sets(Bytes each, Bytes l2, Bytes budget) {
  constexpr double kMost = 4096;
  const double wanted = 1 + std::ceil(2 * l2.value() / each.value());
  return static_cast<int>(std::min({wanted, std::floor(budget.value() / each.value()), kMost}));
}

int calls_per_timing(Seconds one) {
  constexpr double kTogether = 2e-3, kMost = 1000;
  if (one.value() <= kTogether / kMost) return static_cast<int>(kMost);
  return static_cast<int>(std::max(1.0, std::ceil(kTogether / one.value())));
}

}  // namespace ithaca
