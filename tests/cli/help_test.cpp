#include "cli/help.hpp"

#include <algorithm>

#include "cli/commands.hpp"
#include "tests/cli/widths.hpp"

namespace ithaca {
namespace {

using test::contains;

TEST(Overview, FitsAScreenWithTwoExamples) {
  const std::string text = overview(all_commands());
  EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 20);
  EXPECT_TRUE(contains(text, "\n  ithaca compare --model"));
  EXPECT_TRUE(contains(text, "\n  ithaca plan --model"));
}

TEST(Help, FitsIntoEightyColumns) {
  test::expect_no_wider(overview(all_commands()), 80);
  test::expect_no_wider(full_help(all_commands()), 80);
  for (const Command& command : all_commands()) {
    test::expect_no_wider(short_help(command), 80);
    test::expect_no_wider(full_help(command), 80);
  }
}

TEST(FullHelp, StartsWithExamplesAndEndsWithExitCodes) {
  for (const Command& command : all_commands()) {
    const std::string text = full_help(command);
    EXPECT_EQ(text.rfind("Examples\n", 0), 0u);
    EXPECT_TRUE(contains(text, "  130  interrupted\n"));
    for (const Flag& flag : command.flags) EXPECT_TRUE(contains(text, "\n  " + std::string(flag.name))) << flag.name;
  }
}

TEST(FullHelp, KeepsParagraphsApart) {
  EXPECT_TRUE(contains(full_help(kValidateRuns), "\n\nThe tolerance applies to the mean absolute error"));
}

TEST(ShortHelp, HasTheRequiredFlagsOnly) {
  const std::string text = short_help(kCompare);
  EXPECT_TRUE(contains(text, "--seq N"));
  EXPECT_FALSE(contains(text, "--ring-grad"));
}

}  // namespace
}  // namespace ithaca
