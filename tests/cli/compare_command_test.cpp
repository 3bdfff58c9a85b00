#include "cli/compare_command.hpp"

#include "cli/commands.hpp"
#include "tests/cli/widths.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

using test::contains;

Outcome compare_with(std::vector<std::string> more, Environment environment = {}) {
  std::vector<std::string> words{"compare", "--model", "llama-7b", "--cluster", "dgx-h100",
                                 "--gpus",  "64",      "--seq",    "1Mi"};
  words.insert(words.end(), more.begin(), more.end());
  return run(words, environment);
}

LoadedModel round_model() { return {test::llama_7b(), "m.yaml", "a paper", "dimensions derived"}; }
LoadedCluster round_machine() {
  LoadedCluster loaded;
  loaded.cluster = test::round_cluster();
  loaded.description = "a round machine";
  loaded.price_date = "2025-10";
  loaded.file = "c.yaml";
  loaded.attention = {{"fa3", {}, Mark::calibrated}, {"fa2", {}, Mark::measured}};
  return loaded;
}

TEST(MakeReport, TakesPriceAndNoteFromWhereTheyAre) {
  CompareRequest request;
  request.gpus = 8;
  request.work = test::sequence(65536);
  Report report = make_report(request, round_model(), round_machine(), {"ithaca"});
  EXPECT_EQ(report.question.cluster.price_per_gpu_hour, Dollars{2});
  EXPECT_EQ(report.price_source, "list price of 2025-10");
  EXPECT_EQ(report.notices, std::vector<std::string>{"llama-7b: dimensions derived"});
  EXPECT_EQ(report.made_by.model_source, "a paper");
  EXPECT_EQ(report.made_by.cluster_file, "c.yaml");
  EXPECT_EQ(report.attention_kernel, "fa3");  // the first is the default
  EXPECT_EQ(report.rows.size(), 4u);
  request.price = Dollars{3};
  request.attention_kernel = "fa2";
  report = make_report(request, round_model(), round_machine(), {});
  EXPECT_EQ(report.question.cluster.price_per_gpu_hour, Dollars{3});
  EXPECT_EQ(report.price_source, "--price");
  EXPECT_EQ(report.attention_kernel, "fa2");
}

TEST(Compare, AnswersFromTheCatalogue) {
  const Outcome outcome = compare_with({});
  EXPECT_EQ(outcome.exit, ExitCode::done);
  test::expect_no_wider(outcome.result, 80);
  EXPECT_TRUE(contains(test::unwrapped(outcome.result), "forward sends, GiB 0.969 31.0")) << outcome.result;
  EXPECT_TRUE(contains(outcome.result, "\nVerdict\n"));
}

TEST(Compare, ExplainFollowsTheTable) {
  const Outcome outcome = compare_with({"--explain"});
  test::expect_no_wider(outcome.result, 80);
  EXPECT_EQ(outcome.result.rfind(compare_with({}).result, 0), 0u);
  EXPECT_TRUE(contains(outcome.result, "\nHardware figures\n"));
}

TEST(Compare, SameQuestionSameBytes) {
  for (const char* format : {"--json", "--csv", "--explain"}) {
    EXPECT_EQ(compare_with({format}).result, compare_with({format}).result);
  }
}

TEST(Compare, AllMistakesAtOnce) {
  const Outcome outcome =
      run({"compare", "--model", "lama-7b", "--cluster", "dgx-h10", "--gpus", "0", "--seq", "1Q"}, Environment{});
  EXPECT_EQ(outcome.exit, ExitCode::usage);
  EXPECT_EQ(outcome.result, "");
  for (const char* part : {"did you mean 'llama-7b'?", "did you mean 'dgx-h100'?", "--gpus 0", "--seq 1Q"}) {
    EXPECT_TRUE(contains(outcome.talk, part)) << part << "\n" << outcome.talk;
  }
}

TEST(Compare, AKernelThatTheGpuLacksIsAMistake) {
  EXPECT_TRUE(contains(compare_with({"--attention", "fa2"}).result, "causal flash attention (fa2)"));
  const Outcome outcome = run(
      {"compare", "--model", "llama-7b", "--cluster", "dgx-a100", "--gpus", "8", "--seq", "64Ki", "--attention", "fa3"},
      Environment{});
  EXPECT_EQ(outcome.exit, ExitCode::usage);
  EXPECT_TRUE(contains(outcome.talk, "--attention fa3")) << outcome.talk;
}

