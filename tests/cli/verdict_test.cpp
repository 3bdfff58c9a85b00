#include "cli/verdict.hpp"

#include "cli/remarks.hpp"
#include "tests/cli/sample_report.hpp"
#include "tests/cli/widths.hpp"

namespace ithaca {
namespace {

using test::contains;

std::string text_of(const Report& report) {
  std::string text;
  for (const std::string& sentence : verdict(report)) text += sentence + "\n";
  return text;
}

/// Two rows with the given step times, Ulysses first; both fit.
Report two_rows(double ulysses_s, double megatron_s) {
  Question q = test::question(test::llama_7b(), 32, 1048576);
  q.strategies = {Strategy::ulysses, Strategy::megatron_sp};
  Report report = test::answer(q);
  report.rows[0].estimate->step.time = Seconds{ulysses_s};
  report.rows[1].estimate->step.time = Seconds{megatron_s};
  report.best = best_row(report.rows);
  return report;
}

TEST(Verdict, SaysWhichByHowMuch) {
  const std::string text = text_of(two_rows(10, 25));
  EXPECT_TRUE(contains(text, "Take ulysses 32: ")) << text;
  EXPECT_TRUE(contains(text, "2.50x faster than megatron_sp")) << text;  // 25 / 10
  EXPECT_TRUE(contains(text, "a step is 2.50x faster.")) << text;
}

TEST(Verdict, TheOtherWayRoundToo) {
  const std::string text = text_of(two_rows(25, 10));
  EXPECT_TRUE(contains(text, "Take megatron_sp (tp 32): ")) << text;
  EXPECT_TRUE(contains(text, "but a step is 2.50x slower.")) << text;
}

TEST(Verdict, WithinTheModelsAccuracyItIsATie) {
  EXPECT_TRUE(contains(text_of(two_rows(10, 10.4)), "level with megatron_sp within the model's own accuracy"));
  EXPECT_FALSE(contains(text_of(two_rows(10, 10.6)), "level with"));
}

TEST(Verdict, SaysHowSureItIsAndWhatItDoesNotKnow) {
  // Steps off by 5 % each: ln(10 / 9.5) = 0.0513 over 0.05 * sqrt(2) is 0.725 deviations, of which 76.6 % lie below.
  Report report = two_rows(9.5, 10);
  report.errors.steps = 0.05;
  const std::string text = text_of(report);
  EXPECT_TRUE(contains(text, "By the errors that are known ulysses beats megatron_sp with a probability of 76.6 %"))
      << text;
  EXPECT_TRUE(contains(text, "; no interval is known for ")) << text;
  ASSERT_EQ(rows_compared(report).size(), 1U);  // the best two are the paper's two
  EXPECT_NEAR(rows_compared(report)[0].times.faster, 0.766, 5e-4);
  const std::string unknown = text_of(two_rows(9.5, 10));
  EXPECT_TRUE(contains(unknown, "How sure that is cannot be said: no interval is known for ")) << unknown;
  EXPECT_TRUE(contains(text_of(two_rows(1, 10)), "cannot be said"));
  report.rows[1].estimate->step.time = Seconds{100};
  EXPECT_TRUE(contains(text_of(report), "with a probability of more than 99.9 %"));
}

TEST(Verdict, ComparesBytesWithThePapersRival) {
  // Whole step with full recompute: 116,500,987,904 over Ulysses' 3,120,562,176 bytes = 37.3.
  EXPECT_TRUE(contains(text_of(two_rows(10, 25)), "it sends 37.3x less per GPU, layer and micro-batch"));
}

TEST(Verdict, NamesTheLimit) {
  Report report = two_rows(10, 25);
  StepEstimate& e = *report.rows[0].estimate;
  e.parts = {Seconds{1}, Seconds{2}, Seconds{1}, Seconds{}};
  e.step.exposed_comm = Seconds{6};
  EXPECT_TRUE(contains(text_of(report), "Limit: exposed communication (60.0 % of the step), then attention (20.0 %)"));
  e.parts.attention = Seconds{7};
  e.step.exposed_comm = Seconds{1};
  EXPECT_TRUE(contains(text_of(report), "Limit: attention (70.0 % of the step); exposed communication is 10.0 %"));
  EXPECT_TRUE(contains(text_of(report), "memory allows up to "));
}

TEST(Verdict, IdleGpusOfTheBestRowAreNamed) {
  Question q = test::question(test::llama_7b(), 64, 1048576);
  q.strategies = {Strategy::ulysses, Strategy::megatron_sp};
  EXPECT_TRUE(contains(text_of(test::answer(q)), "ulysses: 32 of 64 GPUs are idle"));
}

TEST(Verdict, NothingFits) {
  // 7B parameters need 16 bytes each, 108 GB, on one GPU of 80 GB.
  const std::string text = text_of(test::answer(test::question(test::llama_7b(), 1, 1024)));
  EXPECT_TRUE(contains(text, "None fits: ")) << text;
  EXPECT_TRUE(contains(text, "No sequence fits: ")) << text;
  EXPECT_TRUE(contains(text, "It would fit with --gpus 2.")) << text;
  // Eight GPUs hold the states, but not 16 Mi tokens; something shorter fits.
  const std::string longer = text_of(test::answer(test::question(test::llama_7b(), 8, 16777216)));
  EXPECT_TRUE(contains(longer, "The longest sequence that fits is ")) << longer;
}

TEST(Verdict, OnlyOneFits) {
  Report report = two_rows(10, 25);
  report.rows[1].estimate->memory.capacity = Bytes{1};
  report.best = best_row(report.rows);
  EXPECT_TRUE(contains(text_of(report), "it is the only one that fits.")) << text_of(report);
  EXPECT_TRUE(contains(text_of(report), "megatron_sp does not fit"));
}

TEST(Verdict, AllRefused) {
  const Report report = test::report_of_nothing();
  for (const Row& row : report.rows) ASSERT_TRUE(row.refused);
  EXPECT_TRUE(contains(text_of(report), "No strategy is possible")) << text_of(report);
}

}  // namespace
}  // namespace ithaca
