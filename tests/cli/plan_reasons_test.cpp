#include "cli/plan_reasons.hpp"

#include <gtest/gtest.h>

#include "tests/cli/sample_plan.hpp"
#include "tests/cli/widths.hpp"

namespace ithaca {
namespace {

using test::contains;

/// A row of 8 GPUs whose step is made of the given seconds.
PlanRow row(double compute, double exposed, double bubble) {
  PlanRow r;
  r.planned.gpus = r.question.gpus = 8;
  r.planned.layout.zero = 1;
  r.planned.seq_len = Tokens{1000};
  r.question.model = test::llama3_8b();
  r.question.work = test::sequence(1000);
  r.question.cluster = test::round_cluster();
  StepEstimate e;
  e.step.compute = Seconds{compute};
  e.step.exposed_comm = Seconds{exposed};
  e.step.bubble = Seconds{bubble};
  e.step.time = Seconds{compute + exposed + bubble};
  e.parts.gemm = Seconds{compute};
  r.row.estimate = e;
  set_rates(r.row, r.question);
  return r;
}

Collective all_to_all(double seconds, double nic) {
  Collective c{.op = Op::all_to_all, .tensor = Tensor::qkv};
  c.nic = Bytes{nic};
  c.cost.transfer = Seconds{seconds};
  return c;
}

TEST(WhyLost, NamesThePartThatGrewMost) {
  // 10 s against 14 s: 1 s more of exposed communication and 3 s of bubble, 3/14 = 21.4 %.
  EXPECT_EQ(why_lost(Goal::fastest, row(10, 0, 0), row(10, 1, 3)), "1.40x slower: bubble 21.4 %");
  EXPECT_EQ(why_lost(Goal::fastest, row(10, 0, 0), row(12, 0, 1)),
            "1.30x slower: 15.4 % of its step more for matrix products");
}

TEST(WhyLost, SaysWhichTrafficAndWhere) {
  PlanRow slow = row(10, 5, 0);
  slow.row.estimate->forward.add(all_to_all(1, 8));
  EXPECT_EQ(why_lost(Goal::fastest, row(10, 0, 0), slow),
            "1.50x slower: exposed communication 33.3 % (the all-to-all between nodes)");
  slow.row.estimate->forward.collectives[0].nic = Bytes{};
  EXPECT_EQ(why_lost(Goal::fastest, row(10, 0, 0), slow),
            "1.50x slower: exposed communication 33.3 % (the all-to-all)");
}

TEST(WhyLost, RecomputationIdleGpusAndWaiting) {
  PlanRow slow = row(13, 0, 0);
  slow.planned.recompute = Recompute::full;
  PlanRow best = row(10, 0, 0);
  best.planned.recompute = Recompute::none;
  EXPECT_EQ(why_lost(Goal::fastest, best, slow), "1.30x slower: it recomputes its layers, 1.30x the kernel time");
  slow.row.idle_gpus = 2;
  EXPECT_EQ(why_lost(Goal::fastest, best, slow), "1.30x slower: 2 GPUs idle");
  slow = row(13, 0, 0);
  slow.row.estimate->parts.imbalance = Seconds{1.3};
  EXPECT_EQ(why_lost(Goal::fastest, row(10, 0, 0), slow),
            "1.30x slower: 10.0 % of its step waits for the slowest rank");
}

TEST(WhyLost, WithinTheModelsAccuracy) {
  EXPECT_TRUE(contains(why_lost(Goal::fastest, row(10, 0, 0), row(10, 0.2, 0)),
                       "1.02x slower, within the model's own accuracy: exposed communication"));
}

TEST(WhyLost, DollarsByGpuHourAndGpuTime) {
  // Twice the price for half the time: 1.0x; at three times the price 1.5x dearer, 0.5x of the GPU time.
  PlanRow dear = row(5, 0, 0);
  dear.question.cluster.price_per_gpu_hour = Dollars{6};
  set_rates(dear.row, dear.question);
  const std::string why = why_lost(Goal::cheapest, row(10, 0, 0), dear);
  EXPECT_TRUE(contains(why, "1.50x dearer: a GPU-hour costs 3.00x, a token takes 0.500x of GPU time")) << why;
}

TEST(WhyLost, GpusAndLength) {
  PlanRow more = row(10, 0, 0);
  more.planned.gpus = 16;
  EXPECT_EQ(why_lost(Goal::fewest_gpus, row(10, 0, 0), more), "2.00x the GPUs, 1.00x the tokens/s");
  PlanRow shorter = row(10, 0, 0);
  shorter.planned.seq_len = Tokens{500};
  shorter.row.estimate->memory.terms.push_back({"all_to_all_buffers", Bytes{30}, "", ""});
  shorter.row.estimate->memory.terms.push_back({"weights", Bytes{70}, "", ""});
  PlanRow best = row(10, 0, 0);
  best.row.estimate->memory.terms.push_back({"weights", Bytes{140}, "", ""});
  // A token's share of the weights is equal, 0.14; the buffers are what it has more.
  EXPECT_EQ(why_lost(Goal::longest, best, shorter), "0.500x as long: all to all buffers 30.0 % of its memory");
}

TEST(MainPart, WithoutARivalTheLargestThatIsNoCompute) {
  const StepPart part = main_part(row(10, 1, 3), nullptr);
  EXPECT_EQ(part.kind, StepPart::Kind::bubble);
  EXPECT_EQ(part.words, "bubble 21.4 %");
}

}  // namespace
}  // namespace ithaca
