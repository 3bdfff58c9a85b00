#include "model/memory.hpp"

#include <gtest/gtest.h>

#include "tests/support/ledger_terms.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

using test::host_term;
using test::ledger;
using test::term;

double states(const MemoryLedger& l) { return term(l, "weights") + term(l, "gradients") + term(l, "optimizer_states"); }

TEST(Memory, ModelStatesByZeroStage) {
  // 2 + 2 + 12 bytes a parameter; stage 1 shards the 12, stage 2 the gradients too, stage 3 everything, over dp x sp.
  const double p = static_cast<double>(parameter_count(test::llama_7b()));
  const double shards = 8;
  const double expected[] = {16 * p, 4 * p + 12 * p / shards, 2 * p + 14 * p / shards, 16 * p / shards};
  for (int zero = 0; zero <= 3; ++zero) {
    const MemoryLedger l =
        ledger(test::llama_7b(), test::sequence(8192), {.strategy = Strategy::ulysses, .ulysses = 8, .zero = zero});
    EXPECT_DOUBLE_EQ(states(l), expected[zero]) << zero;
  }
}

TEST(Memory, Fp32GradientsAddTwoBytes) {
  const double p = static_cast<double>(parameter_count(test::llama_7b()));
  Workload work = test::sequence(8192);
  const Layout alone{.strategy = Strategy::ulysses, .zero = 0};
  EXPECT_DOUBLE_EQ(states(ledger(test::llama_7b(), work, alone)), 16 * p);
  work.fp32_gradients = true;
  EXPECT_DOUBLE_EQ(states(ledger(test::llama_7b(), work, alone)), 18 * p);
}

TEST(Memory, SequenceRanksShareZeroShards) {
  // Megatron's script shards the optimizer over dp alone (peers' mistake 9): dp 2 x ulysses 4 must equal dp 8.
  Workload work = test::sequence(8192);
  work.global_batch = 8;
  const double split = states(ledger(test::llama_7b(), work, {.strategy = Strategy::ulysses, .dp = 2, .ulysses = 4}));
  const double replicas = states(ledger(test::llama_7b(), work, {.strategy = Strategy::ulysses, .dp = 8}));
  EXPECT_DOUBLE_EQ(split, replicas);
}

TEST(Memory, TpAboveKvHeadsCopiesTheirWeights) {
  // Llama 3 8B, tp 32: each rank holds one of 8 KV heads, so K and V weights exist four times:
  // 24 more heads * 128 * 4096 * 2 matrices a layer, spread over 32 ranks. Norms, the final one too, are whole.
  const Transformer m = test::llama3_8b();
  Workload work = test::sequence(8192);
  const Layout tp32{.strategy = Strategy::megatron_sp, .tp = 32, .zero = 1};
  const double norms = (32 * 2 + 1) * 4096;
  const double sharded = static_cast<double>(parameter_count(m)) - norms;
  const double copies = 32.0 * 24 * 128 * 4096 * 2;
  EXPECT_NEAR(term(ledger(m, work, tp32), "weights"), 2 * ((sharded + copies) / 32 + norms), 1e-3);
}

TEST(Memory, CheckpointsOfAlst) {
  // ALST section 3: checkpoints are 2 * N * h * L bytes; 125,000 tokens of Llama-8B: 30.5 GiB.
  const MemoryLedger l = ledger(test::llama3_8b(), test::sequence(125000), {.strategy = Strategy::ulysses});
  EXPECT_NEAR(term(l, "checkpoints") / 1073741824.0, 30.5, 0.05);
}

TEST(Memory, LogitsOfAlst) {
  // ALST section 3: 16,000 tokens of fp32 logits over 128,256 words are 7.65 GiB. In log-softmax's backward its output
  // and both gradients are there, and the bf16 logits that the model returned.
  Workload work = test::sequence(16000);
  work.recompute = Recompute::full;
  const MemoryLedger l = ledger(test::llama3_8b(), work, {.strategy = Strategy::ulysses});
  EXPECT_EQ(l.moment, Moment::loss);
  EXPECT_NEAR(term(l, "logits") / 1073741824.0, 3.5 * 7.65, 0.05);
  work.tiled_loss = true;
  EXPECT_LT(ledger(test::llama3_8b(), work, {.strategy = Strategy::ulysses}).peak(), l.peak());
}

TEST(Memory, AFusedLossHoldsItsLogitsOnce) {
  Workload work = test::sequence(16000);
  work.fused_loss = work.fp32_gradients = true;
  Transformer m = test::llama3_8b();
  m.ffn = 4096;  // so that the loss is the peak all the same
  const MemoryLedger l = ledger(m, work, {.strategy = Strategy::ulysses});
  EXPECT_EQ(term(l, "logits"), 2.0 * 16000 * 128256);
}

TEST(Memory, TpRanksGatherTheInputOfTheHead) {
  // Sequence parallelism over tp: the head of either of 2 ranks sees all 16,000 rows of 4096 bf16 and leaves a gradient
  // as large. Without a split of the rows there is nothing to gather.
  Workload work = test::sequence(16000);
  work.recompute = Recompute::full;
  Transformer m = test::llama3_8b();
  m.ffn = 1024;  // so that the loss is the peak all the same
  Layout tp2{.strategy = Strategy::megatron_sp, .tp = 2};
  const MemoryLedger l = ledger(m, work, tp2);
  ASSERT_EQ(l.moment, Moment::loss);
  EXPECT_EQ(term(l, "gathered_activation"), 2 * 2.0 * 16000 * 4096);
  tp2.tp_sequence = false;
  EXPECT_EQ(term(ledger(m, work, tp2), "gathered_activation"), 0);
}

