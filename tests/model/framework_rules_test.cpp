#include "model/framework_rules.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "model/legality.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

using enum Framework;

/// 131072 tokens, which every power of two divides.
Workload in(Framework framework, int version = kNewest, std::int64_t tokens = 131072) {
  Workload work = test::sequence(tokens);
  work.framework = {framework, version};
  return work;
}

/// The rule that a layout of Qwen2.5-14B (40 query heads, 8 KV heads, 48 layers) breaks; empty where it runs.
std::string_view rule(const Workload& work, const Layout& layout) {
  const auto refusal = check_framework(test::qwen25_14b(), work, layout);
  return refusal ? name(*refusal) : "";
}

Layout ulysses(int degree, int tp = 1, int zero = 3) {
  return {.strategy = Strategy::ulysses, .tp = tp, .ulysses = degree, .zero = zero};
}
Layout ring(int degree, int zero = 1) { return {.strategy = Strategy::ring, .ring = degree, .zero = zero}; }
Layout megatron_sp(int tp, int zero = 1) { return {.strategy = Strategy::megatron_sp, .tp = tp, .zero = zero}; }

TEST(FrameworkRules, UlyssesDegreesByHeads) {
  // 40 % 8 = 40 % 40 = 0, and 8 | 8, 8 | 40. 10 and 20 cut KV heads: neither 8 % 10 nor 10 % 8 is 0. 16 leaves a rest.
  for (const Framework framework : {deepspeed, accelerate, verl}) {
    const std::string of(name(framework));
    for (const int degree : {1, 2, 4, 8, 40}) EXPECT_EQ(rule(in(framework), ulysses(degree)), "") << of << degree;
    for (const int degree : {10, 20}) EXPECT_EQ(rule(in(framework), ulysses(degree)), of + ".kv_heads");
    EXPECT_EQ(rule(in(framework), ulysses(16)), of + ".heads");
  }
  // Transformer Engine's all-to-all copies no KV heads, and tp takes its share of them first.
  EXPECT_EQ(rule(in(megatron), ulysses(8)), "");
  EXPECT_EQ(rule(in(megatron), ulysses(40)), "megatron.heads");
  EXPECT_EQ(rule(in(megatron), ulysses(4, 2)), "");
  EXPECT_EQ(rule(in(megatron), ulysses(8, 2)), "megatron.heads");
}

TEST(FrameworkRules, UnevenHeadsByRelease) {
  // Uneven since 0.15.4 (PR 6392), even again where ALST came with 0.17.
  EXPECT_EQ(rule(in(deepspeed, release(0, 15)), ulysses(16)), "deepspeed.heads");
  EXPECT_EQ(rule(in(deepspeed, release(0, 15, 4)), ulysses(16)), "");
  EXPECT_EQ(rule(in(deepspeed, release(0, 17)), ulysses(16)), "deepspeed.heads");
  EXPECT_EQ(rule(in(verl, release(0, 2)), ulysses(40)), "verl.kv_heads");  // PR 850 copies them
  EXPECT_EQ(rule(in(verl, release(0, 3)), ulysses(40)), "");
}

TEST(FrameworkRules, WordsNameTheNumbersTheReleaseAndTheWayOut) {
  const auto refusal = check_framework(test::qwen25_14b(), in(deepspeed, release(0, 17)), ulysses(16));
  ASSERT_TRUE(refusal);
  EXPECT_EQ(why(*refusal),
            "DeepSpeed 0.17 wants 40 query heads divisible by ulysses 16 (ALST) (deepspeedai/DeepSpeed "
            "deepspeed/runtime/sequence_parallel/ulysses_sp.py)");
  // Below 16: 10 cuts KV heads, 8 does not.
  EXPECT_EQ(instead(*refusal),
            "take --ulysses 8, or deepspeed.sequence.layer.DistributedAttention, which takes uneven heads");
  EXPECT_EQ(why_fragment(*refusal), "wants 40 query heads divisible by ulysses 16 (ALST)");
}

