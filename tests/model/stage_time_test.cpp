#include "model/stage_time.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "model/step.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

using test::llama_7b;
using test::sequence;

StepEstimate estimate(const Transformer& m, const Workload& work, const Layout& layout,
                      const Cluster& cluster = test::round_cluster()) {
  const auto e = estimate_step(m, work, cluster, layout);
  EXPECT_TRUE(e) << (e ? "" : why(e.error()));
  return e ? *e : StepEstimate{};
}

Workload batch(std::int64_t sequences) {
  Workload work = sequence(8192);
  work.global_batch = sequences;
  return work;
}

TEST(StageTime, BubbleIsTheOtherStagesOnce) {
  // Without head and embedding (a vocabulary of one word) all stages take the same t: a micro-batch passes pp - 1
  // others while the pipeline fills and drains, so bubble / (compute + exposed) = (pp - 1) / m, messages apart.
  Transformer m = llama_7b();
  m.vocab = 1;
  Workload work = batch(16);
  work.overlap.pipeline = true;
  const StepEstimate e =
      estimate(m, work, {.strategy = Strategy::tensor_parallel, .pp = 4, .zero = 0, .tp_sequence = false});
  EXPECT_NEAR(e.step.bubble / e.step.compute, 3.0 / 16, 2e-3);
  const StepEstimate two = estimate(
      m, work, {.strategy = Strategy::tensor_parallel, .pp = 4, .zero = 0, .virtual_pp = 2, .tp_sequence = false});
  EXPECT_NEAR(two.step.bubble / two.step.compute, 3.0 / 32, 2e-3);  // half of it with two chunks a stage
}

TEST(StageTime, StageMessagesCarryOneShareOfTheHiddenStates) {
  // 16 micro-batches of 8192 tokens x 4096 x 2 B go both ways: 32 x 64 MiB, a quarter of it at each of 4 tp ranks.
  const StepEstimate e =
      estimate(llama_7b(), batch(16), {.strategy = Strategy::megatron_sp, .tp = 4, .pp = 2, .zero = 1});
  EXPECT_EQ(e.pipeline.sent.value(), 32.0 * 8192 * 4096 * 2 / 4);
}

TEST(StageTime, HostNeverHidesAndNeverAddsMoreThanItNeeds) {
  // The norm of power 3 lies between the larger of the two and their sum.
  const Layout layout{.strategy = Strategy::tensor_parallel, .zero = 0, .tp_sequence = false};
  Cluster slow = test::round_cluster();
  slow.gpu.host = {Seconds{1e-3}, Seconds{2e-3}};
  for (const std::int64_t tokens : {128, 1024, 8192}) {
    const Seconds alone = estimate(llama_7b(), sequence(tokens), layout).step.time;
    const Seconds both = estimate(llama_7b(), sequence(tokens), layout, slow).step.time;
    const Seconds host{(1e-3 * 2 + 2e-3) * 32};  // forward, the same recomputed, backward
    EXPECT_GE(both, max(alone, host));
    EXPECT_LE(both, alone + host);
  }
  // One that takes seconds a layer leaves only the update and the ends beside it: less than a whole step without.
  slow.gpu.host = {Seconds{1}, Seconds{2}};
  const double host = (1.0 * 2 + 2) * 32;
  const Seconds both = estimate(llama_7b(), sequence(128), layout, slow).step.time;
  EXPECT_NEAR(both.value(), host, estimate(llama_7b(), sequence(128), layout).step.time.value());
}

TEST(StageTime, PlainTensorParallelismReducesWhatMegatronSpGathersAndReduces) {
  // Two all-reduces each way instead of a gather and a reduction each: 2 x 2 x 2 (t-1)/t and 4 (t-1)/t forward, the
  // same bytes; backward Megatron-SP gathers its two inputs once more (6 + 4 against 8 units in all).
  Workload work = batch(1);
  work.recompute = Recompute::none;
  const Layout sp{.strategy = Strategy::megatron_sp, .tp = 8, .zero = 1};
  Layout plain = sp;
  plain.strategy = Strategy::tensor_parallel;
  plain.tp_sequence = false;
  const StepEstimate a = estimate(llama_7b(), work, sp), b = estimate(llama_7b(), work, plain);
  EXPECT_DOUBLE_EQ(b.forward.sent.value(), a.forward.sent.value());
  EXPECT_DOUBLE_EQ(b.backward.sent.value(), a.backward.sent.value() * 4 / 6);
}

TEST(StageTime, ExpertsMoveEveryTokenToItsTopKAndBack) {
  // b N / (dp x sp) tokens x top_k x h x 2 B x (ep-1)/ep, twice each way.
  Transformer m = llama_7b();
  m.experts = {.count = 64, .top_k = 4, .ffn = 1024, .dense_layers = 0};
  Workload work = batch(8);
  work.recompute = Recompute::none;
  const Layout layout{.strategy = Strategy::tensor_parallel, .dp = 8, .zero = 1, .ep = 8, .tp_sequence = false};
  const StepEstimate e = estimate(m, work, layout);
  const double once = 8192.0 * 4 * 4096 * 2 * 7 / 8;
  EXPECT_DOUBLE_EQ(e.forward.sent.value(), 2 * once);
  EXPECT_DOUBLE_EQ(e.backward.sent.value(), 2 * once);
}

}  // namespace
}  // namespace ithaca
