#include "model/offload.hpp"

#include <gtest/gtest.h>

#include "model/step.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

const Layout kUlysses8{.strategy = Strategy::ulysses, .ulysses = 8, .zero = 3};

HostTraffic traffic(const Workload& work, const Layout& layout = kUlysses8) {
  const Transformer m = test::llama_7b();
  return host_traffic(m, work, layout, split_rank(m, work, layout), stage(m, layout, 0));
}

TEST(Offload, NothingMovesWithoutIt) {
  const HostTraffic t = traffic(test::sequence(8192));
  EXPECT_EQ((t.layers.down + t.layers.up + t.update.down + t.update.up).value(), 0);
}

TEST(Offload, CheckpointsGoDownAndUpOnce) {
  // 32 layers * 2 bytes * 1024 tokens * 4096, for each of 3 micro-batches.
  Workload work = test::sequence(8192);
  work.global_batch = 3;
  work.offload.checkpoints = true;
  const HostTraffic t = traffic(work);
  EXPECT_EQ(t.layers.down.value(), 3 * 32 * 2.0 * 1024 * 4096);
  EXPECT_EQ(t.layers.up, t.layers.down);
}

TEST(Offload, OptimizerAndWeights) {
  // ZeRO-3 over 8: an eighth of the parameters, 2 bytes each: gradients down for each micro-batch, new weights up once;
  // weights that live on the host come up for each forward and backward instead.
  const double p = static_cast<double>(parameter_count(test::llama_7b())) / 8;
  Workload work = test::sequence(8192);
  work.global_batch = 2;
  work.offload.optimizer = true;
  EXPECT_DOUBLE_EQ(traffic(work).update.down.value(), 2 * 2 * p);
  EXPECT_DOUBLE_EQ(traffic(work).update.up.value(), 2 * p);
  work.offload.parameters = true;
  EXPECT_EQ(traffic(work).update.up.value(), 0);
  EXPECT_DOUBLE_EQ(traffic(work).layers.up.value(), 2 * 2 * 2 * p);
}

TEST(Offload, BothWaysShareNothing) {
  Gpu gpu = test::round_gpu();
  gpu.host_link = BytesPerSecond{50e9};
  EXPECT_DOUBLE_EQ(host_link_time(gpu, {Bytes{100e9}, Bytes{50e9}}).value(), 2);
  EXPECT_EQ(host_link_time(Gpu{}, {}).value(), 0);
}

TEST(Offload, TheStepWaitsForTheHost) {
  // Eight ranks of a node own all parameters together: 6.74e9 at 1e10 in 2.57 s.
  const double p = static_cast<double>(parameter_count(test::llama_7b()));
  Workload work = test::sequence(65536);
  Cluster cluster = test::round_cluster();
  cluster.gpu.host_link = BytesPerSecond{50e9};
  const auto before = estimate_step(test::llama_7b(), work, cluster, kUlysses8);
  work.offload.optimizer = true;
  const auto after = estimate_step(test::llama_7b(), work, cluster, kUlysses8);
  ASSERT_TRUE(before && after);
  EXPECT_NEAR(after->step.optimizer.value(), p * 2.57e-10, 1e-9);
  // 2 bytes of an eighth of the parameters, down and up at once
  EXPECT_NEAR((after->step.exposed_comm - before->step.exposed_comm).value(), 2 * p / 8 / 50e9, 1e-9);
  EXPECT_NEAR((after->step.time - before->step.time).value(),
              p * 2.57e-10 - before->step.optimizer.value() + 2 * p / 8 / 50e9, 1e-9);
}

TEST(Offload, CheckpointsHideBehindComputeAsFarAsItLasts) {
  Workload work = test::sequence(65536);
  work.offload.checkpoints = true;
  Cluster cluster = test::round_cluster();
  cluster.gpu.host_link = BytesPerSecond{50e9};
  const auto exposed = [&] { return estimate_step(test::llama_7b(), work, cluster, kUlysses8)->step.exposed_comm; };
  const Seconds fast = exposed();
  cluster.gpu.host_link = BytesPerSecond{1e6};
  // 32 * 2 * 8192 * 4096 bytes at 1 MB/s, less the compute beside it
  const Seconds compute = estimate_step(test::llama_7b(), work, cluster, kUlysses8)->step.compute;
  EXPECT_NEAR((exposed() - fast).value(), 32 * 2.0 * 8192 * 4096 / 1e6 - compute.value(), 1e-6);
}

TEST(Offload, EachZeroStageShardsItsOwnShare) {
  // 6 ranks, experts over 2 of them; a dense layer of 600 parameters, 2 of 1200 and 1800 in experts: 3000 are sharded
  // by 6, 3600 by 3. 3 micro-batches, gradients in 4 B and weights in 2.
  Transformer m = test::llama_7b();
  m.layers = 3;
  m.experts = {.count = 4, .top_k = 2, .ffn = 1024, .dense_layers = 1};
  RankSplit rank;
  rank.dense_layer = rank.dense_trained = {600, 0};
  rank.moe_layer = rank.moe_trained = {1200, 1800};
  rank.norm_tokens = 100;
  Workload work = test::sequence(8192);
  work.global_batch = 12, work.micro_batch = 2;
  work.fp32_gradients = work.offload.optimizer = true;
  const Stage stage{.dense = 1, .moe = 2, .first = false, .last = false};
  const auto at = [&](int zero) {
    const Layout layout{.dp = 2, .ulysses = 3, .zero = zero, .ep = 2};
    return host_traffic(m, work, layout, rank, stage);
  };
  const double whole = 6600, shard = 3000 / 6 + 3600 / 3;
  const double down[] = {4 * whole, 4 * whole, 4 * shard * 3, 4 * shard * 3};
  for (int zero = 0; zero <= 3; ++zero) {
    EXPECT_DOUBLE_EQ(at(zero).update.down.value(), down[zero]) << zero;
    EXPECT_DOUBLE_EQ(at(zero).update.up.value(), 2 * (zero >= 1 ? shard : whole)) << zero;
    EXPECT_EQ(at(zero).layers.up.value(), 0);
  }
  // Weights come up twice for each micro-batch; what stays from a layer's forward is its input, 100 rows of 4096.
  work.offload = {.checkpoints = true, .parameters = true};
  for (int zero = 0; zero <= 3; ++zero) {
    EXPECT_DOUBLE_EQ(at(zero).layers.down.value(), 3 * 3 * 2 * 100 * 4096.0);
    EXPECT_DOUBLE_EQ(at(zero).layers.up.value(), 3 * 3 * 2 * 100 * 4096.0 + 2 * 3 * 2 * (zero == 3 ? shard : whole));
  }
  const Layout sharded{.dp = 2, .ulysses = 3, .zero = 1, .ep = 2};
  EXPECT_DOUBLE_EQ(host_adam_time(test::round_cluster(), sharded, {3000, 3600}).value(), shard * 6 * 2.57e-10);
}

TEST(Offload, ANodesGpusShareItsCpus) {
  Cluster cluster = test::round_cluster();
  const auto seconds = [&](int dp) { return host_adam_time(cluster, {.dp = dp, .zero = 0}, {1e10, 0}).value(); };
  EXPECT_DOUBLE_EQ(seconds(1), 2.57);
  EXPECT_DOUBLE_EQ(seconds(3), 3 * 2.57);
  EXPECT_DOUBLE_EQ(seconds(16), 8 * 2.57);
  cluster.node_gpus = 0;  // not known
  EXPECT_DOUBLE_EQ(seconds(16), 2.57);
}

}  // namespace
}  // namespace ithaca
