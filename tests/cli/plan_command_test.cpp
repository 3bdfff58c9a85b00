// `ithaca plan` as a whole, and the questions that people asked in public, each with what a planner must see.

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "tests/cli/widths.hpp"
#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

using test::contains;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

Outcome ask(const Words& words) { return run(words, Environment{}); }

Json json_of(Words words) {
  words.emplace_back("--json");
  const Outcome outcome = ask(words);
  EXPECT_EQ(outcome.exit, ExitCode::done) << outcome.talk << outcome.result;
  return Json::parse(outcome.result);
}

/// A model file of a test's own.
std::string model_file(const std::string& name, const std::string& dimensions) {
  const std::string path = test::temporary_path(name + ".yaml");
  std::ofstream(path) << "schema: model/1\nname: " << name << "\nsource: \"see the test\"\n" << dimensions;
  return path;
}

double term(const Json& row, const std::string& name) {
  for (const Json& t : row["memory"]["terms"]) {
    if (t["name"] == name) return t["bytes"].get<double>();
  }
  return 0;
}

TEST(PlanCommand, AnswersFromTheCatalogue) {
  const Outcome outcome =
      ask({"plan", "--model", "llama3-8b", "--cluster", "dgx-h100", "--gpus", "64", "--seq", "1Mi"});
  EXPECT_EQ(outcome.exit, ExitCode::done) << outcome.talk;
  test::expect_no_wider(outcome.result, 80);
  EXPECT_TRUE(contains(outcome.result, "\nVerdict\nTake "));
}

TEST(PlanCommand, AllMistakesAtOnce) {
  const Outcome outcome = ask({"plan", "--model", "lama-7b", "--cluster", "dgx-h10,dgx-a100", "--gpus", "8..4*2"});
  EXPECT_EQ(outcome.exit, ExitCode::usage);
  for (const char* part : {"did you mean 'llama-7b'?", "did you mean 'dgx-h100'?", "--gpus 8..4*2", "--seq"})
    EXPECT_TRUE(contains(outcome.talk, part)) << part << "\n" << outcome.talk;
}

TEST(PlanCommand, NothingFeasibleExitsWithThreeAndSaysWhatWouldHelp) {
  const Outcome outcome = ask({"plan", "--model", "llama3-8b", "--cluster", "dgx-h100", "--gpus", "1", "--seq", "8Ki"});
  EXPECT_EQ(outcome.exit, ExitCode::infeasible);
  EXPECT_TRUE(contains(test::unwrapped(outcome.result), "It would be feasible with")) << outcome.result;
}

TEST(PlanCommand, SameQuestionSameBytes) {
  const Words words{"plan",  "--model", "llama-7b",   "--cluster", "dgx-a100,dgx-h100", "--gpus", "[8,16]",
                    "--seq", "64Ki",    "--cheapest", "--csv"};
  EXPECT_EQ(ask(words).result, ask(words).result);
}

/// verl-project/verl issue 1226: 40 query and 8 KV heads, out of memory with 64K tokens at Ulysses 8. KV heads do not
/// bound the degree: they are copied, and 40 is the largest that the query heads allow.
TEST(RealQuestions, FortyHeadsAndEightKvHeadsGoBeyondUlysses8) {
  const Words question{"--model", "qwen2.5-32b", "--cluster", "dgx-h100", "--seq", "64Ki", "--strategies", "ulysses"};
  const auto with = [&](Words words, const Words& more) {
    words.insert(words.end(), question.begin(), question.end());
    words.insert(words.end(), more.begin(), more.end());
    return json_of(words);
  };
  const Json forty = with({"compare"}, {"--gpus", "40", "--ulysses", "40"})["rows"][0];
  EXPECT_TRUE(forty["refused"].is_null());
  EXPECT_TRUE(forty["memory"]["fits"].get<bool>());
  // 64Ki tokens are padded to 65,560 = 40 x 1,639. Each rank sends (2a + 2 max(a_kv, 40)) d = 160 x 128 elements a
  // token but for its own fortieth.
  EXPECT_EQ(forty["layer"]["forward"]["sent_bytes"], 2ll * 1639 * 160 * 128 * 39 / 40);
  bool alst = false;
  for (const Json& f : forty["frameworks"]) alst = alst || (f["name"] == "alst" && f["accepts"].get<bool>());
  EXPECT_TRUE(alst);
  // States of 16 bytes for 32.8 billion parameters: 65.5 GB of 85 at 8 GPUs leave no room for 64K tokens' logits
  // (8,192 x 152,064 x 10 bytes = 12.5 GB), checkpoints (64 x 8,192 x 5,120 x 2 = 5.4 GB) and buffers.
  const Json least = with({"plan"}, {"--gpus", "[8,16,24,32,40]", "--fewest-gpus", "--tp", "1", "--pp", "1"});
  EXPECT_EQ(least["rows"][0]["gpus"], 16);
}

