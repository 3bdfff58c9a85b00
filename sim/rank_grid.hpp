#pragma once
// How ranks are laid out on the GPUs, and where each stands in the layout's groups.

#include <array>
#include <cstdint>
#include <string_view>

#include "model/collective.hpp"
#include "model/layout.hpp"

namespace ithaca {

enum class Dimension : std::uint8_t { tp, ulysses, ring, dp, pp };
std::string_view name(Dimension dimension);

/// How ranks are laid out on the GPUs, innermost first.
using DimensionOrder = std::array<Dimension, 5>;
inline constexpr DimensionOrder kFrameworkOrder{Dimension::tp, Dimension::ulysses, Dimension::ring, Dimension::dp,
                                                Dimension::pp};

/// Where the ranks 0 to layout.gpus() - 1 stand in the layout's groups.
class RankGrid {
 public:
  RankGrid(const Layout& layout, const DimensionOrder& order);
  Group group(Dimension dimension) const { return groups_[static_cast<std::size_t>(dimension)]; }
  int coordinate(std::uint32_t rank, Dimension dimension) const {
    const auto [size, stride] = group(dimension);
    return static_cast<int>(rank) / stride % size;
  }
  std::uint32_t rank(const std::array<int, 5>& coordinates) const;

 private:
  std::array<Group, 5> groups_;
};

/// The rank that stands in `to` where `rank` stands in `from`.
std::uint32_t rename(std::uint32_t rank, const RankGrid& from, const RankGrid& to);

/// The ranks of ZeRO's groups, evenly spaced or as the tp-innermost grid has them with every rank renamed.
struct ShardSpace {
  Group group;
  bool renamed = false;
};
ShardSpace shard_space(const Layout& layout, const RankGrid& grid, const DimensionOrder& order);

/// With tp innermost and stages outermost, the others as they are.
DimensionOrder tp_first(DimensionOrder order);

}  // namespace ithaca