TEST(FrameworkRules, MegatronCutsSequencesInTwiceAsManyChunks) {
  // 2 * 8 = 16 chunks: 131072 = 16 * 8192, 131080 is 8 more and the next multiple 131088.
  EXPECT_EQ(rule(in(megatron), ring(8)), "");
  const auto refusal = check_framework(test::qwen25_14b(), in(megatron, kNewest, 131080), ring(8));
  ASSERT_TRUE(refusal);
  EXPECT_EQ(name(*refusal), "megatron.sequence");
  EXPECT_EQ(instead(*refusal), "take --seq 131088");
  EXPECT_EQ(check_framework(test::qwen25_14b(), in(megatron, kNewest, 131073), ring(8))->nearest, 131088);
  // tp cuts what context parallelism leaves: cp * lcm(2, tp) = 4 * 2 = 8 divides 131080, 4 * 6 = 24 does not.
  Layout usp{.strategy = Strategy::usp, .tp = 2, .ulysses = 2, .ring = 2, .zero = 1};
  EXPECT_EQ(rule(in(megatron, kNewest, 131080), usp), "");
  usp = {.strategy = Strategy::usp, .tp = 3, .ulysses = 1, .ring = 4, .zero = 1};
  EXPECT_EQ(check_framework(test::qwen25_14b(), in(megatron, kNewest, 131080), usp)->limit, 24);
  // A search takes lengths that model and framework both leave whole.
  EXPECT_EQ(sequence_multiple(in(any), ulysses(5)), 5);
  EXPECT_EQ(sequence_multiple(in(megatron), ulysses(5)), 10);
}

TEST(FrameworkRules, MegatronCopiesKvHeadsSince016) {
  EXPECT_EQ(rule(in(megatron, release(0, 15)), megatron_sp(40)), "megatron.kv_heads");
  EXPECT_EQ(rule(in(megatron, release(0, 16), 131080), megatron_sp(40)), "");  // 131080 = 40 * 3277
  EXPECT_EQ(rule(in(megatron, release(0, 15)), megatron_sp(8)), "");
}

TEST(FrameworkRules, ZeroStages) {
  EXPECT_EQ(rule(in(deepspeed), ulysses(8, 1, 0)), "deepspeed.zero");
  EXPECT_EQ(rule(in(deepspeed), ulysses(8, 1, 1)), "");
  EXPECT_EQ(rule(in(accelerate), ulysses(8, 1, 1)), "accelerate.zero");
  EXPECT_EQ(rule(in(accelerate), ulysses(8, 1, 2)), "");
  EXPECT_EQ(rule(in(accelerate), ring(8, 1)), "accelerate.fsdp");
  EXPECT_EQ(rule(in(accelerate), ring(8, 3)), "");
  EXPECT_EQ(rule(in(megatron, release(0, 11)), ring(8, 3)), "megatron.fsdp");
  EXPECT_EQ(rule(in(megatron, release(0, 12)), ring(8, 3)), "");
  EXPECT_EQ(rule(in(verl), ulysses(8, 1, 1)), "verl.zero");
  EXPECT_EQ(rule(in(verl), ring(8, 2)), "verl.engine_zero");
}

TEST(FrameworkRules, StrategiesAndWhenTheyCame) {
  const Layout usp{.strategy = Strategy::usp, .ulysses = 4, .ring = 2};
  EXPECT_EQ(rule(in(deepspeed), ring(8)), "deepspeed.strategy");
  EXPECT_EQ(rule(in(deepspeed), megatron_sp(8)), "deepspeed.strategy");
  EXPECT_EQ(rule(in(accelerate), usp), "accelerate.usp");
  EXPECT_EQ(rule(in(accelerate), {.strategy = Strategy::ring, .tp = 8, .ring = 2}), "accelerate.ring_tp");
  EXPECT_EQ(rule(in(verl), usp), "verl.strategy");
  EXPECT_EQ(rule(in(megatron), usp), "");
  const Layout tp{.strategy = Strategy::tensor_parallel, .tp = 8, .zero = 1, .tp_sequence = false};
  EXPECT_EQ(rule(in(deepspeed, release(0, 16)), tp), "deepspeed.autotp");
  EXPECT_EQ(rule(in(deepspeed, release(0, 16, 4)), tp), "");
  EXPECT_EQ(rule(in(accelerate, release(1, 11)), ulysses(8)), "accelerate.ulysses");
  EXPECT_EQ(rule(in(accelerate, release(1, 12)), ulysses(8)), "");
  EXPECT_EQ(rule(in(accelerate, release(1, 9)), ring(8, 3)), "accelerate.context");
  EXPECT_EQ(rule(in(accelerate, release(1, 10)), ring(8, 3)), "");
}

TEST(FrameworkRules, NoFrameworkRefusesNothingMore) {
  for (const int degree : {10, 16, 40}) EXPECT_EQ(rule(in(any), ulysses(degree)), "");
  const auto refusal = check_layout(test::qwen25_14b(), in(verl), test::round_cluster(), ulysses(16));
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->rule, Rule::framework);
}

