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

TEST(Run, TheFirstOfTwoWordsListsWhatFollows) {
  const Outcome list = run({"simulate"});
  EXPECT_EQ(list.exit, ExitCode::done);
  EXPECT_TRUE(contains(list.result, "\n  simulate flows ")) << list.result;
  EXPECT_FALSE(contains(list.result, "compare --model"));
  EXPECT_EQ(run({"simulate", "-h"}).result, list.result);
  EXPECT_TRUE(contains(run({"simulate", "--help"}).result, "Exit codes"));
  EXPECT_EQ(run({"help", "simulate"}).result, run({"simulate", "--help"}).result);
  EXPECT_EQ(run({"help", "simulate", "flows"}).result, run({"simulate", "flows", "--help"}).result);
  EXPECT_TRUE(contains(run({}).result, "\n  simulate ")) << run({}).result;
}

TEST(Run, UnknownCommandsGetTheNearest) {
  const Outcome outcome = run({"comapre"});
  EXPECT_EQ(outcome.exit, ExitCode::usage);
  EXPECT_EQ(outcome.result, "");
  EXPECT_TRUE(contains(outcome.talk, "error: comapre: there is no such command\n  did you mean 'compare'?"))
      << outcome.talk;
  EXPECT_TRUE(contains(run({"simluate", "flows"}).talk, "did you mean 'simulate'?"));
  EXPECT_TRUE(contains(run({"simulate", "flow", "x"}).talk,
                       "error: simulate flow: there is no such command\n  did you mean 'flows'?\nnext: see 'ithaca "
                       "simulate --help'"));
  EXPECT_TRUE(contains(run({"simulate", "--json"}).talk, "error: simulate --json: a command comes first"));
  EXPECT_TRUE(contains(run({"--json"}).talk, "a command comes first"));
}

}  // namespace
}  // namespace ithaca
