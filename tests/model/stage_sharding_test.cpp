#include <gtest/gtest.h>

#include "model/stage_time.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

/// 2 replicas of 3 Ulysses ranks, experts over 2 of the 6: expert weights are sharded over 3. 3 micro-batches.
struct Sharding {
  Layout layout{.strategy = Strategy::ulysses, .dp = 2, .ulysses = 3, .ep = 2};
  Cluster cluster = test::round_cluster();
  LayerTraffic traffic;
  ShardTimes times;
  RankGroups groups;

  explicit Sharding(int zero, int ep = 2, bool ends_trained = true) {
    layout.zero = zero;
    layout.ep = ep;
    groups = place_groups(cluster, layout);
    Workload work = test::sequence(8192);
    work.global_batch = 12;
    work.micro_batch = 2;
    work.fp32_gradients = true;
    Transformer m = test::llama_7b();
    m.layers = 5;
    m.experts = {.count = 6, .top_k = 2, .ffn = 1024, .dense_layers = 2};
    RankSplit rank;
    rank.dense_layer = rank.dense_trained = {6e6, 0};
    rank.moe_layer = rank.moe_trained = {12e6, 18e6};
    rank.embedding_weights = 3e6, rank.head_weights = 9e6;
    rank.ends_trained = ends_trained;
    times = add_sharding(m, work, cluster, layout, rank, groups, {60e6, 54e6}, {60e6, 54e6}, {.dense = 2, .moe = 3},
                         traffic);
  }
  double gathered(const Placement& group, double bytes) const {
    return all_gather_cost(cluster, group, Bytes{bytes}).total().value();
  }
  double added(const Placement& group, double bytes) const {
    return all_reduce_cost(cluster, group, Bytes{bytes}).total().value();
  }
};

struct ShardRow {
  Op op{};
  int ranks = 0, count = 0;
  double message = 0, sent = 0;  ///< of one, of all
};
void expect_rows(const Sharding& s, std::initializer_list<ShardRow> rows) {
  ASSERT_EQ(s.traffic.collectives.size(), rows.size());
  const Collective* c = s.traffic.collectives.begin();
  for (const ShardRow& row : rows) {
    EXPECT_EQ(c->op, row.op);
    EXPECT_EQ(c->tensor, row.op == Op::all_gather ? Tensor::parameters : Tensor::gradients);
    EXPECT_TRUE(c->overlapped);
    EXPECT_EQ(c->group, row.ranks);
    EXPECT_EQ(c->count, row.count);
    EXPECT_EQ(c->message.value(), row.message);
    EXPECT_NEAR(c->sent.value() / row.sent, 1, 1e-12);
    EXPECT_EQ(c->received, c->sent);
    EXPECT_EQ(c->sent_mean, c->sent);
    const Placement& group = row.ranks == 6 ? s.groups.shard : s.groups.expert_shard;
    EXPECT_EQ(c->nic, nic_bytes(s.cluster, group, row.op, c->sent));
    const CollectiveCost one = row.op == Op::all_reduce ? all_reduce_cost(s.cluster, group, c->message)
                                                        : all_gather_cost(s.cluster, group, c->message);
    EXPECT_DOUBLE_EQ(c->cost.latency.value(), one.latency.value() * row.count);
    EXPECT_DOUBLE_EQ(c->cost.transfer.value(), one.transfer.value() * row.count);
    EXPECT_DOUBLE_EQ(c->cost.bound.value(), one.bound.value() * row.count);
    ++c;
  }
}

