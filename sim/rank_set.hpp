#pragma once
// A set of small numbers that gives up its lowest member in a few steps: bits, with a bit for every 64 of them above.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ithaca {

class RankSet {
 public:
  /// Empty, for numbers below `size`.
  void resize(std::size_t size) {
    levels_.clear();
    do {
      size = (size + 63) / 64;
      levels_.emplace_back(size, 0);
    } while (size > 1);
  }

  void insert(std::uint32_t rank) {
    for (auto& level : levels_) {
      std::uint64_t& word = level[rank / 64];
      const bool known = word != 0;
      word |= std::uint64_t{1} << rank % 64;
      if (known) return;
      rank /= 64;
    }
  }

  void clear() {
    for (auto& level : levels_) level.assign(level.size(), 0);
  }

  bool empty() const { return levels_.back()[0] == 0; }

  /// Takes the lowest member out; there must be one.
  std::uint32_t pop() {
    std::uint32_t rank = 0;
    for (std::size_t i = levels_.size(); i-- > 0;) {
      rank = rank * 64 + static_cast<std::uint32_t>(std::countr_zero(levels_[i][rank]));
    }
    std::uint32_t gone = rank;
    for (auto& level : levels_) {
      std::uint64_t& word = level[gone / 64];
      word &= ~(std::uint64_t{1} << gone % 64);
      if (word != 0) break;
      gone /= 64;
    }
    return rank;
  }

 private:
  std::vector<std::vector<std::uint64_t>> levels_;
};

}  // namespace ithaca