/// hiyouga/LlamaFactory issue 10475: 256K tokens on two nodes of 8 H200 with ZeRO-3; 60 layers, hidden 5376. Without
/// sequence parallelism a rank keeps 60 x 256,000 x 5,376 x 2 bytes = 165 GB of checkpoints. The other dimensions are
/// those of Gemma 3 27B (google/gemma-3-27b config.json), with full attention in every layer.
TEST(RealQuestions, SixtyLayersAt256KOnTwoNodesOfH200) {
  const std::string model = model_file("sixty-layers",
                                       "hidden: 5376\nlayers: 60\nheads: 32\nkv_heads: 16\nhead_dim: 128\n"
                                       "ffn: 21504\nvocab: 262208\ntied_embeddings: true\n");
  const Words question{"--model", model, "--cluster", "dgx-h200", "--gpus", "16", "--seq", "256000", "--zero", "3"};
  Words compare{"compare", "--strategies", "ulysses", "--ulysses", "1", "--dp", "16", "--global-batch", "16"};
  compare.insert(compare.end(), question.begin(), question.end());
  const Json alone = json_of(compare)["rows"][0];
  EXPECT_EQ(term(alone, "checkpoints"), 60. * 256000 * 5376 * 2);
  EXPECT_FALSE(alone["memory"]["fits"].get<bool>());
  Words words{"plan"};
  words.insert(words.end(), question.begin(), question.end());
  const Json best = json_of(words)["rows"][0];
  EXPECT_TRUE(best["memory"]["fits"].get<bool>());
  EXPECT_EQ(best["layout"]["ulysses"].get<int>() * best["layout"]["ring"].get<int>() * best["layout"]["tp"].get<int>(),
            16);  // one sequence a step: nothing else can use 16 GPUs without a bubble
  // 6 x 28.4e9 weights x 256,000 tokens and attention of 60 layers, at 16 x 989 TFLOPS: no step is shorter.
  const double weights = 60 * (5376. * 128 * (32 * 2 + 16 * 2) + 3. * 5376 * 21504) + 5376. * 262208;
  const double attention = 60 * 2. * 256000 * 256000 * 32 * 128 * 3;  // 4 N^2 a d, halved by the mask, x 3
  EXPECT_GT(best["step"]["time_s"].get<double>(), (6 * weights * 256000 + attention) / (16 * 989.5e12));
}

/// feifeibear/long-context-attention issues 73 and 40 and README: on 8 L20 over PCIe and two sockets the hybrids win,
/// Ulysses 2 x ring 4 before all. The model sees why Ulysses 8 loses: its all-to-all crosses between the sockets
/// at 13.7 GB/s. Ring 8 and the hybrids it cannot tell apart (within 5 %): at 128K tokens attention hides all of the
/// ring.
TEST(RealQuestions, EightL20OverTwoSockets) {
  const Json rows =
      json_of({"plan", "--model", "llama3-8b", "--cluster", "l20-pcie-8", "--gpus", "8", "--seq", "128Ki",
               "--strategies", "usp,ulysses,ring", "--tp", "1", "--pp", "1", "--zero", "3", "--tiled-loss"})["rows"];
  ASSERT_EQ(rows.size(), 4u);  // ulysses x ring: 1 x 8, 2 x 4, 4 x 2, 8 x 1
  const auto time = [&](int ulysses) {
    for (const Json& row : rows) {
      if (row["layout"]["ulysses"] == ulysses) return row["step"]["time_s"].get<double>();
    }
    return 0.0;
  };
  EXPECT_LT(time(2), rows[0]["step"]["time_s"].get<double>() * 1.05);
  EXPECT_GT(time(8), time(4));
  EXPECT_GT(time(8), time(2));
  EXPECT_TRUE(contains(rows[3]["why"].get<std::string>(), "exposed communication"));
}

/// vllm-project/vllm-omni issue 7589: 56 heads on 16 GPUs. 16 does not divide 56; Ulysses 8 x ring 2 and 4 x 4 do.
/// Ulysses 16 gives eight ranks four heads and eight three: attention takes 4 / 3.5 = 1.14 times the even time, an
/// eighth of it waiting. Dimensions of Yi-34B (01-ai/Yi-34B config.json), which has 56 heads.
TEST(RealQuestions, FiftySixHeadsOnSixteenGpus) {
  const std::string model = model_file("fifty-six-heads",
                                       "hidden: 7168\nlayers: 60\nheads: 56\nkv_heads: 8\nhead_dim: 128\n"
                                       "ffn: 20480\nvocab: 64000\n");
  const Json plan = json_of({"plan", "--model", model, "--cluster", "dgx-h200", "--gpus", "16", "--seq", "256Ki",
                             "--strategies", "usp,ulysses,ring", "--tp", "1", "--pp", "1", "--top", "9"});
  const Json& best = plan["rows"][0];
  EXPECT_EQ(best["layout"]["ulysses"], 8);
  EXPECT_EQ(best["layout"]["ring"], 2);
  for (const Json& row : plan["rows"]) {
    if (row["layout"]["ulysses"] != 16) continue;
    EXPECT_NEAR(row["step"]["imbalance_s"].get<double>() / row["step"]["attention_s"].get<double>(), 0.125, 1e-9);
    EXPECT_GT(row["step"]["time_s"].get<double>(), best["step"]["time_s"].get<double>());
  }
}

