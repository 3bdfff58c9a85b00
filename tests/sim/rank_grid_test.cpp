#include "sim/rank_grid.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

using enum Dimension;

TEST(RankGrid, FrameworksPutTensorParallelInnermost) {
  const Layout layout{.strategy = Strategy::usp, .tp = 2, .dp = 3, .ulysses = 4, .ring = 5};
  const RankGrid grid(layout, kFrameworkOrder);
  EXPECT_EQ(grid.group(tp).stride, 1);
  EXPECT_EQ(grid.group(ulysses).stride, 2);
  EXPECT_EQ(grid.group(ring).stride, 8);
  EXPECT_EQ(grid.group(dp).stride, 40);
  EXPECT_EQ(grid.group(dp).size, 3);
}

TEST(RankGrid, CoordinatesNameEveryRankOnce) {
  const Layout layout{.strategy = Strategy::usp, .tp = 2, .dp = 3, .ulysses = 4, .ring = 5};
  const RankGrid grid(layout, {ring, dp, tp, pp, ulysses});
  for (std::uint32_t r = 0; r < 120; ++r) {
    EXPECT_EQ(grid.rank({grid.coordinate(r, tp), grid.coordinate(r, ulysses), grid.coordinate(r, ring),
                         grid.coordinate(r, dp), grid.coordinate(r, pp)}),
              r);
  }
}

TEST(RankGrid, RenamedRanksStandWhereTheyStood) {
  const Layout layout{.strategy = Strategy::usp, .tp = 2, .pp = 3, .dp = 3, .ulysses = 4, .ring = 5};
  const RankGrid plain(layout, kFrameworkOrder), other(layout, {pp, ring, dp, tp, ulysses});
  for (std::uint32_t r = 0; r < 360; ++r) {
    const std::uint32_t there = rename(r, plain, other);
    EXPECT_EQ(rename(there, other, plain), r);
    for (const Dimension d : kFrameworkOrder) EXPECT_EQ(other.coordinate(there, d), plain.coordinate(r, d));
  }
}

}  // namespace
}  // namespace ithaca
