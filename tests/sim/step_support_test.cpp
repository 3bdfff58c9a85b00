#include "sim/step_support.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

std::string refusal(const Layout& layout, const Workload& work = {}) {
  return not_simulated(work, layout).value_or("");
}

TEST(NotSimulated, IsNothingWithTheOtherStrategies) {
  for (const Strategy strategy : kAllStrategies) {
    if (strategy == Strategy::fpdt) continue;
    EXPECT_EQ(refusal({.strategy = strategy, .tp = 2, .dp = 2, .ulysses = 4, .ring = 2}), "");
  }
}

TEST(NotSimulated, NamesWhatTheLayoutHas) {
  EXPECT_EQ(refusal({.strategy = Strategy::fpdt, .ulysses = 2}), "the event engine does not simulate fpdt yet");
  EXPECT_NE(refusal({.chunks = 2}), "");
}

TEST(NotSimulated, NamesWhatTheWorkloadHas) {
  Workload late, host;
  late.overlap.gradients = false;
  host.offload.optimizer = true;
  for (const Workload& work : {late, host}) EXPECT_NE(refusal({}, work), "");
}

}  // namespace
}  // namespace ithaca