/// Llama-3-8B at 15 million tokens on 32 H100s, as ALST trains it (arXiv 2506.13996, figure 1): checkpoints of 32
/// layers x 15e6 / 32 tokens x 4,096 x 2 bytes = 123 GB a GPU cannot stay there, and fill 983 GB of a node's host
/// memory.
TEST(RealQuestions, FifteenMillionTokensOnThirtyTwoH100) {
  const Words question{"plan",    "--model",      "llama3-8b",   "--cluster",   "dgx-h100", "--gpus",
                       "32",      "--seq",        "15M",         "--tp",        "1",        "--pp",
                       "1",       "--ulysses",    "32",          "--zero",      "3",        "--strategies",
                       "ulysses", "--tiled-loss", "--tiled-mlp", "--recompute", "full"};
  const Outcome without = ask(question);
  EXPECT_EQ(without.exit, ExitCode::infeasible);
  EXPECT_TRUE(contains(without.result, "--offload checkpoints")) << without.result;
  Words offloaded = question;
  offloaded.insert(offloaded.end(), {"--offload", "checkpoints"});
  const Json best = json_of(offloaded)["rows"][0];
  EXPECT_TRUE(best["memory"]["fits"].get<bool>());
  EXPECT_EQ(best["settings"]["offload"], "checkpoints");
  EXPECT_EQ(best["settings"]["recompute"], "full");
  EXPECT_NEAR(best["memory"]["host_bytes"].get<double>(), 32 * 15e6 / 32 * 4096 * 2, 1e6);
}

/// 512 H100 with 8 x 400 Gb/s a node or 256 B200 for 1M-token training of a 70B model, per dollar: both offers, the
/// price of a token from price, GPUs and speed, and the loser's reason by both.
TEST(RealQuestions, H100OrB200ForAMillionTokensPerDollar) {
  const Json plan = json_of({"plan", "--model", "llama3-70b", "--cluster", "dgx-h100,aws-p6-b200", "--gpus",
                             "[256,512]", "--seq", "1M", "--global-batch", "8", "--cheapest"});
  ASSERT_EQ(plan["rows"].size(), 4u);
  const auto offer = [&](const std::string& cluster, int gpus) {
    for (const Json& row : plan["rows"]) {
      if (row["cluster"] == cluster && row["gpus"] == gpus) return row;
    }
    return Json();
  };
  const Json h100 = offer("dgx-h100", 512), b200 = offer("aws-p6-b200", 256);
  const auto dollars = [](const Json& row, double hour) {
    return hour * row["gpus"].get<double>() / 3600 / row["step"]["tokens_per_s"].get<double>() * 1e6;
  };
  // CoreWeave's 49.24 USD for 8 H100 and Amazon's price of a B200, as the profiles have them.
  const double h100_hour = plan["question"]["clusters"][0]["usd_per_gpu_hour"].get<double>();
  const double b200_hour = plan["question"]["clusters"][1]["usd_per_gpu_hour"].get<double>();
  EXPECT_NEAR(h100["usd_per_million_tokens"].get<double>(), dollars(h100, h100_hour), 1e-9);
  EXPECT_NEAR(b200["usd_per_million_tokens"].get<double>(), dollars(b200, b200_hour), 1e-9);
  // Kernels cannot beat the peak: 2,250 against 989.5 TFLOPS, so that a B200's token is cheaper than an H100's by at
  // most 2.27 times over the ratio of the prices.
  const double gpu_time = dollars(b200, 1) / dollars(h100, 1);
  EXPECT_GT(gpu_time, 0.3);
  EXPECT_LT(gpu_time, 1);
  EXPECT_TRUE(contains(plan["rows"][3]["why"].get<std::string>(), "dearer"));
}

