#include "cli/inference_command.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>

#include "cli/commands.hpp"
#include "tests/cli/widths.hpp"

namespace ithaca {
namespace {

using test::contains;
using Json = nlohmann::ordered_json;

Outcome serve(std::vector<std::string> more, const std::string& phase = "decode") {
  std::vector<std::string> words{"compare", "--model", "llama3-70b", "--cluster", "dgx-h100", "--gpus",
                                 "8",       "--seq",   "128Ki",      "--phase",   phase};
  words.insert(words.end(), more.begin(), more.end());
  return run(words, Environment{});
}

TEST(ComparePhase, PrintsBothPhasesAndTheCache) {
  const Outcome outcome = serve({"--batch", "4", "--output-tokens", "1000"});
  EXPECT_EQ(outcome.exit, ExitCode::done) << outcome.talk;
  test::expect_no_wider(outcome.result, 80);
  const std::string text = test::unwrapped(outcome.result);
  for (const char* part :
       {"4 prompts of 131,072 tokens at once, 1,000 output tokens each", "layouts chosen for the decode",
        "time to first token, s", "time per output token, ms", "KV cache, GiB", "prompt to last token, s",
        "most sequences that fit", "Take tensor_parallel (tp 8)"}) {
    EXPECT_TRUE(contains(text, part)) << part << "\n" << outcome.result;
  }
}

TEST(ComparePhase, JsonHasTheSameFigures) {
  const Json json = Json::parse(serve({"--json", "--strategies", "tensor_parallel,ulysses,megatron_sp"}).result);
  EXPECT_EQ(json["format_version"], "1.0");
  const Json& row = json["rows"][0];
  EXPECT_EQ(row["strategy"], "tensor_parallel");
  EXPECT_EQ(row["layout"]["tp"], 8);
  // 80 layers x 2 x 8 heads x 128 x 2 bytes x (131,072 + 1) tokens, a head on each of 8 GPUs.
  EXPECT_EQ(row["kv_cache"]["bytes_per_gpu"], 80LL * 2 * 128 * 2 * 131073);
  EXPECT_EQ(row["kv_cache"]["bytes_once"], 80LL * 2 * 8 * 128 * 2 * 131073);
  EXPECT_GT(row["decode"]["time_per_output_token_s"], row["decode"]["bound_s"]);
  EXPECT_GT(row["prefill"]["time_to_first_token_s"], row["prefill"]["bound_s"]);
  EXPECT_EQ(row["layer"]["forward"]["collectives"].size(), 2u);
  double peak = 0;
  for (const Json& term : row["memory"]["terms"]) peak += term["bytes"].get<double>();
  EXPECT_EQ(row["memory"]["peak_bytes"], peak);
  EXPECT_TRUE(row["refused"].is_null());
  EXPECT_EQ(json["rows"][1]["layout"]["zero"], 3);  // 141 GB of weights do not fit whole
  EXPECT_EQ(json["rows"][2]["refused"]["rule"], "phase.decode");
  EXPECT_TRUE(json["rows"][2]["decode"].is_null());
  EXPECT_EQ(json["best"], "tensor_parallel");
}

/// Products of the shown numbers ("2 * 4,096 * 15/16 = 7,680 bytes") must give the bytes beside them; how many there
/// are.
int check_products(const std::string& text) {
  const std::regex line("sent = [^=]* = ([0-9][^=]*) = ([0-9,]+) bytes"), factor("([0-9,]+)(?:/([0-9,]+))?");
  const auto number = [](std::string digits) {
    digits.erase(std::remove(digits.begin(), digits.end(), ','), digits.end());
    return std::stod(digits);
  };
  int checked = 0;
  for (std::sregex_iterator at(text.begin(), text.end(), line), end; at != end; ++at, ++checked) {
    const std::string product = (*at)[1];
    double value = 1;
    for (std::sregex_iterator f(product.begin(), product.end(), factor); f != end; ++f)
      value *= number((*f)[1]) / ((*f)[2].matched ? number((*f)[2]) : 1);
    EXPECT_NEAR(value, number((*at)[2]), 0.5) << at->str();
  }
  return checked;
}

TEST(ComparePhase, ExplainsEveryTerm) {
  const Outcome outcome = serve({"--explain", "--batch", "4", "--output-tokens", "1000"});
  EXPECT_EQ(outcome.exit, ExitCode::done) << outcome.talk;
  test::expect_no_wider(outcome.result, 80);
  const std::string text = test::unwrapped(outcome.result);
  // Plain tensor parallelism: an all-reduce of 4 new tokens, 2 * 2 bytes * 4 * 8,192 * 7/8.
  EXPECT_TRUE(contains(text, "sent = 2 * e * T * h * (t-1)/t = 2 * 2 * 4 * 8,192 * 7/8 = 114,688 bytes")) << text;
  EXPECT_GE(check_products(text), 10);
  for (const char* part :
       {"The decode, all layers; % of its time", "reading the KV cache, on h100-sxm", "tokens/s = 4",
        "Memory at the peak, in the decode", "kv_cache", "Hardware figures", "bound = the longest of"})
    EXPECT_TRUE(contains(text, part)) << part;
  EXPECT_GE(check_products(test::unwrapped(serve({"--explain"}, "prefill").result)), 8);
}

TEST(ComparePhase, CsvHasALineARow) {
  const std::string csv = serve({"--csv"}, "prefill").result;
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 5);
  EXPECT_EQ(csv.rfind("strategy,phase,layout.ulysses", 0), 0u);
  EXPECT_EQ(csv, serve({"--csv"}, "prefill").result);
}

TEST(ComparePhase, TrainingFlagsAndInferenceFlagsDoNotMix) {
  const Outcome outcome = serve({"--recompute", "full", "--kv-dtype", "fp9", "--batch", "2", "--global-batch", "2"});
  EXPECT_EQ(outcome.exit, ExitCode::usage);
  for (const char* part :
       {"--recompute full: belongs to a training step", "--kv-dtype fp9", "the same as --global-batch"})
    EXPECT_TRUE(contains(outcome.talk, part)) << part << "\n" << outcome.talk;
  EXPECT_TRUE(contains(test::unwrapped(serve({"--output-tokens", "1Ki"}).result), "1,024 output tokens each"));
  EXPECT_EQ(serve({"--output-tokens", "0"}).exit, ExitCode::usage);
  const Outcome training = run({"compare", "--model", "llama-7b", "--cluster", "dgx-h100", "--gpus", "8", "--seq",
                                "64Ki", "--output-tokens", "5"},
                               Environment{});
  EXPECT_EQ(training.exit, ExitCode::usage);
  EXPECT_TRUE(contains(training.talk, "add --phase prefill or --phase decode")) << training.talk;
}

TEST(ComparePhase, SaysWhatComesClosestWhereNoneFits) {
  const Outcome outcome = serve({"--batch", "512"});
  EXPECT_EQ(outcome.exit, ExitCode::done);
  const std::string text = test::unwrapped(outcome.result);
  EXPECT_TRUE(contains(text, "None fits: ")) << text;
  EXPECT_TRUE(contains(text, "The longest prompt that fits is ")) << text;
  EXPECT_EQ(serve({"--strategies", "fpdt"}).exit, ExitCode::infeasible);
}

TEST(ComparePhase, RemarksOnCopiesInTheCache) {
  const Outcome outcome = run({"compare", "--model", "deepseek-v3", "--cluster", "dgx-h200", "--gpus", "8", "--seq",
                               "32Ki", "--phase", "decode", "--dtype", "fp8", "--strategies", "tensor_parallel"},
                              Environment{});
  EXPECT_TRUE(contains(test::unwrapped(outcome.result),
                       "the KV cache keeps every token 8.00 times (all heads share its latent; counted)"))
      << outcome.result;
}

}  // namespace
}  // namespace ithaca
