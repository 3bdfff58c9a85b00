#include "tests/support/collectives.hpp"

namespace ithaca {
namespace {

using test::call_of;
using test::round_cluster;

TEST(RecursiveSchedule, DoublingGathersAll) {
  for (const auto& [size, stride] : {std::pair{8, 1}, {16, 1}, {4, 2}}) {
    const int ranks = size * stride;
    const auto rounds = test::sent_by_round(
        round_cluster(), call_of(Op::all_gather, Algorithm::recursive, {size, stride}, ranks, Bytes{size * 1e3}));
    EXPECT_EQ(1 << rounds.size(), size);
    std::vector<std::set<std::uint32_t>> have(static_cast<std::size_t>(ranks));
    for (std::uint32_t r = 0; r < have.size(); ++r) have[r].insert(r);
    for (const auto& round : rounds) {
      auto next = have;
      for (const Message& m : round) {
        EXPECT_NEAR(m.bytes.value(), static_cast<double>(have[m.from].size()) * 1e3, 1e-9);
        for (const std::uint32_t block : have[m.from]) EXPECT_TRUE(next[m.to].insert(block).second);
      }
      have = next;
    }
    for (const auto& blocks : have) EXPECT_EQ(static_cast<int>(blocks.size()), size);
  }
}

// Halving is doubling backwards: the same messages in the opposite order.
TEST(RecursiveSchedule, HalvingGoesTheOtherWay) {
  const auto gather =
      test::sent_by_round(round_cluster(), call_of(Op::all_gather, Algorithm::recursive, {8, 1}, 8, Bytes{8e3}));
  const auto scatter =
      test::sent_by_round(round_cluster(), call_of(Op::reduce_scatter, Algorithm::recursive, {8, 1}, 8, Bytes{8e3}));
  ASSERT_EQ(gather.size(), scatter.size());
  for (std::size_t i = 0; i < gather.size(); ++i) {
    const auto& there = scatter[scatter.size() - 1 - i];
    ASSERT_EQ(gather[i].size(), there.size());
    for (std::size_t m = 0; m < there.size(); ++m) {
      EXPECT_EQ(gather[i][m].to, there[m].to);
      EXPECT_EQ(gather[i][m].bytes, there[m].bytes);
    }
  }
}

TEST(RecursiveSchedule, NeedsAPowerOfTwo) {
  const auto refused = schedule(round_cluster(), call_of(Op::all_gather, Algorithm::recursive, {6, 1}, 6, Bytes{1}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), "recursive doubling needs a group of a power of two, not 6");
}

}  // namespace
}  // namespace ithaca
