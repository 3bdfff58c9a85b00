#include "cli/levers.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/cli/sample_report.hpp"

namespace ithaca {
namespace {

bool names(const std::vector<std::string>& flags, const std::string& flag) {
  return std::find(flags.begin(), flags.end(), flag) != flags.end();
}

TEST(Levers, MoreGpusHoldTheModel) {
  // 6.74e9 parameters x 16 bytes = 108 GB on one GPU of 80; ZeRO-3 over two leaves 54 GB.
  const auto flags = levers(test::question(test::llama_7b(), 1, 1024));
  EXPECT_TRUE(names(flags, "--gpus 2")) << testing::PrintToString(flags);
  EXPECT_FALSE(names(flags, "--tiled-loss"));
}

TEST(Levers, RecomputationAndFlashFreeMemory) {
  Question q = test::question(test::llama_7b(), 8, 262144);
  ASSERT_TRUE(best_row(compare(q)));
  q.work.recompute = Recompute::none;
  ASSERT_FALSE(best_row(compare(q)));
  EXPECT_TRUE(names(levers(q), "--recompute full"));
  q.work.recompute = Recompute::full;
  q.work.flash = false;  // scores of 2^18 x 2^18 x 4 heads
  ASSERT_FALSE(best_row(compare(q)));
  EXPECT_TRUE(names(levers(q), "--attention flash"));
}

TEST(Levers, TogetherWhereOneIsNotEnough) {
  Question q = test::question(test::llama_7b(), 8, 262144);
  q.work.recompute = Recompute::none;
  q.work.flash = false;
  EXPECT_TRUE(names(levers(q), "--attention flash --recompute full --tiled-loss")) << testing::PrintToString(levers(q));
}

TEST(Levers, EveryOneOfThemWorks) {
  Question q = test::question(test::llama_7b(), 4, 131072);
  q.strategies = {Strategy::ulysses};  // Megatron-SP would cut the weights over tp
  q.degrees.zero = 0;
  ASSERT_FALSE(best_row(compare(q)));
  ASSERT_TRUE(names(levers(q), "--zero 3"));
  q.degrees.zero = 3;
  EXPECT_TRUE(best_row(compare(q)));
}

}  // namespace
}  // namespace ithaca