/// A job of Qwen2.5-14B, or of it with eight experts in place of each FFN.
struct Asked {
  Framework framework;
  Layout layout;
  int version = kNewest;
  bool experts = false, flash = true, causal = true, offload = false, optimizer = false;
};
std::string_view rule(const Asked& asked) {
  Transformer model = test::qwen25_14b();
  if (asked.experts) model.experts = {.count = 8, .top_k = 2, .ffn = 4096};
  Workload work = in(asked.framework, asked.version);
  work.flash = asked.flash;
  work.causal = asked.causal;
  work.offload.checkpoints = asked.offload;
  work.offload.optimizer = asked.optimizer;
  const auto refusal = check_framework(model, work, asked.layout);
  return refusal ? name(*refusal) : "";
}

TEST(FrameworkRules, AskForAllOfTheirConditions) {
  // In each row one condition of the first, which is refused, is missing.
  const Layout plain_tp{.strategy = Strategy::tensor_parallel, .tp = 8, .zero = 1, .tp_sequence = false};
  const int old = release(0, 7);
  EXPECT_EQ(rule({.framework = megatron, .layout = ring(2), .version = old, .experts = true}), "megatron.experts_cp");
  EXPECT_EQ(rule({.framework = megatron, .layout = ring(2), .version = release(0, 8), .experts = true}), "");
  EXPECT_EQ(rule({.framework = megatron, .layout = ring(2), .version = old}), "");
  EXPECT_EQ(rule({.framework = megatron, .layout = megatron_sp(8), .version = old, .experts = true}), "");

  EXPECT_EQ(rule({.framework = megatron, .layout = plain_tp, .experts = true}), "megatron.experts_tp");
  EXPECT_EQ(rule({.framework = megatron, .layout = plain_tp}), "");
  EXPECT_EQ(rule({.framework = megatron, .layout = megatron_sp(8), .experts = true}), "");
  EXPECT_EQ(rule({.framework = megatron, .layout = ring(2), .experts = true}), "");

  Layout unbalanced = ring(2), gathered = ring(2), alone = ring(1);
  unbalanced.zigzag = gathered.zigzag = alone.zigzag = false;
  gathered.strategy = Strategy::cp_all_gather;
  EXPECT_EQ(rule({.framework = megatron, .layout = unbalanced}), "megatron.zigzag");
  EXPECT_EQ(rule({.framework = megatron, .layout = unbalanced, .causal = false}), "");
  EXPECT_EQ(rule({.framework = megatron, .layout = gathered}), "");
  EXPECT_EQ(rule({.framework = megatron, .layout = alone}), "");

  Layout pipeline = ring(1), fills = ring(1), uneven = ring(1);
  pipeline.pp = fills.pp = 4;  // of 48 layers
  fills.schedule = Schedule::gpipe;
  uneven.pp = 5;
  EXPECT_EQ(rule({.framework = megatron, .layout = fills}), "megatron.schedule");
  EXPECT_EQ(rule({.framework = megatron, .layout = pipeline}), "");
  fills.pp = 1;
  EXPECT_EQ(rule({.framework = megatron, .layout = fills}), "");
  EXPECT_EQ(rule({.framework = megatron, .layout = uneven}), "megatron.layers");
  pipeline.virtual_pp = 12;  // a layer a chunk
  EXPECT_EQ(rule({.framework = megatron, .layout = pipeline}), "");
  pipeline.virtual_pp = 5;
  EXPECT_EQ(rule({.framework = megatron, .layout = pipeline}), "megatron.layers");

  EXPECT_EQ(rule({.framework = megatron, .layout = ring(2), .offload = true}), "megatron.offload");
  EXPECT_EQ(rule({.framework = megatron, .layout = ring(2), .optimizer = true}), "");
  const int before = release(0, 10);
  EXPECT_EQ(rule({.framework = megatron, .layout = ring(2), .version = before, .optimizer = true}),
            "megatron.optimizer_offload");
  EXPECT_EQ(rule({.framework = megatron, .layout = ring(2), .version = release(0, 11), .optimizer = true}), "");

  Layout zero2 = ring(2, 2), one_zero = ring(2, 1);
  EXPECT_EQ(rule({.framework = megatron, .layout = zero2, .version = release(0, 11)}), "megatron.fsdp");
  EXPECT_EQ(rule({.framework = megatron, .layout = one_zero, .version = release(0, 11)}), "");
  EXPECT_EQ(rule({.framework = verl, .layout = zero2}), "verl.engine_zero");
  EXPECT_EQ(rule({.framework = verl, .layout = one_zero}), "");
  EXPECT_EQ(rule({.framework = verl, .layout = ulysses(8, 1, 2)}), "");
  EXPECT_EQ(rule({.framework = verl, .layout = ulysses(8, 1, 1)}), "verl.zero");

  for (const Framework f : {accelerate, verl}) {
    const std::string eager = std::string(name(f)) + ".eager";
    EXPECT_EQ(rule({.framework = f, .layout = ulysses(8), .flash = false}), eager);
    EXPECT_EQ(rule({.framework = f, .layout = ulysses(1), .flash = false}), "");
  }

  Layout sharded_tp = plain_tp, whole_ulysses = ulysses(4, 2);
  sharded_tp.zero = 3;
  EXPECT_EQ(rule({.framework = deepspeed, .layout = sharded_tp}), "deepspeed.tp_zero");
  EXPECT_EQ(rule({.framework = deepspeed, .layout = plain_tp}), "");
  EXPECT_EQ(rule({.framework = deepspeed, .layout = whole_ulysses}), "deepspeed.tp");

  // Plain data parallelism over all GPUs needs no shards; beside a ring, or with ZeRO 1, it is none.
  const auto replicas = [](int dp, int degree, int zero) {
    return Layout{.strategy = Strategy::ring, .dp = dp, .ring = degree, .zero = zero};
  };
  EXPECT_EQ(rule({.framework = accelerate, .layout = replicas(8, 1, 0)}), "");
  EXPECT_EQ(rule({.framework = accelerate, .layout = replicas(8, 1, 1)}), "accelerate.fsdp");
  EXPECT_EQ(rule({.framework = accelerate, .layout = replicas(4, 2, 0)}), "accelerate.fsdp");
  EXPECT_EQ(rule({.framework = accelerate, .layout = replicas(4, 2, 2)}), "");
  EXPECT_EQ(rule({.framework = accelerate, .layout = replicas(1, 1, 0)}), "");
  EXPECT_EQ(rule({.framework = accelerate, .layout = replicas(1, 1, 1)}), "");
}

