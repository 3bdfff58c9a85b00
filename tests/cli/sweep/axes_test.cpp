#include "cli/sweep/axes.hpp"

#include "tests/cli/widths.hpp"

namespace ithaca {
namespace {

std::vector<SweepAxis> axes_of(const AxisTexts& texts, Diagnostics& problems, SweepAsks asks = SweepAsks::step) {
  return make_axes(texts, asks, problems);
}

TEST(SweepAxes, FlagsFiguresAndWhatFollowsFromThem) {
  Diagnostics problems;
  const auto axes = axes_of({{"seq", "64Ki..256Ki*2"},
                             {"dtype", "[bf16,fp8]"},
                             {"nic", "[400Gbps]"},
                             {"budget", "400USD"},
                             {"strategy", "[ulysses,ring]"},
                             {"tiled_loss", "[true,false]"}},
                            problems);
  ASSERT_TRUE(problems.empty()) << print(problems);
  ASSERT_EQ(axes.size(), 6u);
  EXPECT_EQ(axes[0].kind, SweepAxis::Kind::number);
  EXPECT_EQ(axes[0].numbers, (std::vector<double>{65536, 131072, 262144}));
  EXPECT_EQ(axes[1].kind, SweepAxis::Kind::words);
  EXPECT_EQ(axes[2].kind, SweepAxis::Kind::figure);
  EXPECT_EQ(axes[2].numbers, std::vector<double>{50e9});  // bytes a second
  EXPECT_EQ(axes[3].flag, "--gpus");
  EXPECT_EQ(axes[4].numbers, (std::vector<double>{0, 2}));  // places in Strategy
  EXPECT_TRUE(axes[5].is_switch);
}

TEST(SweepAxes, APlanReadsEveryFlagAnew) {
  Diagnostics problems;
  const auto axes = axes_of({{"seq", "[64Ki]"}, {"memory_margin", "[0%,5%]"}}, problems, SweepAsks::plan);
  ASSERT_TRUE(problems.empty()) << print(problems);
  EXPECT_EQ(axes[0].kind, SweepAxis::Kind::words);
  EXPECT_EQ(axes[1].kind, SweepAxis::Kind::words);
}

TEST(SweepAxes, AllStandsForTheCatalogue) {
  Diagnostics problems;
  const auto axes = axes_of({{"cluster", "all"}}, problems);
  EXPECT_GT(axes.at(0).words.size(), 10u);
}

TEST(SweepAxes, MistakesNameTheAxisAndTheValue) {
  Diagnostics problems;
  axes_of({{"sq", "1Ki"}, {"seq", "[1Ki,1Q]"}, {"heads", "0"}, {"gpus", "[8]"}, {"budget", "[1USD]"}}, problems);
  const std::string text = print(problems);
  for (const char* part :
       {"--set sq", "did you mean 'seq'?", "--set seq=1Q", "--set heads=0", "is given by the axis gpus already"}) {
    EXPECT_TRUE(test::contains(text, part)) << part << "\n" << text;
  }
}

TEST(SweepAxes, InferenceHasItsOwn) {
  Diagnostics problems;
  const auto axes = axes_of({{"phase", "[prefill,decode]"}, {"batch", "1..4*2"}, {"output_tokens", "[1,1Ki]"}},
                            problems, SweepAsks::phase);
  ASSERT_TRUE(problems.empty()) << print(problems);
  EXPECT_EQ(axes[1].numbers, (std::vector<double>{1, 2, 4}));
  axes_of({{"micro_batch", "[1,2]"}, {"kv_dtype", "[fp7]"}}, problems, SweepAsks::phase);
  EXPECT_TRUE(test::contains(print(problems), "belongs to a training step")) << print(problems);
  EXPECT_TRUE(test::contains(print(problems), "'fp7' is none of its values")) << print(problems);
}

TEST(SweepAxes, WhatOthersHaveIsRefusedByNameWithTheReason) {
  Diagnostics problems;
  axes_of({{"batch", "2"}, {"cheapest", "[true]"}, {"explain", "[true]"}, {"curriculum", "1Ki:1T"}, {"top", "3"}},
          problems);
  axes_of({{"engine", "[event]"}, {"documents", "1Ki"}, {"schedule", "[gpipe]"}}, problems, SweepAsks::plan);
  const std::string text = print(problems);
  for (const char* part :
       {"--set batch: belongs to inference", "--set cheapest: is a flag of plans", "--set explain: there is no room",
        "--set curriculum: is one job of several lengths", "--set top: each point has its best layout alone",
        "--set engine: a plan is worked out by the closed form", "--set documents: plans have whole sequences",
        "--set schedule: plans have 1F1B alone"})
    EXPECT_TRUE(test::contains(text, part)) << part << "\n" << text;
}

TEST(SweepAxes, SharedFlagsAreCheckedOnce) {
  Arguments base;
  base.set("--dtype", "bf17");
  base.set("--documents", "1Mi");  // goes by the length, which is an axis
  Diagnostics problems;
  check_shared_flags(base, SweepAsks::step, problems);
  EXPECT_EQ(problems.size(), 1u) << print(problems);
  base.set("--recompute", "none");
  check_shared_flags(base, SweepAsks::phase, problems);
  EXPECT_TRUE(test::contains(print(problems), "--recompute")) << print(problems);
}

TEST(SweepAxes, TheLastAxisChangesFastest) {
  Diagnostics problems;
  const auto axes = axes_of({{"gpus", "[8,16]"}, {"seq", "[1Ki,2Ki,4Ki]"}}, problems);
  EXPECT_EQ(count_points(axes), 6u);
  Digits digits;
  digits_at(axes, 4, digits);
  EXPECT_EQ(digits, (Digits{1, 1}));  // 4 = 1 * 3 + 1
}

}  // namespace
}  // namespace ithaca
