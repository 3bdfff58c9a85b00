#include "cli/text.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

TEST(Significant, KeepsThreeDigits) {
  EXPECT_EQ(significant(0), "0");
  EXPECT_EQ(significant(0.96875), "0.969");
  EXPECT_EQ(significant(31.0), "31.0");
  EXPECT_EQ(significant(992), "992");
  EXPECT_EQ(significant(104018739), "104,000,000");
  EXPECT_EQ(significant(-2.5), "-2.50");
}

TEST(Significant, RoundingMayAddADigit) {
  EXPECT_EQ(significant(9.996), "10.0");  // not 9.996 -> "10.00"
  EXPECT_EQ(significant(999.6), "1,000");
  EXPECT_EQ(significant(0.09996), "0.100");
}

TEST(Significant, VerySmallAndVeryLargeUseExponents) {
  EXPECT_EQ(significant(0.000123), "0.000123");
  EXPECT_EQ(significant(0.0000123), "1.23e-05");
  EXPECT_EQ(significant(999999999), "1.00e+09");  // rounding reaches 10^9
  EXPECT_EQ(significant(1.36e18), "1.36e+18");
}

TEST(Grouped, PutsACommaBetweenThrees) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1048576), "1,048,576");
  EXPECT_EQ(grouped(-1048576), "-1,048,576");
}

TEST(CommonScale, IsTheLargestInWhichNothingIsTooSmall) {
  // 992 MiB and 31 GiB: 0.969 GiB is readable, 0.00095 TiB is not.
  const double near[] = {1040187392.0, 33285996544.0};
  EXPECT_EQ(common_scale(near, kByteScales).unit, "GiB");
  // 1 MiB and 31 GiB: 0.001 GiB is below 0.1, so all are in MiB.
  const double far[] = {1048576.0, 33285996544.0};
  EXPECT_EQ(common_scale(far, kByteScales).unit, "MiB");
  const double with_zero[] = {0.0, 2.5};
  EXPECT_EQ(common_scale(with_zero, kSecondScales).unit, "s");
  const double nothing[] = {0.0};
  EXPECT_EQ(common_scale(nothing, kByteScales).unit, "B");
}

TEST(Wrap, BreaksBetweenWordsAndIndents) {
  EXPECT_EQ(wrap("one two three", 7, "", "  "), "one two\n  three\n");
  EXPECT_EQ(wrap("one two", 80, "- ", "  "), "- one two\n");
  EXPECT_EQ(wrap("unbreakable", 4), "unbreakable\n");
  EXPECT_EQ(wrap("", 10), "\n");
}

TEST(JoinWords, NamesTheLastOneApart) {
  EXPECT_EQ(join_words({}), "");
  EXPECT_EQ(join_words({"a"}), "a");
  EXPECT_EQ(join_words({"a", "b"}, "or"), "a or b");
  EXPECT_EQ(join_words({"a", "b", "c"}), "a, b and c");
}

}  // namespace
}  // namespace ithaca
