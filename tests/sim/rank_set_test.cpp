#include "sim/rank_set.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/flow_systems.hpp"

namespace ithaca {
namespace {

TEST(RankSet, GivesTheLowestLikeAnOrderedSet) {
  for (const std::uint32_t size : {1u, 64u, 65u, 5000u, 300000u}) {
    SCOPED_TRACE(size);
    RankSet ranks;
    ranks.resize(size);
    std::set<std::uint32_t> expected;
    test::Random random(size);
    for (int i = 0; i < 2000; ++i) {
      if (random.below(3) > 0) {
        const std::uint32_t rank = random.below(size);
        ranks.insert(rank);
        expected.insert(rank);
      } else if (!expected.empty()) {
        ASSERT_EQ(ranks.pop(), *expected.begin());
        expected.erase(expected.begin());
      }
      ASSERT_EQ(ranks.empty(), expected.empty());
    }
  }
}

}  // namespace
}  // namespace ithaca
