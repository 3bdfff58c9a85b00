#include "model/live.hpp"

#include <gtest/gtest.h>

#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

Question asked() {
  Question q;
  q.model = test::llama_7b();
  q.cluster = test::round_cluster();
  q.gpus = 64;
  q.work = test::sequence(65536);
  q.strategies = {Strategy::ulysses, Strategy::fpdt};
  q.degrees.ulysses = 64;  // above the 32 heads
  return q;
}

TEST(LiveRows, SayWhyARowIsRefused) {
  const LiveAnswer answer = live_rows(asked());
  // Parameters of LLaMA-7B, none to take, two rows; of each strategy, refused, five degrees, rule, why,
  // instead.
  ASSERT_EQ(answer.numbers.size(), 23u);
  EXPECT_EQ(answer.numbers[0], real(parameter_count(test::llama_7b())));
  EXPECT_EQ(answer.numbers[1], -1);
  EXPECT_EQ(answer.words[static_cast<std::size_t>(answer.numbers[10])], "ulysses.heads");
  EXPECT_EQ(answer.numbers[20], answer.numbers[10]);  // a word stands once
}

TEST(LiveRows, HoldTheRowsOfCompare) {
  Question q = asked();
  q.degrees.ulysses = std::nullopt;
  const LiveAnswer answer = live_rows(q);
  const std::vector<Row> rows = compare(q);
  EXPECT_EQ(answer.numbers[1], static_cast<double>(*best_row(rows)));
  std::size_t at = 5;  // behind parameters, best, count, and the first row's strategy and its 0
  for (const LiveField& field : live_fields()) EXPECT_EQ(answer.numbers[at++], field.get(q, rows[0])) << field.name;
  const auto& terms = rows[0].estimate->memory.terms;
  ASSERT_EQ(answer.numbers[at++], static_cast<double>(terms.size()));
  EXPECT_EQ(answer.numbers[at], terms[0].bytes.value());
  EXPECT_EQ(answer.words[static_cast<std::size_t>(answer.numbers[at + 1])], terms[0].name);
}

TEST(LiveCurvesAndWinners, HaveTheirSizesInFront) {
  Question q = asked();
  q.degrees.ulysses = std::nullopt;
  const LiveAnswer curves = live_curves(q), winners = live_winners(q);
  EXPECT_EQ(curves.numbers[0], 2);
  EXPECT_EQ(curves.numbers[2], 7);   // 2, 4, ... 128
  EXPECT_EQ(winners.numbers[0], 7);  // 8 to 512
  EXPECT_EQ(winners.numbers[8], 7);  // 8Ki to 512Ki
}

}  // namespace
}  // namespace ithaca