TEST(FrameworkRules, CountsTheDegreeThatIsLegal) {
  // 40 heads over 7 ranks: 5 deals them but cuts 8 KV heads (8 % 5, 5 % 8), 4 deals both; below 3 there is 2.
  for (const auto& [degree, nearest] : {std::pair{7, 4}, {3, 2}}) {
    const auto refusal = check_framework(test::qwen25_14b(), in(deepspeed, release(0, 17)), ulysses(degree));
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->nearest, nearest);
  }
}

TEST(FrameworkRules, TwoOfADegreeAreEnough) {
  // The least that breaks a rule, beside what does not.
  Layout two_stages{.pp = 2, .zero = 1}, experts{.dp = 2, .ep = 2};
  EXPECT_EQ(rule({.framework = deepspeed, .layout = two_stages}), "deepspeed.pipeline");
  EXPECT_EQ(rule({.framework = accelerate, .layout = two_stages}), "accelerate.pipeline");
  EXPECT_EQ(rule({.framework = verl, .layout = two_stages}), "verl.pipeline");
  two_stages.strategy = Strategy::megatron_sp;
  EXPECT_EQ(rule({.framework = verl, .layout = two_stages}), "");
  two_stages.schedule = Schedule::gpipe;
  EXPECT_EQ(rule({.framework = verl, .layout = two_stages}), "verl.schedule");
  EXPECT_EQ(rule({.framework = deepspeed, .layout = experts, .experts = true}), "deepspeed.experts");
  EXPECT_EQ(rule({.framework = accelerate, .layout = experts, .experts = true}), "accelerate.experts");

  for (const Framework f : {accelerate, verl}) {
    EXPECT_EQ(rule({.framework = f, .layout = ulysses(2), .flash = false}), std::string(name(f)) + ".eager");
    EXPECT_EQ(rule({.framework = f, .layout = ulysses(2, 1, 1)}), std::string(name(f)) + ".zero");
  }
  EXPECT_EQ(rule({.framework = deepspeed, .layout = ulysses(2, 1, 0)}), "deepspeed.zero");
  EXPECT_EQ(rule({.framework = deepspeed, .layout = ulysses(1, 1, 0)}), "");
  EXPECT_EQ(rule({.framework = accelerate, .layout = ulysses(2, 2)}), "accelerate.ulysses_tp");
  EXPECT_EQ(rule({.framework = verl, .layout = ulysses(2, 2)}), "verl.tp");
  EXPECT_EQ(rule({.framework = megatron, .layout = ulysses(2, 8)}), "megatron.heads");
  EXPECT_EQ(rule({.framework = verl, .layout = megatron_sp(40), .version = release(0, 2)}), "");  // no Ulysses

  Layout plain_tp{.strategy = Strategy::tensor_parallel, .tp = 2, .zero = 3, .tp_sequence = false};
  EXPECT_EQ(rule({.framework = deepspeed, .layout = plain_tp}), "deepspeed.tp_zero");
  EXPECT_EQ(rule({.framework = megatron, .layout = plain_tp, .experts = true}), "megatron.experts_tp");
  EXPECT_EQ(rule({.framework = accelerate, .layout = plain_tp}), "");
  plain_tp.tp_sequence = true;
  EXPECT_EQ(rule({.framework = accelerate, .layout = plain_tp}), "accelerate.ring_tp");
  EXPECT_EQ(rule({.framework = accelerate, .layout = {.dp = 2, .zero = 1}}), "accelerate.fsdp");

  Workload lora = in(megatron);
  lora.lora_rank = 1;
  EXPECT_EQ(rule(lora, megatron_sp(2)), "megatron.lora");
}