TEST(Compare, RefusedRowsAreAnAnswerUnlessAllAre) {
  EXPECT_EQ(compare_with({"--attention", "eager"}).exit, ExitCode::done);
  const Outcome none = compare_with({"--strategies", "ulysses", "--ulysses", "64"});
  EXPECT_EQ(none.exit, ExitCode::infeasible);
  EXPECT_TRUE(contains(none.result, "ulysses is refused (ulysses.heads)")) << none.result;
  EXPECT_FALSE(contains(none.result, "tokens/s")) << "a table of dashes";
}

TEST(Compare, ColorOnlyWhereItGoesToATerminal) {
  Environment terminal;
  terminal.out_is_terminal = true;
  terminal.term = "xterm";
  EXPECT_TRUE(contains(compare_with({}, terminal).result, "\x1b["));
  EXPECT_FALSE(contains(compare_with({}).result, "\x1b["));
  EXPECT_FALSE(contains(compare_with({"--color", "never"}, terminal).result, "\x1b["));
  EXPECT_FALSE(contains(compare_with({"-o", "file"}, terminal).result, "\x1b["));
  EXPECT_FALSE(contains(compare_with({"--json"}, terminal).result, "\x1b["));
  EXPECT_TRUE(contains(compare_with({"--color", "always"}).result, "\x1b["));
}

TEST(Compare, ThroughTheEventEngine) {
  const std::vector<std::string> job{"compare", "--model", "llama-7b", "--cluster", "dgx-h100", "--gpus",
                                     "8",       "--seq",   "64Ki",     "--engine",  "event"};
  const Outcome outcome = run(job, Environment{});
  EXPECT_EQ(outcome.exit, ExitCode::done) << outcome.talk;
  test::expect_no_wider(outcome.result, 80);
  EXPECT_TRUE(contains(test::unwrapped(outcome.result), "layouts chosen by the closed form")) << outcome.result;
  EXPECT_TRUE(contains(outcome.result, "\n  time by closed form"));
  std::vector<std::string> as_json = job;
  as_json.emplace_back("--json");
  const std::string json = run(as_json, Environment{}).result;
  EXPECT_TRUE(contains(json, "\"engine\": \"event\""));
  EXPECT_TRUE(contains(json, "\"closed_form_s\""));
}

TEST(Compare, PackedDocumentsAreSaidAndWaitedFor) {
  // 512Ki + 512 x 1Ki fill one sequence: (1/4 + 512/2^20) of a whole sequence's attention.
  const Outcome outcome = compare_with({"--documents", "512Ki,1Ki*512"});
  test::expect_no_wider(outcome.result, 80);
  const std::string text = test::unwrapped(outcome.result);
  EXPECT_TRUE(
      contains(text, "513 documents of at most 524,288 tokens fill 100 % of the step; attention within them, 25.0 %"))
      << outcome.result;
  EXPECT_TRUE(contains(text, "waiting for the slowest rank (packed documents of unequal length)")) << outcome.result;
  EXPECT_TRUE(contains(compare_with({"--documents", "1Ki", "--json"}).result, "\"count\": 1024"));
  EXPECT_TRUE(contains(compare_with({"--documents", "2Mi"}).talk, "longer than a sequence"));
  EXPECT_TRUE(contains(compare_with({"--documents", "2Mi,x"}).talk, "--documents 2Mi,x"));
}

TEST(Compare, TokensOfAGlobalBatchDecideOnItsSequences) {
  const Outcome outcome = compare_with({"--batch-tokens", "4Mi", "--csv", "--strategies", "usp"});
  EXPECT_TRUE(contains(outcome.result, ",1048576,1048576,4,1,64,")) << outcome.result;  // N, padded N, batch, micro
  EXPECT_TRUE(contains(compare_with({"--batch-tokens", "4Ki"}).talk, "below one sequence of 1,048,576 tokens"));
}

}  // namespace
}  // namespace ithaca
