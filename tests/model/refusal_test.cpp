#include "model/refusal.hpp"

#include <gtest/gtest.h>

#include <set>

namespace ithaca {
namespace {

TEST(Refusal, NamesTheNumbersAndTheWayOut) {
  const Refusal heads{Rule::ulysses_heads, {.strategy = Strategy::ulysses, .ulysses = 64}, 64, 32};
  EXPECT_EQ(name(heads.rule), "ulysses.heads");
  EXPECT_EQ(why(heads), "ulysses 64 is above the 32 query heads: an all-to-all cannot cut a head");
  EXPECT_EQ(
      instead(heads),
      "take --ulysses 32, and use more GPUs through a ring around it (usp with --ulysses 32 --ring 2) or dp with a "
      "larger --global-batch");
  // 16 heads of a tp rank: 33 ranks make a ring of 3.
  const Refusal shared{Rule::ulysses_heads, {.strategy = Strategy::ulysses, .tp = 2, .ulysses = 33}, 33, 16};
  EXPECT_EQ(why(shared), "ulysses 33 is above the 16 query heads that tp 2 leaves: an all-to-all cannot cut a head");
  EXPECT_NE(instead(shared).find("--ulysses 16 --ring 3)"), std::string::npos);
}

TEST(Refusal, SuggestsADegreeThatDivides) {
  // The largest divisor of 40 up to 16 is 10.
  EXPECT_EQ(instead({Rule::tp_heads, {}, 16, 40}), "take --tp 10");
  EXPECT_EQ(instead({Rule::tp_heads, {}, 2, 7}), "take --tp 1");
  EXPECT_EQ(instead({Rule::tp_heads, {}, 64, 40}), "take --tp 40");
  EXPECT_EQ(instead({Rule::experts, {}, 7, 8}), "take a degree of 4");
  EXPECT_EQ(why({Rule::experts, {}, 2, 0}), "ep 2 splits experts, and the model has none");
  EXPECT_EQ(instead({Rule::experts, {}, 2, 0}), "take --ep 1");
}

TEST(Refusal, CountsInWords) {
  EXPECT_EQ(why({Rule::sequence_short, {}, 1, 2}), "1 token cannot be cut into 2 parts");
  EXPECT_EQ(why({Rule::sequence_short, {}, 3, 4}), "3 tokens cannot be cut into 4 parts");
  EXPECT_EQ(why({Rule::strategy_degree, {.strategy = Strategy::ulysses, .ulysses = 4, .ring = 2}, 2, 1}),
            "ulysses has no ring degree, but 2 was asked for");
  EXPECT_EQ(why({Rule::strategy_degree, {.strategy = Strategy::ring, .ulysses = 2}, 2, 1}),
            "ring has no ulysses degree, but 2 was asked for");
}

TEST(Refusal, InferenceByStrategy) {
  const auto refusal = [](Rule rule, Strategy s) { return Refusal{rule, {.strategy = s}}; };
  EXPECT_EQ(instead(refusal(Rule::phase_backward, Strategy::fpdt)), "take ulysses");
  EXPECT_EQ(instead(refusal(Rule::phase_backward, Strategy::ring_self_attention)), "take ring");
  EXPECT_TRUE(why(refusal(Rule::phase_decode, Strategy::megatron_sp)).starts_with("one token of each sequence"));
  EXPECT_TRUE(instead(refusal(Rule::phase_decode, Strategy::megatron_sp)).starts_with("take tensor_parallel"));
  EXPECT_TRUE(why(refusal(Rule::phase_decode, Strategy::loongtrain)).starts_with("a double ring"));
  EXPECT_EQ(instead(refusal(Rule::phase_decode, Strategy::loongtrain)), "take usp");
}

TEST(Refusal, BatchAdviceGoesByWhatIsTooSmall) {
  EXPECT_EQ(instead({Rule::dp_batch, {}, 4, 1}), "ask for --global-batch 4, or a smaller --dp or --micro-batch");
  EXPECT_EQ(instead({Rule::dp_batch, {}, 4, 6}), "choose a --global-batch that is a multiple of 4");
}

TEST(Refusal, EveryRuleHasItsOwnNameAndWords) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Rule::dtype); ++i) {
    const Refusal refusal{static_cast<Rule>(i), {}, 3, 2};
    EXPECT_TRUE(names.insert(name(refusal.rule)).second) << i;
    EXPECT_FALSE(why(refusal).empty());
    EXPECT_FALSE(instead(refusal).empty());
  }
}

}  // namespace
}  // namespace ithaca
