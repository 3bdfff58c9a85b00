#pragma once
// How results vary from seed to seed.

#include <vector>

#include "model/quantity.hpp"

namespace ithaca {

struct Spread {
  Seconds median{}, p95{}, worst{};
};
/// Of at least one time. Percentiles are times that occurred: the smallest that so many do not exceed.
Spread spread(std::vector<Seconds> times);

}  // namespace ithaca
