#pragma once
// Which rows of a comparison with measurements are furthest off.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

namespace ithaca {

/// Indices of the `count` rows with the largest `error` either way, worst first.
template <class Errors>
std::vector<std::size_t> worst_rows(const Errors& errors, std::size_t count) {
  std::vector<std::size_t> order(errors.rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::abs(errors.rows[a].error) > std::abs(errors.rows[b].error);
  });
  order.resize(std::min(count, order.size()));
  return order;
}

}  // namespace ithaca
