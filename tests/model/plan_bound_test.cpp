#include "model/plan_bound.hpp"

#include <gtest/gtest.h>

#include "model/stage_time.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

/// One layer takes 2 s; 12 layers in 4 stages, 8 micro-batches: 8 x 6 s and (4 - 1) x 6 s of filling and draining; with
/// 3 chunks a stage a third of that.
TEST(TimeBound, FillsAndDrainsThePipeline) {
  const LayerPass pass{Seconds{2}, Seconds{}};
  Pipeline pipeline{4, 1, {Stage{0, 3, 0}, Stage{1, 3, 0}, Stage{3, 3, 0}}};
  EXPECT_NEAR(time_bound(pass, pipeline, 8).value(), 66, 1e-6);
  pipeline.virtual_pp = 3;
  EXPECT_NEAR(time_bound(pass, pipeline, 8).value(), 54, 1e-6);
}

/// 10 layers in 4 stages of 3, 3, 2, 2: the second stands for the third, as in the step: 3 + 2 x 3 + 2 = 11 layers.
TEST(TimeBound, CountsUnevenStagesAsTheStepDoes) {
  const LayerPass pass{Seconds{1}, Seconds{}};
  const Pipeline pipeline{4, 1, {Stage{0, 3, 0}, Stage{1, 3, 0}, Stage{3, 2, 0}}};
  EXPECT_NEAR(time_bound(pass, pipeline, 5).value(), 5 * 3 + (11 - 3), 1e-6);
}

/// Stages of 1, 2, 2 and 1 layers of 1 s: a middle one sets the pace of 5 micro-batches, the others fill and drain.
TEST(TimeBound, AnyStageMayBeTheSlowest) {
  const LayerPass pass{Seconds{1}, Seconds{}};
  Pipeline pipeline{4, 1, {Stage{0, 1, 0}, Stage{1, 2, 0}, Stage{3, 1, 0}}};
  EXPECT_NEAR(time_bound(pass, pipeline, 5).value(), 5 * 2 + (6 - 2), 1e-6);
  pipeline.stages[2].dense = 3;
  EXPECT_NEAR(time_bound(pass, pipeline, 5).value(), 5 * 3 + (8 - 3), 1e-6);
}

/// On one GPU nothing is sent: recomputing everything repeats the forward of a layer.
TEST(LayerPass, CountsTheRepeatedForward) {
  const Transformer model = test::llama_7b();
  const Cluster cluster = test::round_cluster();
  Workload work = test::sequence(16384);
  work.recompute = Recompute::full;
  const Seconds full = layer_pass(model, work, cluster, {})[0];
  work.recompute = Recompute::none;
  const Layout one;
  const LayerCosts costs =
      layer_costs(model, work, cluster, one, split_rank(model, work, one), place_groups(cluster, one));
  const LayerKernels& k = costs[0].kernels;
  EXPECT_NEAR((full - layer_pass(model, work, cluster, one)[0]) / k.forward.total(), 1, 1e-9);
}

/// The bounds hold for every legal layout of a model with both kinds of layers.
TEST(Bounds, AreBelowEveryEstimate) {
  PlanQuestion q;
  q.model = test::gpt(1024, 4, 8, 32000);
  q.model.experts = {4, 2, 1024, 512, 1, 1.2};
  q.work = test::sequence(16384);
  q.work.global_batch = 8;
  const Cluster cluster = test::round_cluster();
  std::vector<Pipeline> pipelines;
  list_pipelines(q, 16, pipelines);
  int checked = 0;
  double tightest = 0;
  for (const Strategy strategy : kAllStrategies) {
    std::vector<Split> splits;
    list_splits(q, 16, strategy, splits);
    for (const Split& split : splits) {
      Workload work = q.work;
      work.micro_batch = split.micro_batch;
      work.recompute = static_cast<Recompute>(checked % 3);
      const LayerPass pass = layer_pass(q.model, work, cluster, split.layout);
      for (const Pipeline& pipeline : pipelines) {
        Layout layout = split.layout;
        const std::int64_t micro_batches = join(q, split, pipeline, layout);
        layout.zero = pipeline.pp > 1 ? 1 : 3;
        if (micro_batches == 0) continue;
        const auto estimate = estimate_step(q.model, work, cluster, layout);
        if (!estimate) continue;
        const Seconds bound = time_bound(pass, pipeline, micro_batches);
        EXPECT_LE(bound, estimate->step.time);
        tightest = std::max(tightest, bound / estimate->step.time);
        const RankSplit rank = split_rank(q.model, work, layout);
        EXPECT_LE(weights_bound(work, layout, rank, pipeline), estimate->memory.peak());
        ++checked;
      }
    }
  }
  EXPECT_GT(checked, 200);
  EXPECT_GT(tightest, 0.5);  // a bound of nothing would hold too
}

/// Llama 3 8B whole on a GPU: 8.03 billion parameters of two bytes; over 8 with ZeRO-3 an eighth; none where they wait
/// in host memory.
TEST(WeightsBound, IsTheWeightsAlone) {
  const Transformer model = test::llama3_8b();
  Workload work = test::sequence(8192);
  Pipeline whole{1, 1, {}};
  whole.stages.fill(stage(model, Layout{}, 0));
  Layout layout{.dp = 8, .zero = 1};
  const RankSplit rank = split_rank(model, work, layout);
  EXPECT_NEAR(weights_bound(work, layout, rank, whole).value(), 2 * 8.03e9, 2e7);
  layout.zero = 3;
  EXPECT_NEAR(weights_bound(work, layout, rank, whole).value(), 2 * 8.03e9 / 8, 2e6);
  work.offload.parameters = true;
  EXPECT_EQ(weights_bound(work, layout, rank, whole), Bytes{});
}

}  // namespace
}  // namespace ithaca
