#include "model/around.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

Question question(int gpus, std::int64_t tokens) {
  Question q;
  q.model = test::llama_7b();
  q.cluster = test::round_cluster();
  q.gpus = gpus;
  q.work = test::sequence(tokens);
  return q;
}

const Row& row_at(const CommCurve& curve, int gpus) {
  const auto at = [gpus](const CommCurve::Point& point) { return point.gpus == gpus; };
  return std::find_if(curve.points.begin(), curve.points.end(), at)->row;
}

// LLaMA-7B: h = 4096, 32 query and KV heads; N = 65536, bf16, so e N h = 2 * 65536 * 4096 = 536,870,912 bytes.
TEST(CommCurves, FollowThePapersAndEndAtTheHeads) {
  Question q = question(64, 65536);
  q.work.global_batch = 4;  // the curve is of one micro-batch all the same
  const std::vector<CommCurve> curves = comm_curves(q);
  ASSERT_EQ(curves.size(), 4u);
  // 2, 4, ... 128: twice the 64 GPUs, which are more than the 32 heads.
  ASSERT_EQ(curves[0].points.size(), 7u);
  // Ulysses over 16: 4 e N h / 16 * 15/16; Megatron-SP over 16: 4 e N h * 15/16, sixteen times as much.
  EXPECT_EQ(row_at(curves[0], 16).estimate->forward.sent, Bytes{4 * 536870912.0 / 16 * 15 / 16});
  EXPECT_EQ(row_at(curves[1], 16).estimate->forward.sent, Bytes{4 * 536870912.0 * 15 / 16});
  // The ring passes its K and V block, 2 e N/16 h, fifteen times on.
  EXPECT_EQ(row_at(curves[2], 16).estimate->forward.sent, Bytes{2 * 536870912.0 / 16 * 15});
  EXPECT_TRUE(row_at(curves[0], 32).estimate);
  EXPECT_EQ(row_at(curves[0], 64).refused->rule, Rule::ulysses_heads);
  EXPECT_TRUE(row_at(curves[1], 64).refused);
  EXPECT_TRUE(row_at(curves[2], 128).estimate);
  const Layout& usp = row_at(curves[3], 64).layout;
  EXPECT_EQ(usp.ulysses * usp.ring, 64);
}

TEST(CommCurves, StayWithinTheInstallation) {
  Question q = question(8, 65536);
  q.cluster.max_gpus = 24;
  EXPECT_EQ(comm_curves(q).front().points.back().gpus, 16);
}

TEST(WinnerMap, EndsAtTheLongestLengthThatAQuestionMayHave) {
  // 2^40 tokens, as many as --seq takes.
  const WinnerMap map = winner_map(question(8, std::int64_t{1} << 39));
  EXPECT_EQ(map.lengths.front(), Tokens{std::int64_t{1} << 40});
}

TEST(WinnerMap, AgreesWithCompareInEveryCell) {
  Question q = question(12, 65536 * 3);
  q.cluster.max_gpus = 64;
  const WinnerMap map = winner_map(q);
  // 12 is whole down to 3; 96 is more than the installation has. 196608 / 8 is whole.
  EXPECT_EQ(map.gpus, (std::vector<int>{3, 6, 12, 24, 48}));
  ASSERT_EQ(map.lengths.size(), 7u);
  EXPECT_EQ(map.lengths.front(), Tokens{196608 * 8});
  EXPECT_EQ(map.lengths.back(), Tokens{24576});
  ASSERT_EQ(map.cells.size(), 35u);
  for (const std::size_t at : {0u, 17u, 34u}) {
    const WinnerCell& cell = map.cells[at];
    EXPECT_EQ(cell.gpus, map.gpus[at % 5]);
    EXPECT_EQ(cell.seq_len, map.lengths[at / 5]);
    Question same = q;
    same.gpus = cell.gpus;
    same.work.seq_len = cell.seq_len;
    const std::vector<Row> rows = compare(same);
    EXPECT_EQ(cell.best, best_row(rows));
    for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(cell.rows[i].layout, rows[i].layout);
  }
}

}  // namespace
}  // namespace ithaca
