#include "sim/step_program.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "sim/step_inputs.hpp"
#include "tests/support/step_jobs.hpp"

namespace ithaca {
namespace {

using test::llama3_8b;
using test::llama_7b;
using test::sequence;
using test::StepJob;

constexpr std::int64_t kMi = 1048576;

TEST(StepProgram, MicroBatchesAndReplicas) {
  for (const int zero : {0, 1, 2, 3}) {
    StepJob job;
    job.work = sequence(kMi / 4);
    job.work.global_batch = 6;
    job.layout = {.strategy = Strategy::ulysses, .dp = 2, .ulysses = 8, .zero = zero};
    job.expect_equal();
  }
}

TEST(StepProgram, GradientsOfTheStepWithoutOverlap) {
  for (const int zero : {0, 1}) {
    StepJob job;
    job.layout = {.strategy = Strategy::ulysses, .dp = 2, .ulysses = 8, .zero = zero};
    job.work.global_batch = 4;
    job.work.overlap.gradients = false;
    EXPECT_NEAR(job.engine() / job.analytic().step.time, 1, 1e-9) << zero;
  }
}

// Every gather and reduction is waited for. The closed form's first gather of a layer, exposed where the others are
// not, counts twice here; and it gathers embedding and head once where both passes do.
TEST(StepProgram, WeightsAndGradientsWithoutOverlap) {
  for (const int zero : {1, 2, 3}) {
    StepJob job;
    job.layout = {.strategy = Strategy::ulysses, .dp = 2, .ulysses = 8, .zero = zero};
    job.work.global_batch = 4;
    job.work.overlap.parameters = false;
    const ShardCalls calls = shard_calls(job.model, job.work, job.layout, job.rank());
    const auto gather = [&](const ShardCall& call) {
      return call.count == 0 ? Seconds{} : all_gather_cost(job.cluster, job.groups().shard, call.message).total();
    };
    const Seconds ends = (gather(calls.gather_ends) - gather(calls.gather)) * 2;
    const Seconds late = zero == 1 ? job.late_reduction() : Seconds{};
    EXPECT_NEAR(job.engine() / (job.analytic().step.time + ends + late), 1, 1e-9) << zero;
  }
}

/// 50 GB/s to the host.
StepJob with_host_memory(int zero) {
  StepJob job;
  job.layout = {.strategy = Strategy::ulysses, .dp = 2, .ulysses = 8, .zero = zero};
  job.work.global_batch = 4;
  job.cluster.gpu.host_link = BytesPerSecond{50e9};
  return job;
}

// The last layer's input goes and comes back beside head and loss, all others beside a layer.
TEST(StepProgram, CheckpointsWaitInHostMemoryUnseen) {
  StepJob job = with_host_memory(1);
  const Seconds resident = job.engine();
  job.work.offload.checkpoints = true;
  const Bytes input{2 * 131072 * 4096.0};
  ASSERT_LT((input / job.cluster.gpu.host_link * 2).value(),
            head_times({job.model, job.work, job.cluster, job.layout, job.rank()}).backward.value());
  job.expect_equal();
  EXPECT_NEAR(job.engine() / resident, 1, 1e-9);
  job.cluster.gpu.host_link = BytesPerSecond{1e8};  // too slow to hide
  EXPECT_GT(job.engine().value(), 1.01 * resident.value());
}

// What comes before the first layer of each of two micro-batches is not hidden: embedding and head, and a layer.
TEST(StepProgram, WeightsComeFromHostMemoryALayerAhead) {
  StepJob job = with_host_memory(1);
  job.work.offload.parameters = true;
  const RankSplit rank = job.rank();
  const double first = rank.embedding_weights + rank.head_weights + rank.dense_layer.shared;
  const Seconds exposed = Bytes{2 * 2 * first} / job.cluster.gpu.host_link;
  EXPECT_NEAR(job.engine() / (job.analytic().step.time + job.late_reduction() + exposed), 1, 1e-9);
}

// Gradients of both micro-batches leave a shard each, weights come back beside the last of them, and the CPUs step.
TEST(StepProgram, TheOptimizerStepsOnTheHost) {
  for (const int zero : {1, 2}) {
    StepJob job = with_host_memory(zero);
    job.work.offload.optimizer = true;
    job.expect_equal();
    EXPECT_GT(job.analytic().step.optimizer.value(), 0.01);
  }
}

TEST(StepProgram, SharedWiresWhereGathersDoNotFit) {
  // 8 Ki tokens with ZeRO-3: a layer's weights take longer to gather than the layer's first kernel runs, so they share
  // the ports with the all-to-alls. However the engine shares them, a layer takes at least its kernels and blocking
  // exchanges, and at most these and the gathers one after the other.
  StepJob job;
  job.work = sequence(8192);
  job.layout = {.strategy = Strategy::ulysses, .ulysses = 8, .zero = 3};
  const StepEstimate e = job.analytic();
  const Seconds alone = e.step.compute + (e.forward.time + e.backward.time) * job.layers() + e.step.optimizer;
  const Seconds time = job.engine();
  EXPECT_GT(time, alone);
  EXPECT_LT(time, alone + e.parameters.time);
  EXPECT_GT(time, e.step.bound);
}

TEST(StepProgram, StepsAreOneAfterAnother) {
  StepJob job;
  job.model.layers = 4;
  job.layout = {.strategy = Strategy::ulysses, .ulysses = 8};
  EXPECT_NEAR(job.engine({.steps = 3}) / job.engine(), 3, 1e-9);
}

TEST(StepProgram, RefusesInTheLayoutsOwnWords) {
  StepJob job;
  job.layout = {.strategy = Strategy::ulysses, .ulysses = 64};
  const auto program = step_program(job.model, job.work, job.cluster, job.layout);
  ASSERT_FALSE(program);
  EXPECT_EQ(program.error(), why(estimate_step(job.model, job.work, job.cluster, job.layout).error()));
}

TEST(StepProgram, StaysSmall) {
  // Tasks by layer, but every collective and every label once.
  StepJob job;
  job.layout = {.strategy = Strategy::usp, .tp = 2, .ulysses = 8, .ring = 4, .zero = 3};
  const auto layers = [&](std::int64_t count) {
    job.model.layers = count;
    return std::move(step_program(job.model, job.work, job.cluster, job.layout)).value();
  };
  const Program few = layers(2), many = layers(80);
  EXPECT_EQ(many.exchanges.size(), few.exchanges.size());
  EXPECT_EQ(many.labels, few.labels);
}

/// Random legal jobs of a small model from a fixed seed.
struct RandomJobs {
  std::mt19937_64 engine{20261124};
  int pick(std::initializer_list<int> options) {
    return *(options.begin() + std::uniform_int_distribution<std::size_t>(0, options.size() - 1)(engine));
  }
  StepJob next() {
    StepJob job;
    job.model = pick({0, 1}) == 0 ? llama_7b() : llama3_8b();
    job.model.layers = 6;
    Layout& l = job.layout;
    l.strategy = kStrategies[static_cast<std::size_t>(pick({0, 1, 2, 3}))];
    l.tp = l.strategy == Strategy::megatron_sp ? pick({2, 4, 8, 16}) : pick({1, 1, 2});
    if (l.strategy == Strategy::ulysses || l.strategy == Strategy::usp) l.ulysses = pick({2, 3, 4, 8});
    if (l.strategy == Strategy::ring || l.strategy == Strategy::usp) l.ring = pick({2, 4, 8});
    l.dp = pick({1, 2});
    l.pp = pick({1, 1, 2, 3});
    l.virtual_pp = l.pp > 1 ? pick({1, 2}) : 1;
    l.schedule = l.pp > 1 && l.virtual_pp == 1 ? static_cast<Schedule>(pick({0, 1})) : Schedule::one_f_one_b;
    l.zero = l.pp > 1 ? pick({0, 1}) : pick({0, 1, 2, 3});
    l.zigzag = pick({0, 1}) == 1;
    job.work = sequence(std::int64_t{1} << pick({13, 15, 17, 20}));
    job.work.global_batch = pick({2, 4});
    job.work.overlap.pipeline = pick({0, 1}) == 1;
    job.work.recompute = static_cast<Recompute>(pick({0, 1, 2}));
    job.work.ring_gradient = static_cast<RingGradient>(pick({0, 1}));
    return job;
  }
};

TEST(StepProgramProperties, NearTheClosedFormAndNeverUnderTheBound) {
  // Both know the same kernels and collectives and differ in what overlaps: the engine may hide what the closed form
  // exposes and the other way round, but neither can be more than twice the other, since both lie between the longer
  // and the sum of compute and communication, stages of pipelines too.
  RandomJobs jobs;
  double nearest = 10, farthest = 0;
  for (int i = 0; i < 100; ++i) {
    const StepJob job = jobs.next();
    const StepEstimate e = job.analytic();
    const Seconds time = job.engine();
    ASSERT_GE(time.value(), e.step.bound.value() * (1 - 1e-12)) << i;
    nearest = std::min(nearest, time / e.step.time);
    farthest = std::max(farthest, time / e.step.time);
  }
  EXPECT_GT(nearest, 0.5);
  EXPECT_LT(farthest, 2);
}

TEST(StepProgramProperties, EveryOrderOfDimensionsMovesTheSameBytes) {
  RandomJobs jobs;
  for (int i = 0; i < 60; ++i) {
    StepJob job = jobs.next();
    job.model.layers = job.layout.pp * job.layout.virtual_pp;
    DimensionOrder order = kFrameworkOrder;
    std::shuffle(order.begin(), order.end(), jobs.engine);
    const auto bytes = [&](const DimensionOrder& o) {
      const auto program = step_program(job.model, job.work, job.cluster, job.layout, {.order = o});
      EXPECT_TRUE(program) << (program ? "" : program.error());
      std::vector<double> sums;
      for (const Exchange& exchange : program->exchanges) {
        std::vector<Message> messages;
        for (std::uint32_t r = 0; r < program->ranks; ++r) exchange.sends(r, messages);
        double sum = 0;
        for (const Message& m : messages) sum += m.bytes.value();
        sums.push_back(sum);
      }
      return sums;
    };
    const auto plain = bytes(kFrameworkOrder), shuffled = bytes(order);
    ASSERT_EQ(plain.size(), shuffled.size());
    for (std::size_t x = 0; x < plain.size(); ++x) ASSERT_NEAR(shuffled[x] / plain[x], 1, 1e-12) << i;
    ASSERT_GT(job.engine({.order = order}), Seconds{});
  }
}

}  // namespace
}  // namespace ithaca
