#include "cli/compare_files.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "tests/cli/widths.hpp"
#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

using test::contains;
using Json = nlohmann::ordered_json;
using Words = std::vector<std::string>;

Json asked(const Words& more) {
  Words words{"compare", "--model", "llama-7b", "--cluster", "dgx-h100", "--seq", "64Ki", "--json"};
  words.insert(words.end(), more.begin(), more.end());
  return Json::parse(run(words, Environment{}).result);
}

Outcome compared(const std::string& before, const std::string& after, const Words& more = {}) {
  const std::string old = test::temporary_file("before.json", before), now = test::temporary_file("after.json", after);
  Words words{"compare", old, now};
  words.insert(words.end(), more.begin(), more.end());
  const Outcome outcome = run(words, Environment{});
  std::remove(old.c_str());
  std::remove(now.c_str());
  return outcome;
}

std::string table(const Json& before, const Json& after) {
  const Outcome outcome = compared(before.dump(), after.dump());
  EXPECT_EQ(outcome.exit, ExitCode::done) << outcome.talk;
  test::expect_no_wider(outcome.result, 80);
  return test::unwrapped(outcome.result);
}

TEST(CompareFiles, ShowsEachFiguresChange) {
  Json before = asked({"--gpus", "8", "--strategies", "ulysses"}), after = before;
  const auto set = [](Json& json, double time, double exposed, double gib) {
    json["rows"][0]["step"]["time_s"] = time;
    json["rows"][0]["step"]["exposed_comm_s"] = exposed;
    json["rows"][0]["memory"]["peak_bytes"] = gib * 1024 * 1024 * 1024;
  };
  set(before, 10, 0, 40);
  set(after, 8, 0.5, 60);
  const std::string text = table(before, after);
  // 8 - 10 = -2, which is -20 % of 10; from nothing there is no percentage; 60 - 40 = 20, half of 40.
  EXPECT_TRUE(contains(text, "step time, s 10.0 8.00 -2.00 -20.0 %")) << text;
  EXPECT_TRUE(contains(text, "exposed communication, ms 0 500 +500 peak memory")) << text;
  EXPECT_TRUE(contains(text, "peak memory, GiB 40.0 60.0 +20.0 +50.0 %")) << text;
  const Json json = Json::parse(compared(before.dump(), after.dump(), {"--json"}).result);
  const Json& change = json["rows"][0]["change"];
  EXPECT_DOUBLE_EQ(change["step.time_s"]["absolute"].get<double>(), -2);
  EXPECT_DOUBLE_EQ(change["step.time_s"]["relative"].get<double>(), -0.2);
  EXPECT_TRUE(change["step.exposed_comm_s"]["relative"].is_null());
  EXPECT_EQ(json["rows"][0]["before"]["memory.peak_bytes"], 40.0 * 1024 * 1024 * 1024);
}

TEST(CompareFiles, ShowsEachFiguresChangeOfInference) {
  const Words question{"--gpus", "8", "--phase", "decode", "--strategies", "ulysses,megatron_sp"};
  Words more = question;
  more.insert(more.end(), {"--batch", "4"});
  Json before = asked(question), after = asked(more);
  const auto set = [](Json& json, double first, double further, double batch) {
    json["rows"][0]["prefill"]["time_to_first_token_s"] = first;
    json["rows"][0]["decode"]["time_per_output_token_s"] = further;
    json["rows"][0]["max_batch"] = batch;
  };
  set(before, 2, 0.010, 20);
  set(after, 3, 0.008, 5);
  const std::string text = table(before, after);
  // 3 - 2 = 1, half of 2; 8 - 10 = -2, a fifth of 10; 5 - 20 = -15, three quarters of 20.
  EXPECT_TRUE(contains(text, "time to first token, s 2.00 3.00 +1.00 +50.0 %")) << text;
  EXPECT_TRUE(contains(text, "time per output token, ms 10.0 8.00 -2.00 -20.0 %")) << text;
  EXPECT_TRUE(contains(text, "most sequences that fit 20 5 -15 -75.0 %")) << text;
  EXPECT_TRUE(contains(text, "Inputs that differ batch: 1 -> 4 ")) << text;
  EXPECT_FALSE(contains(text, "step time"));
  const Json json = Json::parse(compared(before.dump(), after.dump(), {"--json"}).result);
  EXPECT_DOUBLE_EQ(json["rows"][0]["change"]["decode.time_per_output_token_s"]["relative"].get<double>(), -0.2);
  const Outcome mixed = compared(before.dump(), asked({"--gpus", "8"}).dump());
  EXPECT_EQ(mixed.exit, ExitCode::usage);
  EXPECT_TRUE(contains(mixed.talk, "before.json: answers inference (--phase), the other file a training step"));
}

