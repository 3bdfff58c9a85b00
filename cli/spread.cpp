#include "cli/spread.hpp"

#include <algorithm>
#include <cmath>

namespace ithaca {

Spread spread(std::vector<Seconds> times) {
  std::sort(times.begin(), times.end());
  const auto at = [&](double share) {
    return times[static_cast<std::size_t>(std::ceil(share * static_cast<double>(times.size()))) - 1];
  };
  return {at(0.5), at(0.95), times.back()};
}

}  // namespace ithaca
