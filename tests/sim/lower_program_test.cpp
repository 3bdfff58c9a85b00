#include "sim/lower_program.hpp"

#include <gtest/gtest.h>

#include "tests/support/programs.hpp"

namespace ithaca {
namespace {

using namespace test;

// Two ranks compute, then swap 10 B: flows 0 and 1 compute, 2 and 3 are the messages, 4 and 5 end the exchange.
TEST(LowerProgram, TasksAndMessagesAreFlowsThatWaitForEachOther) {
  const Machine machine(star(2), Routing::deterministic);
  Program p = program(2);
  p.exchanges = {shift(2, 1, 1, 10)};
  add(p, compute(3));
  add(p, exchange(0));
  const auto classes = single_classes(p, machine.router);
  ASSERT_TRUE(classes);
  const auto lowered = lower(p, *classes, machine.router, {});
  const FlowSystem& s = lowered.system;
  ASSERT_EQ(s.size.size(), 6u);
  EXPECT_EQ(lowered.done, (std::vector<std::uint32_t>{0, 4}));
  EXPECT_EQ(s.delay[0], Seconds{3});
  EXPECT_EQ(s.size[2], Bytes{10});
  const auto row = [](const IndexRows& rows, std::size_t i) {
    return std::vector<std::uint32_t>(rows[i].begin(), rows[i].end());
  };
  EXPECT_EQ(row(s.after, 0), std::vector<std::uint32_t>{});
  EXPECT_EQ(row(s.after, 2), (std::vector<std::uint32_t>{0, 1}));
  EXPECT_EQ(row(s.after, 4), (std::vector<std::uint32_t>{2, 3}));
  EXPECT_EQ(row(s.route, 2), (std::vector<std::uint32_t>{0, 3}));
  EXPECT_EQ(row(s.route, 4), std::vector<std::uint32_t>{});
}

// A barrier is one flow that both classes wait for.
TEST(LowerProgram, ABarrierIsOneFlow) {
  const Machine machine(star(2), Routing::deterministic);
  Program p = program(2);
  add(p, compute(1));
  add(p, barrier());
  add(p, compute(1));
  const auto lowered = lower(p, single_classes(p, machine.router).value(), machine.router, {});
  EXPECT_EQ(lowered.done, (std::vector<std::uint32_t>{0, 2, 3}));
  EXPECT_EQ(lowered.system.size.size(), 5u);
  EXPECT_EQ(lowered.system.after[2].size(), 2u);
  EXPECT_EQ(lowered.system.after[3][0], 2u);
}

// 3 exchanges of 10 flows and 4 ends, and a compute task of 4 flows.
TEST(LowerProgram, SizesCountFlowsAndGrowWithWhatTheyCross) {
  Program p = program(4);
  p.exchanges.resize(1);
  add(p, compute(1));
  for (int i = 0; i < 3; ++i) add(p, exchange(0));
  EXPECT_DOUBLE_EQ(size_of(p, 4, {{10, 20}}).flows, 3 * 14 + 4);
  EXPECT_GT(size_of(p, 4, {{10, 40}}).bytes, size_of(p, 4, {{10, 20}}).bytes);
  EXPECT_DOUBLE_EQ(size_of(p, 4, {{10, 40}}).rows, 132);  // waits, 3 x (4 x 10 + 4)
  EXPECT_DOUBLE_EQ(size_of(p, 4, {{10, 400}}).rows, 1200);
}

}  // namespace
}  // namespace ithaca
