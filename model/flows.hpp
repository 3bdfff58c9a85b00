#pragma once
// Transfers on shared links as plain arrays: what the event engine is asked. It knows no GPUs or switches; a link is an
// index with a capacity in one direction.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/quantity.hpp"

namespace ithaca {

/// Rows of indices laid end to end. An object that was never added to has no rows.
struct IndexRows {
  std::vector<std::uint32_t> begin{0};  ///< row i is items[begin[i]] .. items[begin[i + 1] - 1]
  std::vector<std::uint32_t> items;

  std::size_t size() const { return begin.size() - 1; }
  std::span<const std::uint32_t> operator[](std::size_t row) const {
    return {items.data() + begin[row], items.data() + begin[row + 1]};
  }
  void add(std::span<const std::uint32_t> row) {
    items.insert(items.end(), row.begin(), row.end());
    begin.push_back(static_cast<std::uint32_t>(items.size()));
  }
};

/// A flow is released at `start`, or when the last flow in its row of `after` has finished if that is later. It moves
/// bytes from `delay` and the latencies of its route later on, and is finished when its last byte has left.
struct FlowSystem {
  std::vector<BytesPerSecond> capacity;  ///< by link
  std::vector<Seconds> latency;          ///< by link; empty: none

  std::vector<Bytes> size;               ///< by flow
  IndexRows route;                       ///< links by flow, each at most once; without links a flow takes no time
  std::vector<double> usage;             ///< by item of `route`: how often the flow crosses it; empty: once
  std::vector<Seconds> start;            ///< by flow; empty: all at 0
  std::vector<Seconds> delay;            ///< by flow; empty: none
  std::vector<BytesPerSecond> rate_cap;  ///< by flow, 0 for none; empty: none
  IndexRows after;                       ///< flows by flow; without rows: none
};

/// A system with names, as a file gives it.
struct FlowCase {
  std::string name;
  std::vector<std::string> links;
  FlowSystem system;
};

}  // namespace ithaca
