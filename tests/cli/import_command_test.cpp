#include <gtest/gtest.h>

#include <fstream>

#include "cli/commands.hpp"
#include "tests/cli/widths.hpp"
#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

using test::contains;

constexpr const char* kHeader = "size count type redop root time algbw busbw #wrong time algbw busbw #wrong\n";
constexpr const char* kRow = "1048576 262144 float sum -1 100.0 10.49 18.35 0 100.0 10.49 18.35 0\n";

Outcome import(const std::string& text, std::vector<std::string> flags) {
  const std::string path = test::temporary_path("import.txt");
  std::ofstream(path) << text;
  std::vector<std::string> words{"import", path};
  words.insert(words.end(), flags.begin(), flags.end());
  Outcome outcome = run(words, Environment{});
  std::remove(path.c_str());
  return outcome;
}

TEST(Import, WritesSamplesAndSaysWhatItTookIn) {
  const Outcome outcome = import(std::string(kHeader) + kRow, {"--op", "all_reduce", "-o", "out.yaml"});
  EXPECT_EQ(outcome.exit, ExitCode::done) << outcome.talk;
  EXPECT_EQ(outcome.file, "out.yaml");
  EXPECT_TRUE(contains(outcome.result, "{op: all_reduce, ranks: 8, bytes: 1048576, time_s: 0.0001, wrong: 0}"))
      << outcome.result;
  EXPECT_TRUE(contains(outcome.talk, "took in 2 samples")) << outcome.talk;
}

TEST(Import, ABrokenRowStopsItUnlessPartial) {
  const std::string log = std::string(kHeader) + kRow + "2097152 524288 float\n";
  const Outcome stopped = import(log, {"--op", "all_reduce"});
  EXPECT_EQ(stopped.exit, ExitCode::usage);
  EXPECT_TRUE(contains(stopped.talk, ":3:1: this row has 3 columns, its header 13")) << stopped.talk;
  EXPECT_EQ(stopped.result, "");
  const Outcome partial = import(log, {"--op", "all_reduce", "--partial"});
  EXPECT_EQ(partial.exit, ExitCode::done);
  EXPECT_TRUE(contains(partial.talk, "took in 2 samples")) << partial.talk;
  EXPECT_TRUE(contains(partial.talk, "left out 1")) << partial.talk;
}

TEST(Import, WrongElementsAreNamed) {
  const std::string row = "1048576 262144 float sum -1 100.0 10.49 18.35 7 100.0 10.49 18.35 0\n";
  EXPECT_TRUE(contains(import(kHeader + row, {"--op", "all_reduce"}).talk, "its results were wrong"));
}

TEST(Import, SizesThatFallAreNamed) {
  // 1 MiB takes 100 us and 2 MiB 50.
  const std::string larger = "2097152 524288 float sum -1 50.0 41.94 73.40 0 50.0 41.94 73.40 0\n";
  const std::string talk = import(std::string(kHeader) + kRow + larger, {"--op", "all_reduce"}).talk;
  EXPECT_TRUE(contains(talk, "line 2: all_reduce of 8 ranks")) << talk;
  EXPECT_TRUE(contains(talk, "a larger message was faster")) << talk;
}

TEST(Import, TheFormatMayBeNamed) {
  const std::string path = test::temporary_path("import.txt");
  std::ofstream(path) << kHeader << kRow;
  EXPECT_EQ(run({"import", "nccl-tests", path, "--op", "all_reduce"}, Environment{}).exit, ExitCode::done);
  EXPECT_EQ(run({"import", "hieroglyphs", path}, Environment{}).exit, ExitCode::usage);
}

TEST(Import, TheCommandLineMustBeWhole) {
  EXPECT_TRUE(contains(run({"import"}, Environment{}).talk, "the file is missing"));
  EXPECT_TRUE(
      contains(run({"import", "x", "--op", "alltoall"}, Environment{}).talk, "'alltoall' is none of its values"));
  EXPECT_TRUE(contains(run({"import", "/nowhere.log"}, Environment{}).talk, "there is no such file"));
}

}  // namespace
}  // namespace ithaca
