#include "model/frameworks.hpp"

#include <gtest/gtest.h>

#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

bool accepts(const Layout& layout, std::string_view framework) {
  for (const FrameworkAnswer& answer : frameworks(test::qwen25_14b(), layout)) {
    if (answer.framework == framework) return answer.accepts;
  }
  ADD_FAILURE() << "no answer for " << framework;
  return false;
}

TEST(Frameworks, QwenDegrees) {
  // 40 query heads, 8 KV heads. P = 8 and 40 divide the heads and fit the KV heads (8/8; 40 copies, 40 % 8 = 0).
  // P = 10 and 20 divide the heads but neither divide nor are multiples of 8. P = 16 leaves uneven heads.
  const auto ulysses = [](int p) { return Layout{.strategy = Strategy::ulysses, .ulysses = p}; };
  for (int p : {8, 10, 16, 20, 40}) EXPECT_TRUE(accepts(ulysses(p), "deepspeed")) << p;
  for (int p : {8, 40}) EXPECT_TRUE(accepts(ulysses(p), "verl")) << p;
  for (int p : {10, 16, 20}) EXPECT_FALSE(accepts(ulysses(p), "alst")) << p;
  EXPECT_TRUE(accepts(ulysses(8), "megatron-core"));
  EXPECT_FALSE(accepts(ulysses(40), "megatron-core"));
}

TEST(Frameworks, MegatronCopiesKvHeadsSince016) {
  const Layout tp{.strategy = Strategy::megatron_sp, .tp = 40};
  EXPECT_FALSE(accepts(tp, "megatron-core before 0.16"));
  EXPECT_TRUE(accepts(tp, "megatron-core"));
}

TEST(Frameworks, ARefusalSaysItsRule) {
  for (Strategy strategy : kStrategies) {
    for (const FrameworkAnswer& a : frameworks(test::qwen25_14b(), {.strategy = strategy, .tp = 7, .zigzag = false})) {
      EXPECT_TRUE(a.accepts || !a.rule.empty()) << a.framework;
      EXPECT_FALSE(a.source.empty());
    }
  }
}

}  // namespace
}  // namespace ithaca