TEST(Memory, CheckpointsInHostMemoryOfAlst) {
  // ALST section 5.3: 3M tokens of a Llama 70B (8192 wide, 80 layers) on 4 nodes of 8 need 915 GiB a node:
  // 2 * 3e6/4 * 8192 * 80 bytes.
  Transformer m = test::llama3_8b();
  m.hidden = 8192, m.layers = 80, m.heads = 64, m.ffn = 28672;
  Workload work = test::sequence(3000000);
  work.offload.checkpoints = true;
  const Layout layout{.strategy = Strategy::ulysses, .ulysses = 32};
  Cluster cluster = test::round_cluster();
  const auto with = [&](double host) {
    cluster.host_memory = Bytes{host};
    return peak_memory(m, work, cluster, layout, split_rank(m, work, layout));
  };
  const MemoryLedger l = with(0);
  EXPECT_NEAR(l.host_of_node().value() / 1073741824.0, 915, 1);
  EXPECT_EQ(host_term(l, "checkpoints"), l.host().value());
  EXPECT_TRUE(l.fits_host());  // as long as nobody says what a node has
  EXPECT_TRUE(with(1e12).fits_host());
  EXPECT_FALSE(with(0.9e12).fits_host());
  EXPECT_FALSE(with(0.9e12).fits());
}

TEST(Memory, AnOffloadedOptimizerTakesShardedGradientsAlong) {
  // 12 + 2 bytes a parameter on the host from stage 2 on, 12 below.
  const double p = static_cast<double>(parameter_count(test::llama_7b()));
  Workload work = test::sequence(8192);
  work.offload.optimizer = true;
  for (const int zero : {1, 2, 3}) {
    const MemoryLedger l = ledger(test::llama_7b(), work, {.strategy = Strategy::ulysses, .ulysses = 8, .zero = zero});
    EXPECT_NEAR(l.host().value(), (zero == 1 ? 12 : 14) * p / 8, 4) << zero;
    EXPECT_EQ(term(l, "optimizer_states"), 0);
    EXPECT_EQ(term(l, "gradients"), zero == 1 ? 2 * p : 0);
  }
}

TEST(Memory, TheOptimizersCopiesOfGradientsCanBeThePeak) {
  // One short sequence: 16 bytes a parameter stay, and Adam wants the bf16 gradients in fp32, 4 bytes each.
  const double p = static_cast<double>(parameter_count(test::llama_7b()));
  Workload work = test::sequence(512);
  const MemoryLedger l = ledger(test::llama_7b(), work, {.strategy = Strategy::ulysses, .zero = 1});
  EXPECT_EQ(l.moment, Moment::optimizer);
  EXPECT_EQ(l.op, Operator::update);
  EXPECT_EQ(term(l, "fp32_gradients"), 4 * p);
  work.fp32_gradients = true;
  EXPECT_NE(ledger(test::llama_7b(), work, {.strategy = Strategy::ulysses, .zero = 1}).moment, Moment::optimizer);
}

TEST(Memory, StagesHoldWhatIsInFlight) {
  // 32 layers in 4 stages, 1F1B: stage i keeps 4 - i micro-batches of 8 layers, and past the first the gradient that it
  // sent last.
  Workload work = test::sequence(8192);
  work.recompute = Recompute::full;
  work.global_batch = 8;
  const Layout layout{.strategy = Strategy::ulysses, .pp = 4};
  const double stream = 2.0 * 8192 * 4096;
  for (int i = 0; i < 4; ++i) {
    const MemoryLedger l = stage_memory(test::llama_7b(), work, test::round_cluster(), layout,
                                        split_rank(test::llama_7b(), work, layout), i);
    EXPECT_EQ(l.stage, i);
    if (l.moment == Moment::optimizer) continue;
    EXPECT_EQ(term(l, "checkpoints"), (4 - i) * 8 * stream) << i;
    EXPECT_EQ(term(l, "sent_gradient"), i == 0 ? 0 : stream) << i;
  }
}

TEST(Memory, PeakIsTheSumOfItsTerms) {
  const MemoryLedger l =
      ledger(test::llama_7b(), test::sequence(1048576), {.strategy = Strategy::usp, .ulysses = 8, .ring = 4});
  double sum = 0;
  for (const MemoryTerm& t : l.terms) {
    EXPECT_GT(t.bytes.value(), 0) << t.name;
    EXPECT_FALSE(t.formula.empty());
    EXPECT_FALSE(t.source.empty());
    sum += t.bytes.value();
  }
  EXPECT_EQ(l.peak().value(), sum);
  EXPECT_EQ(l.fits(), l.peak() <= l.capacity);
}

TEST(Memory, LongerSequencesNeverTakeLess) {
  for (Recompute recompute : {Recompute::none, Recompute::selective, Recompute::full}) {
    for (bool flash : {true, false}) {
      Bytes before;
      for (std::int64_t n = 512; n <= 1048576; n *= 2) {
        Workload work = test::sequence(n);
        work.recompute = recompute;
        work.flash = flash;
        const Bytes peak = ledger(test::qwen25_14b(), work, {.strategy = Strategy::ulysses, .ulysses = 10}).peak();
        EXPECT_GT(peak, before);
        before = peak;
      }
    }
  }
}

}  // namespace
}  // namespace ithaca
