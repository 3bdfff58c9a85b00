#include "cli/commands.hpp"

#include "tests/cli/widths.hpp"

namespace ithaca {
namespace {

using test::contains;

Outcome run(const std::vector<std::string>& words) { return run(words, Environment{}); }

TEST(Run, WithoutWordsIntroducesItself) {
  const Outcome outcome = run({});
  EXPECT_EQ(outcome.exit, ExitCode::done);
  EXPECT_TRUE(contains(outcome.result, "usage: ithaca COMMAND"));
  EXPECT_EQ(run({"-h"}).result, outcome.result);
}

TEST(Run, HelpWinsOverMistakes) {
  EXPECT_TRUE(contains(run({"compare", "--gpsu", "0", "--help"}).result, "Exit codes"));
  EXPECT_TRUE(contains(run({"compare", "-h"}).result, "all flags: ithaca compare --help"));
  EXPECT_EQ(run({"help", "compare"}).result, run({"compare", "--help"}).result);
  EXPECT_EQ(run({"help"}).result, run({"--help"}).result);
}

TEST(Run, VersionNamesTheRevision) {
  EXPECT_EQ(run({"--version"}).result.rfind("ithaca 0.", 0), 0u);
  EXPECT_TRUE(contains(run({"--version"}).result, "(git "));
}

TEST(Run, UnknownCommandsGetTheNearest) {
  const Outcome outcome = run({"comapre"});
  EXPECT_EQ(outcome.exit, ExitCode::usage);
  EXPECT_EQ(outcome.result, "");
  EXPECT_TRUE(contains(outcome.talk, "error: comapre: there is no such command\n  did you mean 'compare'?"))
      << outcome.talk;
  EXPECT_TRUE(contains(run({"--json"}).talk, "a command comes first"));
}

}  // namespace
}  // namespace ithaca
