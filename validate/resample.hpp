#pragma once
// The bootstrap: intervals from fits to rows drawn anew, the same for the same seed on every machine.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace ithaca {

class Resampler {
 public:
  explicit Resampler(std::uint64_t seed) : engine_(seed) {}

  /// As many rows as there are, drawn with replacement.
  template <class Row>
  std::vector<Row> draw(const std::vector<Row>& rows) {
    std::vector<Row> drawn;
    drawn.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) drawn.push_back(rows[engine_() % rows.size()]);
    return drawn;
  }

 private:
  std::mt19937_64 engine_;  // the standard fixes its numbers, unlike those of distributions
};

struct Interval {
  double low = 0, high = 0;
};

/// From the 5th to the 95th percentile of each column; `draws` are not empty and equally long.
inline std::vector<Interval> intervals_of(const std::vector<std::vector<double>>& draws) {
  std::vector<Interval> out;
  for (std::size_t column = 0; column < draws.front().size(); ++column) {
    std::vector<double> values;
    values.reserve(draws.size());
    for (const auto& draw : draws) values.push_back(draw[column]);
    std::sort(values.begin(), values.end());
    const auto at = [&](double share) {
      return values[static_cast<std::size_t>(std::lround(share * static_cast<double>(values.size() - 1)))];
    };
    out.push_back({at(0.05), at(0.95)});
  }
  return out;
}

}  // namespace ithaca
