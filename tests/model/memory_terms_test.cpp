#include <gtest/gtest.h>

#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "model/memory.hpp"
#include "tests/support/ledger_terms.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

using test::host_term;
using test::ledger;
using test::term;

/// 256 wide: a layer has 196,608 weights in attention (4 heads, 2 KV heads of 64), 393,216 in the FFN and 512 in norms;
/// embedding and head 64,000 words.
Transformer small_model() {
  Transformer m;
  m.hidden = 256, m.layers = 3, m.heads = 4, m.kv_heads = 2, m.head_dim = 64, m.ffn = 512, m.vocab = 64000;
  return m;
}

using Terms = std::vector<std::pair<std::string_view, double>>;

constexpr double kMega = 1048576;

/// All of a ledger's terms; what moves, from `first` on, breaks up by 1/0.94 - 1 of it.
void expect_terms(const MemoryLedger& l, const Terms& stay, const Terms& move) {
  Terms all = stay;
  double moving = 0;
  for (const auto& term : move) {
    all.push_back(term);
    moving += term.second;
  }
  all.emplace_back("fragmentation", std::ceil(moving * 3 / 47));  // 0.06/0.94
  ASSERT_EQ(l.terms.size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(l.terms[i].name, all[i].first);
    EXPECT_NEAR(l.terms[i].bytes.value(), all[i].second, all[i].first == "fragmentation" ? 1 : 0) << all[i].first;
  }
}

TEST(Memory, EveryTermAtTheLoss) {
  // tp 2, ZeRO-3 over dp 2, 2 sequences of 1024 tokens. A tp rank has 3 x ((196,608 + 393,216) / 2 + 512) + 16,384,000
  // + 256 = 17,270,528 parameters, half of each after sharding; 2 communicators. 2048 rows, 1024 outside the tp blocks.
  Workload work = test::sequence(1024);
  work.micro_batch = 2, work.global_batch = 4;
  const Layout layout{.strategy = Strategy::megatron_sp, .tp = 2, .dp = 2, .zero = 3};
  const MemoryLedger l = ledger(small_model(), work, layout);
  EXPECT_EQ(l.moment, Moment::loss);
  EXPECT_EQ(l.op, Operator::head);
  const Terms states{{"weights", 17270528}, {"gradients", 17270528}, {"optimizer_states", 12 * 8635264.0}};
  const Terms fixed{{"cuda_context", 512 * kMega},
                    {"nccl_buffers", 2 * 128 * kMega},
                    {"cublas_workspace", 32 * kMega},
                    {"rotary_table", 4 * 1024 * 64.0}};
  Terms stay = states;
  stay.insert(stay.end(), fixed.begin(), fixed.end());
  expect_terms(l, stay,
               {{"checkpoints", 3 * 2 * 1024 * 256.0},
                {"logits", (2 + 4 + 4) * 2048 * 32000.0},
                {"head_activations", 3 * 2 * 1024 * 256.0},
                {"gathered_activation", 2 * 2 * 2048 * 256.0},
                {"gathered_head", 2 * 32000 * 256.0}});
}

TEST(Memory, EveryTermInAttentionsBackward) {
  // A ring of 2 over 4096 tokens, all activations kept. Attention's input, Q, K and V, output are 4 x 256 wide, the
  // FFN's 256 + 3 x 512, two norms 256 each, and 4 B of row sums a head. Of the layer in its backward the FFN's and a
  // norm are gone. dO, dQ, dK, dV, K and V's by head, dQ in fp32; twice K, V, dK, dV on the way, an fp32 sum of 256.
  Transformer m = small_model();
  m.vocab = 64;
  Workload work = test::sequence(4096);
  work.recompute = Recompute::none;
  const MemoryLedger l = ledger(m, work, {.strategy = Strategy::ring, .ring = 2, .zero = 0});
  EXPECT_EQ(l.moment, Moment::backward);
  EXPECT_EQ(l.op, Operator::attention);
  const double p = 3 * (196608 + 393216 + 512) + 2 * 64 * 256 + 256, rows = 2048;
  const double layer = 2 * (4 * 256 + 256 + 3 * 512 + 2 * 256) + 4 * 4, gone = 2 * (256 + 3 * 512 + 256);
  expect_terms(l,
               {{"weights", 2 * p},
                {"gradients", 2 * p},
                {"optimizer_states", 12 * p},
                {"cuda_context", 512 * kMega},
                {"nccl_buffers", 2 * 128 * kMega},
                {"cublas_workspace", 32 * kMega},
                {"rotary_table", 4 * rows * 64}},
               {{"activations", rows * (3 * layer - gone)},
                {"residual_gradients", rows * 2 * 256},
                {"gradient_workspace", rows * (2 * (2 * 256 + 256 + 2 * 256) + 4 * 256)},
                {"ring_buffers", rows * (2 * 256 * (2 + 4) + 4 * 256)}});
}

