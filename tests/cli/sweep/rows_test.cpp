#include "cli/sweep/rows.hpp"

#include <gtest/gtest.h>

#include "model/inference_compare.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

struct Answers {
  Question question{test::llama3_8b(), test::sequence(65536), test::round_cluster(), 8, {}, {Strategy::ulysses}};
  Inference inference{.phase = Phase::decode};
  Row step = compare_strategy(question, Strategy::ulysses, false);
  InferenceRow phase = compare_strategy({question, inference}, Strategy::ulysses, false);
};

TEST(SweepRows, BothKindsHaveTheSameFigures) {
  const Answers a;
  const SweepRow step{.question = a.question, .step = &a.step};
  const SweepRow phase{.question = a.question, .phase = &a.phase, .inference = &a.inference};
  EXPECT_EQ(step.time(), a.step.estimate->step.time);
  EXPECT_EQ(phase.time(), a.phase.estimate->decode->time);
  EXPECT_EQ(phase.memory(), &a.phase.estimate->memory);
  EXPECT_EQ(row_words(step), "ulysses 8");
  EXPECT_EQ(row_words(phase), "ulysses 8");
  EXPECT_TRUE(step.feasible());
  EXPECT_TRUE(phase.feasible());
  EXPECT_EQ(get(*find_field("memory.peak_bytes"), step),
            Value{static_cast<std::int64_t>(step.memory()->peak().value())});
  EXPECT_EQ(get(*find_field("decode.time_per_output_token_s", SweepAsks::phase), phase), Value{phase.time().value()});
}

TEST(SweepRows, AProblemIsAllThatItsRowSays) {
  const Answers a;
  const PointProblem problem{"where", "too slow", "loosen it"};
  const SweepRow row{.question = a.question, .phase = &a.phase, .inference = &a.inference, .problem = &problem};
  EXPECT_FALSE(row.feasible());
  EXPECT_EQ(get(*find_field("refused.why", SweepAsks::phase), row), Value{std::string("too slow")});
  EXPECT_EQ(get(*find_field("decode.compute_s", SweepAsks::phase), row), Value{});
  EXPECT_TRUE(is_absent("decode", row));
  EXPECT_FALSE(is_absent("refused", row));
}

TEST(SweepRows, RefusalsHaveNoMemory) {
  Answers a;
  a.question.degrees.ulysses = 64;  // of 32 heads
  a.question.gpus = 64;
  const Row refused = compare_strategy(a.question, Strategy::ulysses);
  const SweepRow row{.question = a.question, .step = &refused};
  ASSERT_NE(row.refused(), nullptr);
  EXPECT_EQ(row.refused()->rule, Rule::ulysses_heads);
  EXPECT_EQ(row.memory(), nullptr);
}

TEST(SweepRows, TheDefaultColumnsExist) {
  for (const SweepAsks asks : {SweepAsks::step, SweepAsks::plan, SweepAsks::phase}) {
    for (const SweepField* field : default_columns(asks, Engine::analytic)) EXPECT_NE(field, nullptr);
  }
  EXPECT_EQ(default_columns(SweepAsks::step, Engine::event).size(),
            default_columns(SweepAsks::step, Engine::analytic).size() + 1);
}

}  // namespace
}  // namespace ithaca
