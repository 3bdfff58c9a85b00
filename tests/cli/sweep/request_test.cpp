#include "cli/sweep/request.hpp"

#include <cstdio>
#include <fstream>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "tests/cli/widths.hpp"
#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

using Words = std::vector<std::string>;

SweepRequest read(const Words& words, Diagnostics& problems) {
  const ParsedArguments parsed = parse_arguments(kSweep, words);
  problems = parsed.problems;
  return read_sweep(parsed.arguments, problems);
}

struct File {
  std::string path = test::temporary_path("request.yaml");
  explicit File(const std::string& text) { std::ofstream(path) << "schema: sweep/1\nname: s\n" << text; }
  ~File() { std::remove(path.c_str()); }
};

TEST(ReadSweep, WhatIsTypedGoesBeforeTheFile) {
  const File file(
      "model: llama-7b\ncluster: dgx-h100\nkeep: front\nzero: 1\nheat: strategy\nset:\n  gpus: [8, 16]\n  seq: 1Ki\n"
      "  nic: 400Gbps\n");
  Diagnostics problems;
  const SweepRequest request = read(
      {file.path, "--gpus", "64", "--set", "seq=[2Ki,4Ki]", "--set", "zero=[1,3]", "--model", "llama3-8b", "--csv"},
      problems);
  ASSERT_TRUE(problems.empty()) << print(problems);
  EXPECT_EQ(request.axes, (AxisTexts{{"seq", "[2Ki,4Ki]"}, {"nic", "400Gbps"}, {"zero", "[1,3]"}}));
  EXPECT_EQ(request.job.find("--gpus"), "64");
  EXPECT_EQ(request.job.find("--model"), "llama3-8b");
  EXPECT_FALSE(request.job.has("--zero"));
  EXPECT_EQ(request.keep, SweepKeep::front);
  EXPECT_EQ(request.format, SweepFormat::csv);
}

TEST(ReadSweep, NeededFlagsMayBeAxesOrFollowFromOthers) {
  Diagnostics problems;
  read({"--model", "llama-7b", "--set", "cluster=dgx-h100", "--set", "budget=100USD", "--set", "tokens_per_gpu=1Ki"},
       problems);
  EXPECT_TRUE(problems.empty()) << print(problems);
  read({"--model", "llama-7b", "--set", "gpus=8"}, problems);
  const std::string text = print(problems);
  EXPECT_TRUE(test::contains(text, "--cluster: missing")) << text;
  EXPECT_TRUE(test::contains(text, "--seq: missing")) << text;
}

TEST(ReadSweep, AMisspeltAxisIsSaidBeforeTheFlagThatIsMissingForIt) {
  Diagnostics problems;
  read({"--model", "llama-7b", "--cluster", "dgx-h100", "--set", "gpu=8..64*2", "--seq", "1Ki"}, problems);
  ASSERT_EQ(problems.size(), 2u) << print(problems);
  EXPECT_TRUE(test::contains(print({problems[0]}), "--set gpu: this is no axis\n  did you mean 'gpus'?"))
      << print(problems);
  EXPECT_TRUE(test::contains(print({problems[1]}), "--gpus: missing")) << print(problems);
}

TEST(ReadSweep, TheWordsAreTheQuestionAlone) {
  Diagnostics problems;
  const Words question{"--set", "gpus=8", "--model", "llama-7b", "--cluster", "dgx-h100", "--seq", "1Ki", "--csv"};
  Words more = question;
  more.insert(more.end(), {"-o", "f", "--threads", "3", "--shard", "2/4", "--resume", "--no-progress"});
  const SweepRequest plain = read(question, problems), run = read(more, problems);
  ASSERT_TRUE(problems.empty()) << print(problems);
  EXPECT_EQ(run.words, plain.words);
  EXPECT_EQ(run.threads, 3);
  EXPECT_EQ(run.shard.index, 2u);
  EXPECT_TRUE(run.resume);
  EXPECT_FALSE(run.progress);
}

TEST(ReadSweep, WhatDoesNotGoTogether) {
  const Words base{"--model", "llama-7b", "--cluster", "dgx-h100", "--seq", "1Ki", "--set", "gpus=8"};
  const std::pair<Words, const char*> mistakes[] = {
      {{"--gpus", "8"}, "is an axis too: --set gpus"},
      {{"--resume"}, "needs a file"},
      {{"--resume", "-o", "f"}, "needs rows for programs"},
      {{"--shard", "3/2", "-o", "f", "--csv"}, "is no part of a whole"},
      {{"--shard", "1/2", "-o", "f", "--json"}, "take --jsonl"},
      {{"--cheapest"}, "add --plan"},
      {{"--plan", "--engine", "event"}, "closed form"},
      {{"--plan", "--phase", "decode"}, "plans are about training"},
      {{"--batch", "4"}, "add --phase prefill"},
      {{"--phase", "decode", "--columns", "step.time_s"}, "there is no field 'step.time_s'"},
      {{"--explain"}, "no room"},
      {{"--set", "seq"}, "is no axis with values"},
      {{"--columns", "strategy,step.tme_s"}, "did you mean 'step.time_s'?"},
      {{"--heat", "strategy", "--keep", "front"}, "leave out --keep"},
  };
  for (const auto& [more, said] : mistakes) {
    Words words = base;
    words.insert(words.end(), more.begin(), more.end());
    Diagnostics problems;
    read(words, problems);
    EXPECT_TRUE(test::contains(print(problems), said)) << said << "\n" << print(problems);
  }
}

}  // namespace
}  // namespace ithaca
