#include "configs/reader/axis_values.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

using Words = std::vector<std::string>;

Words values(std::string_view text) {
  const auto parsed = parse_axis_values(text);
  return parsed ? *parsed : Words{"error: " + parsed.error().what};
}

TEST(AxisValues, RangesOfEveryUnit) {
  EXPECT_EQ(values("8..64*2"), (Words{"8", "16", "32", "64"}));
  EXPECT_EQ(values("8..20+4"), (Words{"8", "12", "16", "20"}));
  EXPECT_EQ(values("64Ki..256Ki*2"), (Words{"65536", "131072", "262144"}));
  EXPECT_EQ(values("100Gbps..400Gbps*2"), (Words{"100Gbps", "200Gbps", "400Gbps"}));
  EXPECT_EQ(values("40GB..80GB+40GB"), (Words{"40GB", "80GB"}));
  EXPECT_EQ(values("1us..4us*2"), (Words{"1us", "2us", "4us"}));
  EXPECT_EQ(values("2USD..3USD+0.5USD"), (Words{"2USD", "2.5USD", "3USD"}));
  EXPECT_EQ(values("1..2+0.5"), (Words{"1", "1.5", "2"}));
  EXPECT_EQ(values("0..3+1"), (Words{"0", "1", "2", "3"}));  // ZeRO stages
}

TEST(AxisValues, AFactorsFractionsAreCutOffWholeNumbers) {
  EXPECT_EQ(values("2..7*1.5"), (Words{"2", "3", "4", "6"}));  // 2, 3, 4.5, 6.75
}

TEST(AxisValues, ListsAndWordsStayAsWritten) {
  EXPECT_EQ(values("[dgx-h100, aws-p5]"), (Words{"dgx-h100", "aws-p5"}));
  EXPECT_EQ(values("fp8"), Words{"fp8"});
  EXPECT_EQ(values("../models/own.yaml"), Words{"../models/own.yaml"});
}

TEST(AxisValues, WhatIsNoRangeSaysWhy) {
  for (const char* text : {"", "[]", "[a,,b]", "8..64", "64..8*2", "8..64*1", "8..64+0", "0..8*2", "1..1000000+1",
                           "1KiB..2s*2", "8..64*x"}) {
    EXPECT_FALSE(parse_axis_values(text)) << text;
  }
}

TEST(AxisValues, AStepThatMovesNothingIsNoStep) {
  EXPECT_FALSE(parse_axis_values("1..2+0.00000000000000000001"));  // 1 + 1e-20 is 1
  EXPECT_FALSE(parse_axis_values("1..1000*1.0000000000001"));      // 7e12 steps to 2
}

}  // namespace
}  // namespace ithaca
