#include "model/question_numbers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "model/live.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

Question asked() {
  Question q;
  q.model = test::llama3_8b();
  q.cluster = test::round_cluster();
  q.gpus = 64;
  q.work = test::sequence(1048576);
  q.degrees.dp = 1;
  q.strategies = {Strategy::ring, Strategy::usp, Strategy::fpdt};
  q.cluster.measured.regimes = {{Op::all_to_all, Algorithm::direct, Protocol::simple, true, 1.5, 1.25}};
  q.cluster.measured.curves = {{Op::all_to_all, Algorithm::direct, true, 16, {{1e6, 1.5}, {1e7, 1.1}}}};
  return q;
}

TEST(QuestionNumbers, AreTheWholeQuestion) {
  const Question q = asked();
  const std::vector<double> numbers = question_numbers(q);
  const auto back = question_of(numbers);
  ASSERT_TRUE(back);
  EXPECT_EQ(question_numbers(*back), numbers);
  EXPECT_EQ(back->strategies, q.strategies);
  EXPECT_EQ(back->degrees.dp, 1);
  EXPECT_FALSE(back->degrees.tp);
  // Same numbers in, same bits out.
  EXPECT_EQ(live_rows(*back).numbers, live_rows(q).numbers);
}

TEST(QuestionNumbers, CountsGoUpToWhatAnIntHolds) {
  Question q = asked();
  q.gpus = std::numeric_limits<int>::max();
  std::vector<double> numbers = question_numbers(q);
  const auto back = question_of(numbers);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->gpus, q.gpus);
  *std::find(numbers.begin(), numbers.end(), 2147483647.0) += 1;
  EXPECT_FALSE(question_of(numbers));
}

TEST(QuestionNumbers, BeginWithTheModels) {
  const std::vector<double> all = question_numbers(asked()), model = model_numbers(test::llama3_8b());
  ASSERT_LT(model.size(), all.size());
  EXPECT_TRUE(std::equal(model.begin(), model.end(), all.begin()));
  EXPECT_EQ(model_numbers(test::qwen25_14b()).size(), model.size());
}

TEST(QuestionNumbers, RefuseWhatIsNone) {
  std::vector<double> numbers = question_numbers(asked());
  EXPECT_FALSE(question_of({}));
  EXPECT_FALSE(question_of(std::span(numbers).first(numbers.size() - 1)));
  numbers.push_back(0);
  EXPECT_FALSE(question_of(numbers));
  numbers.pop_back();
  numbers[0] = 1e300;  // no count
  EXPECT_FALSE(question_of(numbers));
}

}  // namespace
}  // namespace ithaca
