#include "cli/limiting_wires.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/cli/sample_report.hpp"

namespace ithaca {
namespace {

TEST(LimitingWires, OneNodeIsLimitedByItsPortsManyByTheirNics) {
  Layout layout{.strategy = Strategy::ulysses, .ulysses = 8};
  const Question one = test::question(test::llama_7b(), 8, 1048576);
  for (const std::string& wire : limiting_wires(one, layout).forward) EXPECT_EQ(wire, "NVLink");
  layout.ulysses = 32;
  const Question four = test::question(test::llama_7b(), 32, 1048576);
  const LimitingWires wires = limiting_wires(four, layout);
  ASSERT_EQ(wires.forward.size(), 2u);
  for (const std::string& wire : wires.forward) EXPECT_EQ(wire, "NICs");
}

TEST(LimitingWires, NamesAThinTier) {
  Question q = test::question(test::llama_7b(), 32, 1048576);
  Domain tier = q.cluster.domains[0];
  tier.uplink = Domain::Uplink::tier;
  tier.gpus = 16;
  tier.achieved = tier.achieved_all_to_all = tier.peak = BytesPerSecond{10e9};  // far below 2 nodes x 320 GB/s
  q.cluster.domains.push_back(tier);
  const Layout layout{.strategy = Strategy::ulysses, .ulysses = 32};
  for (const std::string& wire : limiting_wires(q, layout).forward) EXPECT_EQ(wire, "tier above 16 GPUs");
}

TEST(LimitingWires, IllegalLayoutsHaveNone) {
  const Question q = test::question(test::llama_7b(), 64, 1048576);
  EXPECT_TRUE(limiting_wires(q, {.strategy = Strategy::ulysses, .ulysses = 64}).forward.empty());
}

}  // namespace
}  // namespace ithaca
