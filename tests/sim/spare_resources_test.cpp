#include "sim/spare_resources.hpp"

#include <gtest/gtest.h>

#include "sim/max_min.hpp"
#include "tests/support/fat_tree.hpp"
#include "tests/support/flow_systems.hpp"

namespace ithaca {
namespace {

using Spare = std::vector<std::uint8_t>;

IndexRows rows(const std::vector<std::vector<std::uint32_t>>& list) {
  IndexRows all;
  for (const auto& row : list) all.add(row);
  return all;
}

TEST(SpareResources, AreThoseWhoseFlowsAnotherHoldsFirst) {
  // 1 carries the flows of 0 and no others: at most 4 of its 5. 2 carries one that 0 does not. Nobody crosses 3.
  EXPECT_EQ(find_spare(std::vector<double>{4, 5, 5, 1}, rows({{0, 1, 2}, {1, 0}, {2}}), {}), (Spare{0, 1, 0, 1}));
  // With a capacity of 3, 1 is full before 0.
  EXPECT_EQ(find_spare(std::vector<double>{4, 3, 5}, rows({{0, 1, 2}, {1, 0}, {2}}), {}), (Spare{1, 0, 0}));
}

TEST(SpareResources, OfEqualOnesTheFirstStays) {
  EXPECT_EQ(find_spare(std::vector<double>{4, 4, 4}, rows({{2, 1, 0}, {0, 1, 2}}), {}), (Spare{0, 1, 1}));
}

TEST(SpareResources, GoByHowOftenAFlowCrosses) {
  // Both flows cross 1 twice: 4 of flows fill 8 of it, as the capacity is; with 7 it is full first.
  const std::vector<double> usage{1, 2, 1, 2}, once{1, 2, 1, 1};
  EXPECT_EQ(find_spare(std::vector<double>{4, 8}, rows({{0, 1}, {0, 1}}), {usage}), (Spare{0, 1}));
  EXPECT_EQ(find_spare(std::vector<double>{4, 7}, rows({{0, 1}, {0, 1}}), {usage}), (Spare{1, 0}));
  // The first flow fills 1 before 0, the second 0 before 1.
  EXPECT_EQ(find_spare(std::vector<double>{4, 7}, rows({{0, 1}, {0, 1}}), {once}), (Spare{0, 0}));
}

TEST(SpareResources, ADownLinkOfALeafIsSpareWhereASpineServesOneHostOfIt) {
  // 4 hosts a leaf and 4 spines: spine s sends to host s of each leaf alone. With 2 spines to two hosts: none is spare.
  const FlowSystem four = bench::fat_tree_all_to_all(4, 4, 0), two = bench::fat_tree_all_to_all(4, 2, 0);
  const auto spare = find_spare(std::vector<double>(four.capacity.size(), 1), four.route, {});
  for (std::uint32_t k = 0; k < spare.size(); ++k) EXPECT_EQ(spare[k], k >= 32 && k % 2 == 1) << k;
  const auto none = find_spare(std::vector<double>(two.capacity.size(), 1), two.route, {});
  EXPECT_EQ(std::count(none.begin(), none.end(), 1), 0);
}

TEST(SpareResources, DoNotChangeRates) {
  int spare = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const FlowSystem system = test::random_system(seed, 4 + seed % 9, 3 + seed % 5);
    std::vector<double> capacity;
    for (const BytesPerSecond c : system.capacity) capacity.push_back(c.value());
    MaxMin all, without;
    ASSERT_FALSE(all.solve({capacity, system.route.begin, system.route.items, {}, {system.usage}}));
    const auto is_spare = find_spare(capacity, system.route, {system.usage});
    for (std::size_t k = 0; k < capacity.size(); ++k) {
      spare += is_spare[k];
      if (is_spare[k]) capacity[k] *= 1e6;
    }
    ASSERT_FALSE(without.solve({capacity, system.route.begin, system.route.items, {}, {system.usage}}));
    for (std::size_t f = 0; f < system.size.size(); ++f)
      ASSERT_NEAR(without.rate()[f], all.rate()[f], 1e-14 * all.rate()[f]) << "seed " << seed << ", flow " << f;
  }
  EXPECT_GT(spare, 100);
}

}  // namespace
}  // namespace ithaca
