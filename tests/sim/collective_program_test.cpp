#include "sim/collective_program.hpp"

#include "tests/support/collectives.hpp"

namespace ithaca {
namespace {

TEST(CollectiveProgram, ATaskForEachRoundAndBarriersBetween) {
  const auto rounds =
      schedule(test::round_cluster(), test::call_of(Op::all_gather, Algorithm::ring, {8, 1}, 8, Bytes{8e6}, true));
  ASSERT_TRUE(rounds);
  const Program plain = collective_program(*rounds, 8);
  EXPECT_EQ(plain.ranks, 8u);
  EXPECT_EQ(plain.tasks.size(), 7u);
  EXPECT_EQ(plain.after.size(), 7u);
  EXPECT_EQ(plain.exchanges.size(), 2u);  // the first with NCCL's base latency, and the six others
  const Program barriers = collective_program(*rounds, 8, true);
  ASSERT_EQ(barriers.tasks.size(), 13u);
  EXPECT_EQ(barriers.tasks[1].kind, Task::Kind::barrier);
  EXPECT_EQ(barriers.tasks.back().kind, Task::Kind::exchange);
}

}  // namespace
}  // namespace ithaca
