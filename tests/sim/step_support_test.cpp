#include "sim/step_support.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

TEST(NotSimulated, IsOffloadInAPipeline) {
  Workload host, other;
  host.offload.optimizer = true;
  other.overlap.gradients = false;
  other.lora_rank = 8;
  const Layout pipeline{.pp = 2}, chunks{.strategy = Strategy::fpdt, .ulysses = 2, .chunks = 4};
  EXPECT_EQ(not_simulated(host, pipeline),
            "the event engine does not simulate offload to host memory in a pipeline (pp 2) yet");
  EXPECT_FALSE(not_simulated(host, chunks));
  EXPECT_FALSE(not_simulated(other, pipeline));
}

}  // namespace
}  // namespace ithaca
