#include "cli/machine_flags.hpp"

#include <gtest/gtest.h>

#include "cli/commands.hpp"

namespace ithaca {
namespace {

const Command kCommand{"simulate", "", "", "", {}, kMachineFlags, nullptr};

struct Read {
  MachineRequest request;
  std::string problems;
};

Read read(const std::vector<std::string>& words) {
  auto parsed = parse_arguments(kCommand, words);
  Read result;
  result.request = read_machine_flags(parsed.arguments, parsed.problems);
  result.problems = print(parsed.problems);
  return result;
}

TEST(MachineFlags, NoFlagsAreAHealthyMachine) {
  const auto [request, problems] = read({});
  EXPECT_EQ(problems, "");
  EXPECT_FALSE(request.is_damaged());
  EXPECT_EQ(request.routing, std::nullopt);
  EXPECT_EQ(request.seeds, 1);
  EXPECT_EQ(request.seed, 1u);
}

TEST(MachineFlags, ReadsAllOfThem) {
  const auto [request, problems] =
      read({"--fabric",    "fat_tree",  "--routing",   "ecmp",     "--fail",    "leaf0->spine0",
            "--fail",      "nic3",      "--degrade",   "nic4=50%", "--degrade", "a=b-c=200Gbps",
            "--straggler", "gpu5=1.2x", "--straggler", "3=2x",     "--jitter",  "5%",
            "--seeds",     "20",        "--seed",      "7",        "--trace",   "trace.json"});
  EXPECT_EQ(problems, "");
  EXPECT_EQ(request.fabric, "fat_tree");
  EXPECT_EQ(request.routing, Routing::ecmp);
  ASSERT_EQ(request.faults.size(), 4u);
  EXPECT_EQ(request.faults[0].part, "leaf0->spine0");
  EXPECT_EQ(request.faults[1].share, 0);
  EXPECT_EQ(request.faults[2].share, 0.5);
  EXPECT_EQ(request.faults[3].part, "a=b-c");
  EXPECT_EQ(request.faults[3].rate, BytesPerSecond{25e9});
  EXPECT_EQ(request.fault_flags[2], "--degrade nic4=50%");
  ASSERT_EQ(request.stragglers.size(), 2u);
  EXPECT_EQ(request.stragglers[1].gpu, "3");
  EXPECT_EQ(request.stragglers[1].times, 2);
  EXPECT_EQ(request.jitter, 0.05);
  EXPECT_EQ(request.seeds, 20);
  EXPECT_EQ(request.seed, 7u);
  EXPECT_EQ(request.trace, "trace.json");
  EXPECT_TRUE(request.is_damaged());
}

TEST(MachineFlags, SaysWhatIsWrong) {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{"--routing", "ecmpp"}, "error: --routing ecmpp: 'ecmpp' is none of its values\n  did you mean 'ecmp'?\n"},
      {{"--degrade", "nic3=0%"}, "error: --degrade nic3=0%: 0% is a failure\nnext: write --fail nic3\n"},
      {{"--degrade", "nic3=101%"},
       "error: --degrade nic3=101%: is more than there is\nnext: give the share that is left, at most 100%\n"},
      {{"--degrade", "nic3"},
       "error: --degrade nic3: does not say what and how much\nnext: write --degrade leaf0-spine0=50%\n"},
      {{"--degrade", "nic3=50"}, "error: --degrade nic3=50: '50' has no unit\nnext: write 50% or 200Gbps\n"},
      {{"--degrade", "nic3="}, "error: --degrade nic3=: the value is empty\nnext: write 50% or 200Gbps\n"},
      {{"--degrade", "nic3=0Gbps"}, "error: --degrade nic3=0Gbps: '0Gbps' is zero\nnext: give a value above zero\n"},
      {{"--straggler", "=2x"},
       "error: --straggler =2x: does not say what and how much\nnext: write --straggler gpu5=1.2x\n"},
      {{"--straggler", "gpu5=1.2"}, "error: --straggler gpu5=1.2: '1.2' has no unit\nnext: write 1.2x\n"},
      {{"--straggler", "gpu5=0.5x"},
       "error: --straggler gpu5=0.5x: outside 1x to 1000000x\nnext: give how much longer it takes: 1.2x\n"},
      {{"--jitter", "0.05"}, "error: --jitter 0.05: '0.05' has no unit\nnext: write 0.05%\n"},
      {{"--jitter", "120%"}, "error: --jitter 120%: outside 0% to 100%\nnext: give at most 100%\n"},
      {{"--seeds", "0"}, "error: --seeds 0: outside 1 to 10,000\nnext: give at least 1\n"},
      {{"--trace", "-"}, "error: --trace -: stdout is for the result\nnext: name a file: --trace trace.json\n"},
  };
  for (const auto& [words, text] : cases) EXPECT_EQ(read(words).problems, text);
}

TEST(MachineFlags, ReportsAllMistakesAtOnce) {
  const auto [request, problems] = read({"--degrade", "a=0%", "--degrade", "b=x", "--straggler", "c", "--jitter", "x"});
  EXPECT_TRUE(request.faults.empty());
  for (const char* flag : {"--degrade a=0%", "--degrade b=x", "--straggler c", "--jitter x"}) {
    EXPECT_NE(problems.find("error: " + std::string(flag) + ":"), std::string::npos) << problems;
  }
}

TEST(MachineFlags, TheTraceHasAFileOfItsOwn) {
  Arguments arguments;
  arguments.set("--trace", "x.json");
  arguments.set("-o", "x.json");
  Diagnostics problems;
  read_machine_flags(arguments, problems);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].what, "-o names the same file");
}

}  // namespace
}  // namespace ithaca
