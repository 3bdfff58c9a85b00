#include "sim/step_support.hpp"

#include <gtest/gtest.h>

#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

std::string refusal(const Layout& layout, const Workload& work = {}, const Transformer& model = test::llama_7b()) {
  return not_simulated(model, work, layout).value_or("");
}

TEST(NotSimulated, IsNothingWithThePlainStrategies) {
  for (const Strategy strategy : kStrategies) {
    EXPECT_EQ(refusal({.strategy = strategy, .tp = 2, .dp = 2, .ulysses = 4, .ring = 2}), "");
  }
}

TEST(NotSimulated, NamesWhatTheLayoutHas) {
  EXPECT_EQ(refusal({.strategy = Strategy::fpdt, .ulysses = 2}), "the event engine does not simulate fpdt yet");
  EXPECT_EQ(refusal({.pp = 2}), "the event engine does not simulate pipeline parallelism (pp 2) yet");
  EXPECT_EQ(refusal({.dp = 4, .ep = 4}), "the event engine does not simulate expert parallelism (ep 4) yet");
  EXPECT_NE(refusal({.tp = 2, .tp_sequence = false}), "");
  EXPECT_EQ(refusal({.tp = 1, .tp_sequence = false}), "");  // nothing is split
  EXPECT_NE(refusal({.ring = 4, .inner_ring = 2}), "");
  EXPECT_NE(refusal({.chunks = 2}), "");
}

TEST(NotSimulated, NamesWhatTheModelAndTheWorkloadHave) {
  Transformer moe = test::llama_7b(), latent = moe, wide = moe;
  moe.experts.count = 8;
  latent.latent.kv_rank = 512;
  wide.value_dim = wide.head_dim / 2;
  for (const Transformer& model : {moe, latent, wide}) EXPECT_NE(refusal({}, {}, model), "") << model.name;
  Workload some, lora, late, host;
  some.recompute_every = 2;
  lora.lora_rank = 8;
  late.overlap.gradients = false;
  host.offload.optimizer = true;
  for (const Workload& work : {some, lora, late, host}) EXPECT_NE(refusal({}, work), "");
  some.recompute = Recompute::selective;  // of every layer
  EXPECT_EQ(refusal({}, some), "");
}

}  // namespace
}  // namespace ithaca