TEST(PlanCommand, ACurriculumIsOneJobWithDaysAndDollars) {
  const Words words{"plan",     "--model",      "llama3-8b",        "--cluster",      "dgx-h100", "--gpus",
                    "[64,128]", "--curriculum", "8Ki:20G,128Ki:2G", "--batch-tokens", "4Mi"};
  const Outcome outcome = ask(words);
  EXPECT_EQ(outcome.exit, ExitCode::done) << outcome.talk;
  test::expect_no_wider(outcome.result, 80);
  EXPECT_TRUE(contains(test::unwrapped(outcome.result), "Take 128 GPUs of dgx-h100: ")) << outcome.result;
  const Json offers = json_of(words)["offers"];
  ASSERT_EQ(offers.size(), 2u);
  double time = 0;
  for (const Json& stage : offers[0]["stages"]) time += stage["time_s"].get<double>();
  EXPECT_DOUBLE_EQ(offers[0]["time_s"].get<double>(), time);
  // 20 x 10^9 tokens by 512 sequences of 8,192 are 4,768.4 steps.
  EXPECT_EQ(offers[0]["stages"][0]["global_batch"], 512);
  EXPECT_EQ(offers[0]["stages"][0]["steps"], 4769);
  EXPECT_NEAR(offers[0]["usd"].get<double>(), 128 * 6.16 * time / 3600, 0.01 * offers[0]["usd"].get<double>());
}

TEST(PlanCommand, ACurriculumCountsFailures) {
  const Words words{"plan",
                    "--model",
                    "llama3-8b",
                    "--cluster",
                    "dgx-h100",
                    "--gpus",
                    "[64,128]",
                    "--curriculum",
                    "8Ki:20G,128Ki:2G",
                    "--batch-tokens",
                    "4Mi",
                    "--gpu-mtbf",
                    "1000h",
                    "--checkpoint-time",
                    "30s",
                    "--restart-time",
                    "10min",
                    "--checkpoint-every",
                    "1h"};
  const Outcome outcome = ask(words);
  test::expect_no_wider(outcome.result, 80);
  // 1,000 h by 128 GPUs are 7.81 h.
  EXPECT_TRUE(contains(test::unwrapped(outcome.result), "a failure every 7.81 h, a checkpoint every 1.00 h: "))
      << outcome.result;
  const Json offer = json_of(words)["offers"][0];
  double wall = 0;
  for (const Json& stage : offer["stages"]) {
    const Json& g = stage["goodput"];
    EXPECT_DOUBLE_EQ(g["job_mtbf_s"].get<double>(), 1000 * 3600.0 / 128);
    wall += stage["time_s"].get<double>() / g["trained"].get<double>();
  }
  EXPECT_DOUBLE_EQ(offer["wall_s"].get<double>(), wall);
  // e^(3630 / 28125) - 1 = 0.1378 failures a checkpoint: 0.1378 x 28,125 = 3,875 s and 0.1378 x 606.4 = 83.5 s of
  // restarts for 3,600 s of training.
  EXPECT_NEAR(offer["wall_s"].get<double>() / offer["time_s"].get<double>(), (3875 + 83.5) / 3600, 1e-3);
}

TEST(PlanCommand, SaysWhatIsWrongWithACurriculum) {
  const Words job{"plan", "--model", "llama3-8b", "--cluster", "dgx-h100", "--gpus", "8"};
  const auto said = [&](Words more) {
    more.insert(more.begin(), job.begin(), job.end());
    return ask(more).talk;
  };
  EXPECT_TRUE(contains(said({"--curriculum", "8Ki:20G"}), "add --batch-tokens 4Mi"));
  EXPECT_TRUE(contains(said({"--curriculum", "8Ki", "--batch-tokens", "4Mi"}), "in stage '8Ki'"));
  EXPECT_TRUE(contains(said({"--curriculum", "1Mi:1G", "--batch-tokens", "4Ki"}), "below one sequence"));
  EXPECT_TRUE(contains(said({"--curriculum", "1Mi:1G", "--batch-tokens", "4Mi", "--longest", "--seq", "1Mi"}),
                       "leave it out with --curriculum"));
  EXPECT_TRUE(
      contains(said({"--seq", "1Mi", "--gpu-mtbf", "50000h", "--checkpoint-time", "30s", "--restart-time", "0s"}),
               "give the job: --curriculum"));
  const std::string some = said({"--curriculum", "8Ki:1G", "--batch-tokens", "4Mi", "--gpu-mtbf", "0s"});
  EXPECT_TRUE(contains(some, "--checkpoint-time: missing")) << some;
  EXPECT_TRUE(contains(some, "give more than 0s")) << some;
  EXPECT_TRUE(contains(said({"--curriculum", "8Ki:1G", "--batch-tokens", "4Mi", "--gpu-mtbf", "50000"}),
                       "write a time, such as 30s, 10min or 50000h"));
  const Outcome none = ask({"plan", "--model", "llama3-70b", "--cluster", "dgx-h100", "--gpus", "1", "--curriculum",
                            "8Ki:1G", "--batch-tokens", "8Ki"});
  EXPECT_EQ(none.exit, ExitCode::infeasible);
  EXPECT_TRUE(contains(none.result, "No offer trains every stage")) << none.result;
}

}  // namespace
}  // namespace ithaca
