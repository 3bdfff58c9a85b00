#include "sim/pipeline_program.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "sim/faults.hpp"
#include "sim/pipeline_order.hpp"
#include "tests/support/step_jobs.hpp"

namespace ithaca {
namespace {

using test::sequence;
using test::StepJob;

/// A stage is a box of 8, so that every message goes from NIC to NIC. 64 Ki tokens: all that can be hidden is.
StepJob pipeline(int stages, std::int64_t micro_batches) {
  StepJob job;
  job.work = sequence(65536);
  job.work.global_batch = micro_batches;
  job.layout = {.strategy = Strategy::megatron_sp, .tp = 8, .pp = stages, .zero = 1};
  return job;
}

StepInputs inputs(const StepJob& job, const RankSplit& rank) {
  return {job.model, job.work, job.cluster, job.layout, rank};
}

/// The first stage is the last to come to its end; the closed form lets it update what the fullest stage holds.
Seconds update_of_fullest(const StepJob& job) {
  const RankSplit rank = job.rank();
  return job.analytic().step.optimizer - update_time(inputs(job, rank), 0);
}

Seconds message_time(const StepJob& job) {
  const Bytes hidden = head_message(job.model, job.work, job.rank()) / job.layout.tp;
  return send_recv_cost(job.cluster, job.groups().pipeline, hidden).total();
}

// The last stage has the head and is the slowest, in forward and backward. With messages beside compute it never
// waits: the others fill and drain around it with a message each, which is the closed form. 1F1B needs more: a gradient
// and the hidden states that follow it come back within what the last stage needs for the micro-batch between,
// which is two messages less than the head.
TEST(PipelineProgram, MessagesBesideComputeAreTheClosedForm) {
  for (const Schedule schedule : {Schedule::gpipe, Schedule::one_f_one_b}) {
    for (const auto& [stages, micro] : {std::pair{2, 1}, {2, 4}, {4, 3}, {4, 8}}) {
      StepJob job = pipeline(stages, micro);
      job.layout.schedule = schedule;
      job.work.overlap.pipeline = true;
      const HeadTimes head = head_times(inputs(job, job.rank()));
      ASSERT_GT(head.forward, message_time(job));
      ASSERT_GT(head.forward + head.backward, message_time(job) * 2);
      const Seconds expected = job.analytic().step.time - update_of_fullest(job);
      EXPECT_NEAR(job.engine() / expected, 1, 1e-9) << stages << " stages, " << micro;
    }
  }
}

// Where compute waits for messages, the closed form lets the slowest stage wait for two a micro-batch, as those in the
// middle do, and every one that fills and drains for one each way: 2 m + 2 (p - 1). The slowest stage is the last one,
// which sends but gradients, and the last of these is also among those that drain: m - 1 + 2 (p - 1), m + 1 less.
TEST(PipelineProgram, MessagesThatComputeWaitsForAreTheClosedFormLessThoseOfTheLastStage) {
  for (const Schedule schedule : {Schedule::gpipe, Schedule::one_f_one_b}) {
    for (const auto& [stages, micro] : {std::pair{2, 4}, {4, 8}}) {
      StepJob job = pipeline(stages, micro);
      job.layout.schedule = schedule;
      const Seconds expected = job.analytic().step.time - update_of_fullest(job) - message_time(job) * (micro + 1);
      EXPECT_NEAR(job.engine() / expected, 1, 1e-9) << stages << " stages, " << micro;
    }
  }
}

/// Seconds of a pass through a chunk, by stage and chunk, out of the closed form's pieces; compute `slow` times as long
/// in one stage.
struct Slots {
  std::map<std::pair<int, int>, double> forward, backward;
  double message = 0;
};
Slots slots_of(const StepJob& job, int slow_stage = 0, double slow = 1) {
  const RankSplit rank = job.rank();
  const StepEstimate e = job.analytic();
  const auto [there, back] = layer_passes(job.work, job.layout, e.forward, e.backward, job.kernels());
  const HeadTimes head = head_times(inputs(job, rank));
  const Seconds embedding = embedding_time(inputs(job, rank)) * 0.5;
  const Bytes hidden = head_message(job.model, job.work, rank);
  const Seconds gather = all_gather_cost(job.cluster, job.groups().tp, hidden).total();
  const Seconds reduce = reduce_scatter_cost(job.cluster, job.groups().tp, hidden).total();
  Slots slots;
  const int pp = job.layout.pp, chunks = pp * job.layout.virtual_pp;
  for (int c = 0; c < chunks; ++c) {
    const double layers = static_cast<double>(job.model.layers / chunks + (c < job.model.layers % chunks ? 1 : 0));
    const double times = c % pp == slow_stage ? slow : 1;
    Seconds f = (there.compute * times + there.exposed) * layers, b = (back.compute * times + back.exposed) * layers;
    if (c == 0) f += embedding * times + reduce;
    if (c == 0) b += embedding * times + gather;
    if (c == chunks - 1) f += head.forward * times + gather;
    if (c == chunks - 1) b += head.backward * times + gather + reduce;
    slots.forward[{c % pp, c / pp}] = f.value();
    slots.backward[{c % pp, c / pp}] = b.value();
  }
  slots.message = message_time(job).value();
  return slots;
}

/// When each stage is through, worked out with nothing but these times: passes begin when the stage and their input
/// are there, over and over until nothing comes later any more.
std::vector<double> ends_of(const StepJob& job, const Slots& slots) {
  const int pp = job.layout.pp, chunks = pp * job.layout.virtual_pp;
  std::map<std::array<int, 3>, double> come;  // backward, chunk, micro-batch
  std::vector<double> ends(static_cast<std::size_t>(pp));
  for (bool later = true; later;) {
    later = false;
    for (int s = 0; s < pp; ++s) {
      double now = 0;
      for (const auto& w : pipeline_order(job.layout, s, static_cast<int>(micro_batches(job.work, job.layout)))) {
        const int chunk = w.chunk * pp + s, next = chunk + (w.backward ? -1 : 1);
        now = std::max(now, come[{w.backward, chunk, w.micro_batch}]);
        now += (w.backward ? slots.backward : slots.forward).at({s, w.chunk});
        if (next < 0 || next == chunks) continue;
        double& arrives = come[{w.backward, next, w.micro_batch}];
        later |= now + slots.message > arrives;
        arrives = now + slots.message;
        if (!job.work.overlap.pipeline) now += slots.message;
      }
      ends[static_cast<std::size_t>(s)] = now;
    }
  }
  return ends;
}

double step_of(const StepJob& job, const Slots& slots, double slow = 1, int slow_stage = 0) {
  const RankSplit rank = job.rank();
  double step = 0;
  const auto ends = ends_of(job, slots);
  for (int s = 0; s < job.layout.pp; ++s) {
    const double update = update_time(inputs(job, rank), s).value() * (s == slow_stage ? slow : 1);
    step = std::max(step, ends[static_cast<std::size_t>(s)] + update);
  }
  return step;
}

// 34 layers over 8 chunks: two have five.
TEST(PipelineProgram, EveryScheduleIsThePassesInItsOrder) {
  for (const bool overlap : {false, true}) {
    for (const int micro : {1, 4, 6, 8}) {
      for (const auto& [schedule, chunks] :
           {std::pair{Schedule::gpipe, 1}, {Schedule::one_f_one_b, 1}, {Schedule::one_f_one_b, 2}}) {
        StepJob job = pipeline(4, micro);
        job.model.layers = 34;
        job.layout.schedule = schedule;
        job.layout.virtual_pp = chunks;
        job.work.overlap.pipeline = overlap;
        EXPECT_NEAR(job.engine().value() / step_of(job, slots_of(job)), 1, 1e-9)
            << micro << " micro-batches, " << chunks << " chunks, overlap " << overlap;
      }
    }
  }
}

// The closed form cuts the bubble by the chunks. Chunks with the head take longer than the others, which it spreads.
TEST(PipelineProgram, InterleavingIsNearTheClosedForm) {
  StepJob job = pipeline(4, 16);
  const double plain = job.engine().value();
  job.layout.virtual_pp = 4;
  const double expected = job.analytic().step.time.value();
  EXPECT_NEAR(job.engine().value() / expected, 1, 0.03);
  EXPECT_LT(job.engine().value(), plain);
}

TEST(PipelineProgram, RanksOfAStageAreAlike) {
  StepJob job = pipeline(4, 4);
  job.layout.dp = 2;
  job.work.global_batch = 8;
  const auto program = step_program(job.model, job.work, job.cluster, job.layout);
  ASSERT_TRUE(program) << program.error();
  const auto run = job.run(*program);
  EXPECT_EQ(run.classes, 4U);
  const auto flat = job.run(*program, {}, {RunOptions::Engine::flat});
  EXPECT_NEAR(run.makespan / flat.makespan, 1, 1e-9);
  EXPECT_DOUBLE_EQ(run.messages, flat.messages);
}

// A slow GPU holds up its stage, and that one the others: as if all of the stage were slow.
TEST(PipelineProgram, AStragglerSlowsItsStage) {
  StepJob job = pipeline(4, 8);
  const auto program = step_program(job.model, job.work, job.cluster, job.layout);
  ASSERT_TRUE(program) << program.error();
  Slowdown slowdown;
  slowdown.gpu.assign(32, 1);
  slowdown.gpu[19] = 1.5;  // of stage 2
  const double expected = step_of(job, slots_of(job, 2, 1.5), 1.5, 2);
  EXPECT_NEAR(job.run(*program, slowdown).makespan.value() / expected, 1, 1e-9);
}

// A NIC of the second stage at half its rate: messages of one rank take twice as long, and classes split.
TEST(PipelineProgram, ADegradedLinkHoldsUpItsStage) {
  StepJob job = pipeline(4, 4);
  const auto program = step_program(job.model, job.work, job.cluster, job.layout);
  FabricSpec spec;
  spec.kind = FabricKind::rail_optimised;
  const auto fabric = build_fabric(job.cluster, spec, 32);
  ASSERT_TRUE(fabric) << fabric.error();
  const auto worse = damage(*fabric, std::vector<Fault>{{"nic8", 0.5, {}}});
  ASSERT_TRUE(worse);
  const auto healthy = Router::make(*fabric, Routing::deterministic);
  const auto router = Router::make(*worse, Routing::deterministic);
  const auto before = run_program(*program, *healthy), after = run_program(*program, *router);
  const auto flat = run_program(*program, *router, {}, {RunOptions::Engine::flat});
  ASSERT_TRUE(before && after && flat);
  EXPECT_EQ(before->classes, 4U);
  EXPECT_GT(after->classes, 4U);
  EXPECT_GT(after->makespan.value(), before->makespan.value());
  EXPECT_NEAR(after->makespan / flat->makespan, 1, 1e-9);
}

// Of 8 layers each stage reduces 8 buckets, the last one behind its backward; the closed form an eighth of one large
// all-reduce of the fullest stage. The last gradients to the stage before share the NICs with a bucket, so that each of
// these three messages takes twice as long at most. Then the first and the last stage add the gradients of an embedding
// that they share, and the step ends with the fullest of them.
TEST(PipelineProgram, ReplicasReduceAndEndsShareTheirEmbedding) {
  StepJob job = pipeline(4, 4);
  job.layout.dp = 2;
  job.layout.zero = 0;
  job.work.global_batch = 8;
  job.work.overlap.pipeline = true;
  const RankSplit rank = job.rank();
  const auto all_reduce = [&](int of_stage, double part) {
    const double weights = stage_weights(rank, stage(job.model, job.layout, of_stage)).shared;
    return all_reduce_cost(job.cluster, job.groups().shard, Bytes{2 * weights * part}).total();
  };
  const Seconds late = all_reduce(0, 1.0 / 8) - all_reduce(3, 1) / 8;
  const Seconds untied = job.engine();
  const Seconds alone = job.analytic().step.time - update_of_fullest(job) + late;
  EXPECT_GE(untied, alone * (1 - 1e-9));
  EXPECT_LE(untied, alone + message_time(job) * 3);
  job.model.tied_embeddings = true;
  const Seconds shared = tied_embedding_time(job.model, job.work, job.cluster, job.layout);
  ASSERT_GT(shared, Seconds{});
  EXPECT_NEAR(job.engine() / (untied + shared + update_of_fullest(job)), 1, 1e-9);
}

// 50 GB/s to the host. Inputs of layers go and come unseen; so do weights, but for the first ones: the embedding and a
// layer of the first stage. On the host the first stage steps last, in the closed form the fullest one.
TEST(PipelineProgram, HostMemoryIsALayerAhead) {
  StepJob job = pipeline(4, 4);
  job.work.overlap.pipeline = true;
  job.cluster.gpu.host_link = BytesPerSecond{50e9};
  const Seconds resident = job.engine();
  job.work.offload.checkpoints = true;
  EXPECT_NEAR(job.engine() / resident, 1, 1e-9);
  job.work.offload = {.parameters = true};
  const RankSplit rank = job.rank();
  const Seconds first = Bytes{2 * (rank.embedding_weights + rank.dense_layer.shared)} / job.cluster.gpu.host_link;
  EXPECT_NEAR(job.engine() / (resident + first), 1, 1e-9);
  job.work.offload = {.optimizer = true};
  const auto update = [&](int stage) {
    const HostCopies copies = host_copies(inputs(job, rank), stage);
    return update_time(inputs(job, rank), stage) + max(copies.gradients, copies.updated);
  };
  EXPECT_NEAR(job.engine() / (job.analytic().step.time - update(3) + update(0)), 1, 1e-9);
}

TEST(PipelineProgram, StepsAreOneAfterAnother) {
  StepJob job = pipeline(2, 2);
  EXPECT_NEAR(job.engine({.steps = 3}) / job.engine(), 3, 1e-9);
}

// Stages inside a box, experts, whole activations, every strategy and the stages innermost.
TEST(PipelineProgram, RunsWithEverythingElse) {
  for (const Layout& layout :
       {Layout{.strategy = Strategy::ulysses, .pp = 2, .dp = 2, .ulysses = 4, .zero = 1},
        Layout{.strategy = Strategy::usp, .pp = 4, .ulysses = 2, .ring = 2, .zero = 0, .virtual_pp = 2},
        Layout{.strategy = Strategy::tensor_parallel, .tp = 4, .pp = 2, .zero = 1, .tp_sequence = false},
        Layout{.strategy = Strategy::megatron_sp, .tp = 2, .pp = 2, .dp = 4, .zero = 1, .ep = 4}}) {
    StepJob job;
    job.work = sequence(65536);
    job.work.global_batch = 8;
    job.layout = layout;
    if (layout.ep > 1) job.model.experts = {.count = 8, .top_k = 2, .ffn = 4096, .dense_layers = 1};
    const Seconds closed = job.analytic().step.time;
    EXPECT_NEAR(job.engine() / closed, 1, 0.1) << name(layout.strategy);
    const Seconds stages_inside =
        job.engine({.order = {Dimension::pp, Dimension::tp, Dimension::ulysses, Dimension::ring, Dimension::dp}});
    EXPECT_GT(stages_inside / closed, 0.8) << name(layout.strategy);
  }
}

}  // namespace
}  // namespace ithaca
