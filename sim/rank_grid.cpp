#include "sim/rank_grid.hpp"

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

}  // namespace ithaca