TEST(StageTime, Zero3GathersEachLayerTwiceAndReducesItOnce) {
  // A message of M to or from r ranks sends (r - 1)/r M from each. Weights in 2 B, gradients in 4; per micro-batch 2
  // dense layers, 3 with experts, and embedding and head together.
  const Sharding s(3);
  expect_rows(s, {{Op::all_gather, 6, 2 * 2 * 3, 12e6, 10e6 * 12},
                  {Op::reduce_scatter, 6, 2 * 3, 24e6, 20e6 * 6},
                  {Op::all_gather, 6, 2 * 3 * 3, 24e6, 20e6 * 18},
                  {Op::reduce_scatter, 6, 3 * 3, 48e6, 40e6 * 9},
                  {Op::all_gather, 3, 2 * 3 * 3, 36e6, 24e6 * 18},
                  {Op::reduce_scatter, 3, 3 * 3, 72e6, 48e6 * 9},
                  {Op::all_gather, 6, 2 * 3, 24e6, 20e6 * 6},
                  {Op::reduce_scatter, 6, 3, 48e6, 40e6 * 3}});
  const Placement &all = s.groups.shard, &of_experts = s.groups.expert_shard;
  EXPECT_DOUBLE_EQ(s.times.gather[0].value(), s.gathered(all, 12e6));
  EXPECT_DOUBLE_EQ(s.times.reduce[0].value(), s.gathered(all, 24e6));
  EXPECT_DOUBLE_EQ(s.times.gather[1].value(), s.gathered(all, 24e6) + s.gathered(of_experts, 36e6));
  EXPECT_DOUBLE_EQ(s.times.reduce[1].value(), s.gathered(all, 48e6) + s.gathered(of_experts, 72e6));
  // Embedding and head gathered before any layer computes, and the first layer, of the main kind, beside nothing.
  EXPECT_DOUBLE_EQ(s.times.ends.value(), s.gathered(all, 24e6) + s.gathered(all, 48e6) + s.times.gather[1].value());
  EXPECT_EQ((s.times.at_end + s.times.update).value(), 0);
}

TEST(StageTime, ExpertsThatNoOtherRankHasAreNotSharded) {
  // Over all 6 ranks: what is left is shared. Frozen ends are gathered alone.
  const Sharding alone(3, 6), once(1, 6), frozen(3, 6, false);
  EXPECT_EQ(alone.traffic.collectives.size(), 6u);
  EXPECT_DOUBLE_EQ(alone.times.gather[1].value(), alone.gathered(alone.groups.shard, 24e6));
  EXPECT_EQ(once.traffic.collectives.size(), 2u);
  EXPECT_DOUBLE_EQ(once.times.at_end.value(), once.gathered(once.groups.shard, 240e6));
  EXPECT_EQ(frozen.traffic.collectives.size(), 5u);
  EXPECT_DOUBLE_EQ(frozen.times.ends.value(),
                   frozen.gathered(frozen.groups.shard, 24e6) + frozen.times.gather[1].value());
}

TEST(StageTime, OtherZeroStagesShardOnceAStep) {
  // 114e6 parameters: 60e6 shared, 54e6 of experts; in 4 B as gradients, in 2 B as weights.
  const Sharding none(0), one(1), two(2);
  expect_rows(none, {{Op::all_reduce, 6, 1, 240e6, 400e6}, {Op::all_reduce, 3, 1, 216e6, 288e6}});
  const auto& groups = none.groups;
  EXPECT_DOUBLE_EQ(none.times.at_end.value(), none.added(groups.shard, 240e6) + none.added(groups.expert_shard, 216e6));
  expect_rows(one, {{Op::reduce_scatter, 6, 1, 240e6, 200e6},
                    {Op::reduce_scatter, 3, 1, 216e6, 144e6},
                    {Op::all_gather, 6, 1, 120e6, 100e6},
                    {Op::all_gather, 3, 1, 108e6, 72e6}});
  EXPECT_DOUBLE_EQ(one.times.at_end.value(),
                   one.gathered(groups.shard, 240e6) + one.gathered(groups.expert_shard, 216e6));
  EXPECT_DOUBLE_EQ(one.times.update.value(),
                   one.gathered(groups.shard, 120e6) + one.gathered(groups.expert_shard, 108e6));
  EXPECT_EQ(one.times.ends.value(), 0);
  EXPECT_EQ(two.times.gather[1].value(), 0);
  EXPECT_DOUBLE_EQ(two.times.reduce[0].value(), two.gathered(groups.shard, 24e6));
  EXPECT_DOUBLE_EQ(two.times.update.value(), one.times.update.value());
  EXPECT_EQ(two.times.at_end.value(), 0);
}

}  // namespace
}  // namespace ithaca