TEST(CompareFiles, NamesTheInputsThatDiffer) {
  const Json before = asked({"--gpus", "8"});
  const Json after = asked({"--gpus", "16", "--recompute", "none", "--offload", "optimizer", "--lora", "16"});
  const Json json = Json::parse(compared(before.dump(), after.dump(), {"--json"}).result);
  std::map<std::string, std::pair<Json, Json>> inputs;
  for (const Json& input : json["inputs"]) inputs[input["name"]] = {input["before"], input["after"]};
  EXPECT_EQ(inputs["gpus"], std::pair(Json(8), Json(16)));
  EXPECT_EQ(inputs["recompute"], std::pair(Json("full"), Json("none")));
  EXPECT_EQ(inputs["--offload"], std::pair(Json(nullptr), Json("optimizer")));  // has no name in the question
  EXPECT_EQ(inputs["lora.rank"], std::pair(Json(nullptr), Json(16)));
  EXPECT_EQ(inputs.count("--recompute"), 0u);
  EXPECT_EQ(inputs.count("model"), 0u);
  const std::string text = table(before, after);
  EXPECT_TRUE(contains(text, "gpus: 8 -> 16 ")) << text;
  EXPECT_TRUE(contains(text, "--offload: (none) -> optimizer")) << text;
  EXPECT_TRUE(contains(text, "Verdict before: Take ")) << text;
}

TEST(CompareFiles, ShowsStrategiesThatComeAndGo) {
  const std::string text = table(asked({"--gpus", "8", "--strategies", "ulysses,ring"}),
                                 asked({"--gpus", "8", "--strategies", "ulysses,ring_self_attention"}));
  EXPECT_TRUE(contains(text, "ulysses 8 step time")) << text;
  EXPECT_TRUE(contains(text, "ring_self_attention (new) now refused: ")) << text;
  EXPECT_TRUE(contains(text, "ring 8 (gone) step time")) << text;
}

TEST(CompareFiles, OfOneAnswerNothingChanges) {
  const Json json = asked({"--gpus", "8"});
  const std::string text = table(json, json);
  EXPECT_TRUE(contains(text, "No input differs.")) << text;
  EXPECT_TRUE(contains(text, "Verdict unchanged: Take ")) << text;
  EXPECT_FALSE(contains(text, "+"));
}

TEST(CompareFiles, RefusesWhatIsNoComparison) {
  const Outcome both = compared("", R"({"format_version": "2.0"})");
  EXPECT_EQ(both.exit, ExitCode::usage);
  EXPECT_TRUE(contains(both.talk, "before.json: is no answer of 'ithaca compare --json': ")) << both.talk;
  EXPECT_TRUE(contains(both.talk, "this format is not 1.x")) << both.talk;
  const Words plan{"plan", "--model", "llama-7b", "--cluster", "dgx-h100", "--gpus", "8", "--seq", "64Ki", "--json"};
  const std::string planned = run(plan, Environment{}).result;
  EXPECT_TRUE(contains(compared(planned, planned).talk, "'ithaca compare --json': it is one of 'ithaca plan'"));
  EXPECT_TRUE(contains(run({"compare", "a-word"}, Environment{}).talk, "error: a-word: one word, where two files are"));
  const Outcome flags = run({"compare", "a.json", "b.json", "--gpus", "8"}, Environment{});
  EXPECT_TRUE(contains(flags.talk, "error: --gpus: means nothing to two saved answers")) << flags.talk;
  EXPECT_TRUE(contains(run({"compare", "a.json", "b.json"}, Environment{}).talk, "error: a.json")) << "not there";
  EXPECT_TRUE(contains(run({"compare"}, Environment{}).talk, "--model, --cluster, --gpus and --seq: missing"));
}

}  // namespace
}  // namespace ithaca