TEST(Memory, BytesOfALogitByWhoWorksOutTheLoss) {
  // PyTorch 14 B, Megatron and Transformer Engine 10, in place 2; by tiles of 2^28 logits, a GiB in fp32, at most.
  Workload work = test::sequence(16384);
  const auto logits = [&] {
    const MemoryLedger l = ledger(small_model(), work, {.strategy = Strategy::ulysses});
    EXPECT_EQ(l.moment, Moment::loss);
    return term(l, "logits");
  };
  const double all = 16384.0 * 64000, tile = 268435456;
  EXPECT_EQ(logits(), 14 * all);
  work.tiled_loss = true;
  EXPECT_EQ(logits(), 14 * tile);
  work.seq_len = Tokens{4096};  // 4096 x 64,000 fit in one
  EXPECT_EQ(logits(), 14 * all / 4);
  work.tiled_loss = false;
  work.seq_len = Tokens{16384};
  work.transformer_engine = true;
  EXPECT_EQ(logits(), 10 * all);
  const MemoryLedger l = ledger(small_model(), work, {.strategy = Strategy::ulysses});
  // Transformer Engine's 32 MiB, two more of PyTorch's own; dummies of QKV, output and FFN weights and of the head.
  EXPECT_EQ(term(l, "cublas_workspace"), 3 * 32 * kMega);
  EXPECT_EQ(term(l, "gathered_activation") + term(l, "gathered_head"), 0);  // no tp, and ZeRO-3 on one GPU
  EXPECT_EQ(term(l, "placeholder_gradients"), 2 * 256 * (512 + 256 + 2 * 512 + 512 + 64000.0));
  work.fused_loss = true;
  EXPECT_EQ(logits(), 2 * all);
}

TEST(Memory, Zero3UpdatesABillionParametersAtATime) {
  // DeepSpeed's sub_group_size. Of 6.74e9 an eighth is less.
  const double p = static_cast<double>(parameter_count(test::llama_7b()));
  Workload work = test::sequence(64);
  work.global_batch = 8;
  const auto copies = [&](const Layout& layout) {
    return term(ledger(test::llama_7b(), work, layout), "fp32_gradients");
  };
  EXPECT_EQ(copies({.zero = 3}), 4e9);
  EXPECT_EQ(copies({.dp = 8, .zero = 3}), 4 * p / 8);
  EXPECT_EQ(copies({.zero = 2}), 4 * p);
  EXPECT_EQ(copies({.dp = 8, .zero = 1}), 4 * p / 8);
  work.offload.optimizer = true;
  EXPECT_EQ(copies({.zero = 2}), 0);
}

TEST(Memory, StatesInFp32HaveNoMasterCopy) {
  const double p = static_cast<double>(parameter_count(test::llama_7b()));
  Workload work = test::sequence(64);
  work.dtype = Dtype::fp32;
  EXPECT_EQ(term(ledger(test::llama_7b(), work, {.zero = 0}), "optimizer_states"), 8 * p);
  EXPECT_EQ(term(ledger(test::llama_7b(), work, {.zero = 0}), "weights"), 4 * p);
  EXPECT_EQ(term(ledger(test::llama_7b(), work, {.zero = 0}), "gradients"), 4 * p);
  work.offload.parameters = true;
  EXPECT_EQ(host_term(ledger(test::llama_7b(), work, {.zero = 0}), "weights"), 4 * p);
}

TEST(Memory, FormulasSayWhatIsFrozen) {
  Workload work = test::sequence(64);
  const auto formula = [&] { return ledger(test::llama_7b(), work, {.zero = 0}).terms[0].formula; };
  EXPECT_EQ(formula(), "e * params/tp / (dp*sp if ZeRO-3)");
  work.lora_rank = 1;
  EXPECT_EQ(formula(), "e * (frozen + adapters)/tp / (dp*sp if ZeRO-3)");
}

