#include "sim/pipeline_order.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace ithaca {
namespace {

/// "F0 B0": micro-batches; "F0b": of the second chunk.
std::string words(const std::vector<StageWork>& order) {
  std::string text;
  for (const StageWork& w : order) {
    text += (text.empty() ? "" : " ") + std::string(w.backward ? "B" : "F") + std::to_string(w.micro_batch);
    if (w.chunk > 0) text += static_cast<char>('a' + w.chunk);
  }
  return text;
}

TEST(PipelineOrder, GpipeRunsAllForwardsFirst) {
  const Layout layout{.pp = 2, .schedule = Schedule::gpipe};
  EXPECT_EQ(words(pipeline_order(layout, 0, 3)), "F0 F1 F2 B0 B1 B2");
}

// arXiv 2006.09503 figure 3: as many forwards first as there are stages behind.
TEST(PipelineOrder, OneForwardOneBackward) {
  const Layout layout{.pp = 4};
  EXPECT_EQ(words(pipeline_order(layout, 0, 5)), "F0 F1 F2 F3 B0 F4 B1 B2 B3 B4");
  EXPECT_EQ(words(pipeline_order(layout, 2, 5)), "F0 F1 B0 F2 B1 F3 B2 F4 B3 B4");
  EXPECT_EQ(words(pipeline_order(layout, 3, 2)), "F0 B0 F1 B1");
  EXPECT_EQ(words(pipeline_order(layout, 0, 2)), "F0 F1 B0 B1");
}

// arXiv 2104.04473 figure 4: two stages of two chunks; the first stage starts 2 x 1 + 1 x 2 forwards, the second 2.
TEST(PipelineOrder, InterleavedByGroupsOfAsManyMicroBatchesAsStages) {
  const Layout layout{.pp = 2, .virtual_pp = 2};
  EXPECT_EQ(words(pipeline_order(layout, 0, 4)), "F0 F1 F0b F1b F2 B0b F3 B1b F2b B0 F3b B1 B2b B3b B2 B3");
  EXPECT_EQ(words(pipeline_order(layout, 1, 4)), "F0 F1 F0b B0b F1b B1b F2 B0 F3 B1 F2b B2b F3b B3b B2 B3");
}

TEST(PipelineOrder, EveryPassOnceEachBackwardBehindItsForward) {
  for (const int chunks : {1, 2, 3}) {
    for (const int micro : {1, 3, 4, 7, 8}) {
      for (int stage = 0; stage < 4; ++stage) {
        const auto order = pipeline_order({.pp = 4, .virtual_pp = chunks}, stage, micro);
        ASSERT_EQ(std::ssize(order), 2 * chunks * micro);
        for (std::size_t i = 0; i < order.size(); ++i) {
          const auto same = [&](const StageWork& w) {
            return w.micro_batch == order[i].micro_batch && w.chunk == order[i].chunk;
          };
          const auto first = std::find_if(order.begin(), order.end(), same);
          EXPECT_FALSE(first->backward);
          EXPECT_EQ(std::count_if(order.begin(), order.end(), same), 2);
        }
      }
    }
  }
}

}  // namespace
}  // namespace ithaca
