#include "sim/rank_grid.hpp"

#include <algorithm>

namespace ithaca {

std::string_view name(Dimension dimension) {
  switch (dimension) {
    case Dimension::tp: return "tp";
    case Dimension::ulysses: return "ulysses";
    case Dimension::ring: return "ring";
    case Dimension::dp: return "dp";
    case Dimension::pp: break;
  }
  return "pp";
}

RankGrid::RankGrid(const Layout& layout, const DimensionOrder& order) {
  const std::array<int, 5> sizes{layout.tp, layout.ulysses, layout.ring, layout.dp, layout.pp};
  int stride = 1;
  for (const Dimension dimension : order) {
    const auto d = static_cast<std::size_t>(dimension);
    groups_[d] = {sizes[d], stride};
    stride *= sizes[d];
  }
}

std::uint32_t RankGrid::rank(const std::array<int, 5>& coordinates) const {
  int rank = 0;
  for (std::size_t d = 0; d < groups_.size(); ++d) rank += coordinates[d] * groups_[d].stride;
  return static_cast<std::uint32_t>(rank);
}

std::uint32_t rename(std::uint32_t rank, const RankGrid& from, const RankGrid& to) {
  std::array<int, 5> at{};
  for (std::size_t d = 0; d < at.size(); ++d) at[d] = from.coordinate(rank, static_cast<Dimension>(d));
  return to.rank(at);
}

ShardSpace shard_space(const Layout& layout, const RankGrid& grid, const DimensionOrder& order) {
  ShardSpace space{{layout.dp * layout.sequence(), 0}, false};
  int next = 0;
  for (const Dimension d : order) {
    const auto [size, stride] = grid.group(d);
    if (d == Dimension::tp || d == Dimension::pp || size == 1) continue;
    if (next == 0) space.group.stride = stride;
    space.renamed = space.renamed || (next != 0 && stride != next);
    next = stride * size;
  }
  if (space.renamed) space.group.stride = layout.tp;
  space.group.stride = std::max(1, space.group.stride);
  return space;
}

DimensionOrder tp_first(DimensionOrder order) {
  std::stable_partition(order.begin(), order.end(), [](Dimension d) { return d == Dimension::tp; });
  std::stable_partition(order.begin(), order.end(), [](Dimension d) { return d != Dimension::pp; });
  return order;
}

}  // namespace ithaca
