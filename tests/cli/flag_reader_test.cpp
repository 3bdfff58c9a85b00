#include "cli/flag_reader.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

struct FlagReaderTest : ::testing::Test {
  Arguments arguments;
  Diagnostics problems;
  std::vector<std::string> notices;
  FlagReader reader{arguments, problems};
};

TEST_F(FlagReaderTest, CountsHaveLimits) {
  arguments.set("--gpus", "64");
  EXPECT_EQ(reader.count("--gpus", 1, 100), 64);
  EXPECT_EQ(reader.count("--tp", 1, 100), std::nullopt);
  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(reader.count("--gpus", 65, 100), std::nullopt);
  EXPECT_EQ(reader.count("--gpus", 1, 63), std::nullopt);
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(problems[0].at.file, "--gpus 64");
  EXPECT_EQ(problems[0].next, "give at least 65");
  EXPECT_EQ(problems[1].next, "give at most 63");
}

TEST_F(FlagReaderTest, CountsAreWhole) {
  for (const char* text : {"6.5", "x", "8x", "99999999999999999999"}) {
    arguments.set("--gpus", text);
    EXPECT_EQ(reader.count("--gpus", 1, 100), std::nullopt) << text;
  }
  EXPECT_EQ(problems.size(), 4u);
}

TEST_F(FlagReaderTest, BinaryTokensAreSilentDecimalOnesAreNoticed) {
  arguments.set("--seq", "1Mi");
  EXPECT_EQ(reader.tokens("--seq", notices), Tokens{1048576});
  EXPECT_TRUE(notices.empty());
  arguments.set("--seq", "1M");
  EXPECT_EQ(reader.tokens("--seq", notices), Tokens{1000000});
  ASSERT_EQ(notices.size(), 1u);
  EXPECT_NE(notices[0].find("1,000,000 tokens"), std::string::npos) << notices[0];
  EXPECT_NE(notices[0].find("1Mi would be 1,048,576"), std::string::npos) << notices[0];
}

TEST_F(FlagReaderTest, TokensStartAtOne) {
  arguments.set("--seq", "0");
  EXPECT_EQ(reader.tokens("--seq", notices), std::nullopt);
  EXPECT_EQ(problems.size(), 1u);
}

TEST_F(FlagReaderTest, APriceNeedsItsUnit) {
  arguments.set("--price", "2.5USD");
  EXPECT_EQ(reader.dollars("--price"), Dollars{2.5});
  arguments.set("--price", "2.5");
  EXPECT_EQ(reader.dollars("--price"), std::nullopt);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_NE(problems[0].next.find("USD"), std::string::npos) << problems[0].next;
}

TEST_F(FlagReaderTest, ChoicesSuggestTheNearest) {
  constexpr Choice<int> kWords[] = {{"none", 0}, {"selective", 1}, {"full", 2}};
  arguments.set("--recompute", "selectiv");
  EXPECT_EQ(reader.choice<int>("--recompute", kWords), std::nullopt);
  EXPECT_EQ(problems[0].hint, "did you mean 'selective'?");
  arguments.set("--recompute", "full,none");
  EXPECT_EQ(reader.choices<int>("--recompute", kWords), (std::vector<int>{2, 0}));
  arguments.set("--recompute", "full,,none");
  EXPECT_EQ(reader.choices<int>("--recompute", kWords), (std::vector<int>{2, 0}));
  EXPECT_EQ(problems.size(), 2u);  // the empty word is a mistake too
}

}  // namespace
}  // namespace ithaca
