#include "cli/report.hpp"

#include <gtest/gtest.h>

#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

TEST(TimeMark, IsTheWorstOfKernelsAndLinks) {
  Question q;
  q.cluster.gpu.gemm_mark = Mark::calibrated;
  q.cluster.gpu.attention_mark = Mark::measured;
  q.cluster.link_mark = Mark::datasheet;
  EXPECT_EQ(time_mark(q), Mark::datasheet);
  q.cluster.gpu.attention_mark = Mark::extrapolated;
  EXPECT_EQ(time_mark(q), Mark::extrapolated);
}

TEST(LayoutWords, NameEveryDegreeAboveOne) {
  Layout layout;
  EXPECT_EQ(layout_words(layout), "1 GPU");
  layout.ulysses = 32;
  layout.dp = 2;
  EXPECT_EQ(layout_words(layout), "ulysses 32 x dp 2");
  layout = {.strategy = Strategy::usp, .tp = 2, .ulysses = 8, .ring = 4};
  EXPECT_EQ(layout_words(layout), "tp 2 x ulysses 8 x ring 4");
}

TEST(AttentionWords, NameMaskAndKernel) {
  Workload work;
  EXPECT_EQ(attention_words(work), "causal flash attention");
  work.causal = work.flash = false;
  EXPECT_EQ(attention_words(work), "full eager attention");
}

}  // namespace
}  // namespace ithaca