TEST(FrameworkRules, SequencesThatFrameworksDoNotPad) {
  // 131078 is 2 more than a multiple of 4: two chunks for each of two ring ranks. An odd one has no half.
  const auto limit = [&](Framework framework, std::int64_t tokens, const Layout& layout) {
    const auto refusal = check_framework(test::qwen25_14b(), in(framework, kNewest, tokens), layout);
    return refusal ? refusal->limit : 0;
  };
  for (const Framework f : {megatron, accelerate}) {
    EXPECT_EQ(limit(f, 131078, ring(2, 3)), 4);
    EXPECT_EQ(limit(f, 131080, ring(2, 3)), 0);
    EXPECT_EQ(limit(f, 131073, {.strategy = Strategy::ring, .dp = 2}), 0);
  }
  EXPECT_EQ(limit(megatron, 131073, {.strategy = Strategy::tensor_parallel, .tp = 8, .zero = 1, .tp_sequence = false}),
            0);
  EXPECT_EQ(limit(megatron, 131073, megatron_sp(8)), 8);
}

TEST(FrameworkRules, DegreesWithoutALegalOneBelow) {
  // 15 heads behind 5 KV heads over 4 ranks: 3 cuts KV heads, 2 the heads. 10 heads behind 5 over 2 copy one.
  Transformer m = test::qwen25_14b();
  m.heads = 15, m.kv_heads = 5;
  EXPECT_EQ(check_framework(m, in(verl), ulysses(4))->nearest, 1);
  m.heads = 10;
  EXPECT_EQ(name(*check_framework(m, in(verl, release(0, 2)), ulysses(2))), "verl.kv_heads");
  // tp 40 or 20 of 8 KV heads: 8 and 4 divide both.
  for (const auto& [tp, nearest] : {std::pair{40, 8}, {20, 4}})
    EXPECT_EQ(check_framework(test::qwen25_14b(), in(megatron, release(0, 15)), megatron_sp(tp))->nearest, nearest);
  // A strategy has no number to give.
  const auto strategy = check_framework(test::qwen25_14b(), in(deepspeed), ring(8));
  EXPECT_EQ(strategy->given + strategy->limit + strategy->nearest, 0);
}

TEST(FrameworkRules, TheFirstAndTheLastReleaseOfEach) {
  Transformer latent = test::qwen25_14b();
  latent.latent.kv_rank = 512;
  const auto rule_of = [&](int version) {
    const auto refusal = check_framework(latent, in(megatron, version), megatron_sp(2));
    return refusal ? name(*refusal) : "";
  };
  EXPECT_EQ(rule_of(release(0, 9)), "megatron.latent");
  EXPECT_EQ(rule_of(release(0, 10)), "");
  EXPECT_EQ(rule(in(deepspeed, release(0, 16)), ulysses(10)), "");
  EXPECT_EQ(rule(in(deepspeed, release(0, 17)), ulysses(10)), "deepspeed.kv_heads");
  EXPECT_EQ(rule(in(verl, release(0, 3)), ulysses(10)), "verl.kv_heads");
  const auto newest = check_framework(test::qwen25_14b(), in(megatron), ulysses(8, 2));
  EXPECT_TRUE(why(*newest).starts_with("Megatron-LM wants query and KV heads divisible by tp x ulysses = 16 ("));
}

TEST(FrameworkRules, TpTakesItsHeadsBeforeUlysses) {
  // 20 of 40 heads on either of 2 tp ranks are no multiple of 8.
  for (const FrameworkRule& r : framework_rules()) {
    if (r.name != "verl.heads") continue;
    EXPECT_EQ(r.check(test::qwen25_14b(), in(verl), ulysses(8, 2))->limit, 20);
    EXPECT_FALSE(r.check(test::qwen25_14b(), in(verl), ulysses(4, 2)));
  }
}

}  // namespace
}  // namespace ithaca
