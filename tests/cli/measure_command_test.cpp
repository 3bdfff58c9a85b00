#include <gtest/gtest.h>

#include "cli/commands.hpp"
#include "tests/cli/widths.hpp"

namespace ithaca {
namespace {

using test::contains;

Outcome measure(std::vector<std::string> words) {
  words.insert(words.begin(), "measure");
  return run(words, Environment{});
}

TEST(Measure, RunsRanksOverTheLoopback) {
  const Outcome table =
      measure({"--backend", "tcp", "--ranks", "3", "--sizes", "[12KiB]", "--patterns", "shift,all_to_all"});
  EXPECT_EQ(table.exit, ExitCode::done) << table.talk;
  EXPECT_TRUE(contains(table.result, "send_recv ring")) << table.result;
  EXPECT_TRUE(contains(table.result, "all_to_all direct")) << table.result;
  const Outcome file = measure(
      {"--backend", "tcp", "--ranks", "2", "--sizes", "[8KiB]", "--patterns", "ping_pong", "-o", "samples.yaml"});
  EXPECT_EQ(file.file, "samples.yaml");
  EXPECT_TRUE(contains(file.result, "schema: measurements/1\n")) << file.result;
  EXPECT_TRUE(contains(file.result, "{op: send_recv, ranks: 2, bytes: 8192, time_s: ")) << file.result;
}

TEST(Measure, RanksOfOthersNeedAPlaceAndAToken) {
  const Outcome outcome = measure({"--backend", "tcp", "--rank", "1", "--ranks", "2"});
  EXPECT_EQ(outcome.exit, ExitCode::usage);
  EXPECT_TRUE(contains(outcome.talk, "--meet: nobody says where the ranks meet")) << outcome.talk;
  EXPECT_TRUE(contains(outcome.talk, "--token: the token keeps strangers out")) << outcome.talk;
}

TEST(Measure, SaysWhatItCannotReach) {
  const Outcome outcome = measure({"--backend", "tcp", "--rank", "0", "--ranks", "2", "--meet", "127.0.0.1:0",
                                   "--token", "t", "--patience", "20ms"});
  EXPECT_EQ(outcome.exit, ExitCode::internal);
  EXPECT_TRUE(contains(outcome.talk, "1 of 2 ranks did not come")) << outcome.talk;
}

TEST(Measure, ListsWhatIsWrong) {
  EXPECT_TRUE(contains(measure({}).talk, "--backend"));
  EXPECT_TRUE(contains(measure({"--backend", "smoke"}).talk, "'smoke' is not measured by this command"));
  EXPECT_TRUE(contains(measure({"--backend", "tcp", "--meet", "nowhere"}).talk, "is no address: write host:port"));
  EXPECT_TRUE(contains(measure({"--backend", "tcp", "--patterns", "shft"}).talk, "shift"));
}

}  // namespace
}  // namespace ithaca
