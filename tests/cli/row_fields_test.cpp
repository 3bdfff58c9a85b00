#include "cli/row_fields.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/cli/sample_report.hpp"

namespace ithaca {
namespace {

const RowField& field(std::string_view name) {
  for (const RowField& f : row_fields()) {
    if (f.name == name) return f;
  }
  ADD_FAILURE() << "no field " << name;
  return row_fields()[0];
}

TEST(RowFields, NamesAreUnique) {
  std::set<std::string_view> names;
  for (const RowField& f : row_fields()) EXPECT_TRUE(names.insert(f.name).second) << f.name;
}

TEST(RowFields, BytesAndElementsAreWhole) {
  const Report report = test::sample_report();
  const auto value = [&](std::string_view name) { return get(field(name), report.question, report.rows[0]); };
  // LLaMA-7B, N = 2^20, 32 ranks: 4 N h / P = 4 * 2^20 * 4096 / 32 elements; sent 2 bytes * (P-1)/P of them.
  EXPECT_EQ(value("layer.forward.paper_elements"), Value{std::int64_t{536870912}});
  EXPECT_EQ(value("layer.forward.sent_bytes"), Value{std::int64_t{1040187392}});
  EXPECT_EQ(value("active_gpus"), Value{std::int64_t{32}});
  EXPECT_EQ(value("idle_gpus"), Value{std::int64_t{32}});
  EXPECT_EQ(value("step.time_s"), Value{report.rows[0].estimate->step.time.value()});
  EXPECT_EQ(value("layer.backward.paper_elements"), Value{});
  EXPECT_EQ(value("refused.why"), Value{});
}

TEST(RowFields, ARefusedRowHasOnlyItsQuestionAndReason) {
  const Report report = test::report_with_refusals();
  const Row& ring = report.rows[2];
  ASSERT_TRUE(ring.refused);
  EXPECT_EQ(get(field("refused.rule"), report.question, ring), Value{std::string("ring.flash")});
  EXPECT_EQ(get(field("gpus"), report.question, ring), Value{std::int64_t{8}});
  for (const char* name : {"step.time_s", "layer.forward.sent_bytes", "memory.fits", "max_seq_len", "active_gpus"}) {
    EXPECT_EQ(get(field(name), report.question, ring), Value{}) << name;
  }
}

TEST(RowFields, NoPriceNoCost) {
  Report report = test::sample_report();
  report.question.cluster.price_per_gpu_hour = {};
  EXPECT_EQ(get(field("usd_per_million_tokens"), report.question, report.rows[0]), Value{});
}

TEST(RowFields, OneGpuHasNoWireToCompareWith) {
  const Report report = test::answer(test::question(test::llama_7b(), 1, 1024));
  EXPECT_EQ(get(field("layer.forward.ratio_to_bound"), report.question, report.rows[0]), Value{});
}

}  // namespace
}  // namespace ithaca
