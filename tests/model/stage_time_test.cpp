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

TEST(StageTime, StagesBetweenTheEndsAreAsSlowAsTheSecond) {
  // With its head the last of 4 stages is the slowest: the three others wait for it as long as a stage takes without.
  Transformer m = llama_7b();
  m.vocab = 1;
  Workload work = batch(16);
  work.overlap.pipeline = true;
  const Layout four{.strategy = Strategy::tensor_parallel, .pp = 4, .zero = 0, .tp_sequence = false};
  const Seconds stage = estimate(m, work, four).step.compute / 16;
  m.vocab = 128256;
  const StepEstimate e = estimate(m, work, four);
  ASSERT_GT(e.step.compute / 16 / stage, 1.1);
  EXPECT_NEAR(e.step.bubble / (stage * 3), 1, 0.02);
}

TEST(StageTime, TiedEmbeddingsAddTheirGradientsUpInTheirOwnPrecision) {
  // The first and the last of two stages: 32000 x 1024 weights, of which each of 2 tp ranks has half.
  const Transformer m = test::gpt(1024, 4, 8, 32000);
  const Cluster cluster = test::round_cluster();
  const Layout layout{.strategy = Strategy::megatron_sp, .tp = 2, .pp = 2, .zero = 1};
  Workload work = batch(1);
  const auto reduced = [&](double bytes) {
    return all_reduce_cost(cluster, place(cluster, {2, 2}, 4), Bytes{bytes * 32000 * 1024 / 2}).total().value();
  };
  EXPECT_DOUBLE_EQ(tied_embedding_time(m, work, cluster, layout).value(), reduced(2));
  work.fp32_gradients = true;
  EXPECT_DOUBLE_EQ(tied_embedding_time(m, work, cluster, layout).value(), reduced(4));
}

TEST(StageTime, ASingleLayerWithExpertsCostsWhatEachOfManyDoes) {
  Transformer m = llama_7b();
  const Layout layout{.zero = 1};
  const Cluster cluster = test::round_cluster();
  const auto experts = [&](std::int64_t dense_layers) {
    m.experts = {.count = 8, .top_k = 2, .ffn = 1024, .dense_layers = dense_layers};
    const Workload work = batch(1);
    return layer_costs(m, work, cluster, layout, split_rank(m, work, layout), place_groups(cluster, layout))[1]
        .kernels.forward.total();
  };
  EXPECT_GT(experts(31), Seconds{});  // of 32
  EXPECT_EQ(experts(31), experts(0));
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