TEST(Memory, ACommunicatorForEachGroupOfMoreThanOne) {
  Transformer m = test::llama_7b();
  m.experts = {.count = 8, .top_k = 2, .ffn = 512};
  Workload work = test::sequence(8192);
  work.global_batch = 4;
  const auto communicators = [&](const Layout& l) { return term(ledger(m, work, l), "nccl_buffers") / (128 * kMega); };
  EXPECT_EQ(communicators({.zero = 1}), 0);
  EXPECT_EQ(communicators({.tp = 2, .zero = 1}), 1);
  EXPECT_EQ(communicators({.pp = 2, .zero = 1}), 1);
  EXPECT_EQ(communicators({.dp = 2, .zero = 1}), 1);
  EXPECT_EQ(communicators({.dp = 2, .zero = 1, .ep = 2}), 2);
  EXPECT_EQ(communicators({.ulysses = 2, .zero = 1}), 2);  // its own, and that of the shards
  EXPECT_EQ(communicators({.ring = 2, .zero = 1}), 2);
  EXPECT_EQ(communicators({.tp = 2, .pp = 2, .dp = 2, .ulysses = 2, .ring = 2, .zero = 1, .ep = 2}), 6);
}

TEST(Memory, PositionsAndOffloadedCheckpoints) {
  // Learned positions need no table; of latent attention only the rotary part has one. Two layers' inputs are on the
  // way.
  Workload work = test::sequence(1024);
  work.micro_batch = work.global_batch = 2;
  work.offload.checkpoints = true;
  Transformer m = small_model();
  const auto table = [&] { return term(ledger(m, work, {.zero = 0}), "rotary_table"); };
  m.latent = {.query_rank = 0, .kv_rank = 128, .rope_dim = 16};
  EXPECT_EQ(table(), 4 * 1024 * 16.0);
  m.learned_positions = 1;
  EXPECT_EQ(table(), 0);
  const MemoryLedger l = ledger(m, work, {.zero = 0});
  EXPECT_EQ(host_term(l, "checkpoints"), 3 * 2 * 2048 * 256.0);
  EXPECT_EQ(term(l, "checkpoints_in_transit"), 2 * 2 * 2048 * 256.0);
}

TEST(Memory, ThePeakIsInTheFirstSecondOrLastStage) {
  Transformer m = small_model();
  m.layers = 8;
  Workload work = test::sequence(16384);
  work.recompute = Recompute::none;
  work.global_batch = 8;
  const Layout four{.pp = 4, .zero = 1};
  const auto peak_stage = [&] { return ledger(m, work, four).stage; };
  EXPECT_EQ(peak_stage(), 3);  // 14 B a logit of 64,000
  m.vocab = 64;
  EXPECT_EQ(peak_stage(), 0);  // 4 micro-batches in flight, none elsewhere
  // A dense stage of FFNs 512 wide, then 3 with 8 experts of that width of which each token takes all.
  m.experts = {.count = 8, .top_k = 8, .ffn = 512, .dense_layers = 2};
  const MemoryLedger l = ledger(m, work, four);
  EXPECT_EQ(l.stage, 1);
  EXPECT_EQ(l.op, Operator::experts);
  // Of 2 layers of 3 micro-batches: attention 4 x 256 and 16 B, norms 2 x 256; FFN input 256, of 8 copies gate, up and
  // product, their input and their result, and 24 B for each expert's share.
  const double layer = 2 * (4 * 256 + 2 * 256 + 256 + 8 * (3 * 512 + 2 * 256)) + 16 + 24 * 8;
  EXPECT_EQ(term(l, "activations"), 16384 * layer * 2 * 3);
  EXPECT_EQ(term(l, "sent_gradient"), 2 * 16384 * 256.0);
  // One dense layer more in the second stage: 3 x (2 x (4 x 256 + 2 x 256 + 256 + 3 x 512) + 16) of them in its place.
  m.experts.dense_layers = 3;
  const double dense = 2 * (4 * 256 + 2 * 256 + 256 + 3 * 512) + 16;
  const MemoryLedger mixed = stage_memory(m, work, test::round_cluster(), four, split_rank(m, work, four), 1);
  EXPECT_EQ(term(mixed, "activations"), 16384 * (layer + dense) * 3);
}

TEST(Memory, ANodeIsNoLargerThanTheJob) {
  Cluster cluster = test::round_cluster();
  const Workload work = test::sequence(8192);
  const auto sharing = [&](int ranks) {
    const Layout layout{.strategy = Strategy::ulysses, .ulysses = ranks};
    const MemoryLedger l =
        peak_memory(test::llama_7b(), work, cluster, layout, split_rank(test::llama_7b(), work, layout));
    EXPECT_EQ(l.capacity, Bytes{80e9});
    return l.node_gpus;
  };
  EXPECT_EQ(sharing(1), 1);
  EXPECT_EQ(sharing(4), 4);
  EXPECT_EQ(sharing(16), 8);
  cluster.node_gpus = 0;  // not known
  EXPECT_EQ(sharing(16), 1);
}

}  // namespace
}  // namespace ithaca
