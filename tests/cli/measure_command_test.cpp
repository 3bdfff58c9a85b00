#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cli/commands.hpp"
#include "tests/cli/widths.hpp"
#include "tests/support/temporary.hpp"

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

/// A PATH with an ithaca_probe that says its words and ends as told.
std::string path_with_probe(const std::string& script) {
  const std::filesystem::path folder = test::temporary_path("probe_on_path");
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "ithaca_probe") << "#!/bin/sh\n" << script << "\n";
  std::filesystem::permissions(folder / "ithaca_probe", std::filesystem::perms::owner_all);
  return folder.string();
}

TEST(Measure, GpusAreLeftToTheProbe) {
  const std::string said = test::temporary_path("said.txt");
  setenv("PATH", path_with_probe("echo \"$@\" > " + said + "; exit 5").c_str(), 1);
  const Outcome outcome =
      measure({"--backend", "nccl", "--sizes", "[1MiB,2MiB]", "--share-gpu", "--model", "llama3-8b", "-o", "a.yaml"});
  EXPECT_EQ(outcome.exit, ExitCode::no_device);
  EXPECT_EQ(outcome.result + outcome.talk, "");  // the probe has said it
  std::string words;
  std::getline(std::ifstream(said), words);
  EXPECT_EQ(words, "collectives --sizes [1MiB,2MiB] --model llama3-8b --share-gpu -o a.yaml");
  measure({"--backend", "cuda", "--family", "gemm"});
  std::getline(std::ifstream(said), words);
  EXPECT_EQ(words, "kernels --family gemm");
  setenv("PATH", path_with_probe("exit 77").c_str(), 1);
  EXPECT_EQ(measure({"--backend", "cuda"}).exit, ExitCode::internal);
}

TEST(Measure, WithoutTheProbeOneSentenceSaysWhatIsMissing) {
  setenv("PATH", "/nowhere", 1);
  const Outcome outcome = measure({"--backend", "cuda", "--model", "llama3-8b", "--seq", "8Ki"});
  EXPECT_EQ(outcome.exit, ExitCode::no_device);
  EXPECT_TRUE(contains(outcome.talk, "ithaca_probe, which measures GPUs, is neither beside ithaca nor on PATH"))
      << outcome.talk;
}

TEST(Measure, ListsWhatIsWrong) {
  EXPECT_TRUE(contains(measure({}).talk, "--backend"));
  EXPECT_TRUE(contains(measure({"--backend", "smoke"}).talk, "'smoke' is none of its values"));
  EXPECT_TRUE(contains(measure({"--backend", "tcp", "--model", "llama3-8b"}).talk, "means nothing to --backend tcp"));
  EXPECT_TRUE(contains(measure({"--backend", "nccl", "--patterns", "shift"}).talk, "means nothing to --backend nccl"));
  EXPECT_TRUE(contains(measure({"--backend", "tcp", "--meet", "nowhere"}).talk, "is no address: write host:port"));
  EXPECT_TRUE(contains(measure({"--backend", "tcp", "--patterns", "shft"}).talk, "shift"));
}

}  // namespace
}  // namespace ithaca
