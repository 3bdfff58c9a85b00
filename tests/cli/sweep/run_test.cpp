#include "cli/sweep/run.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/commands.hpp"
#include "cli/sweep/output.hpp"
#include "tests/cli/widths.hpp"
#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

using Words = std::vector<std::string>;

std::string contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

/// A small sweep into a file of the test's own.
struct Sweep {
  std::string path = test::temporary_path("sweep.out");
  Outcome outcome;

  ~Sweep() {
    std::remove(path.c_str());
    std::remove(journal_path(path).c_str());
  }
  std::string run(const Words& more) {
    Words words{"sweep",       "--model", "llama3-8b",       "--cluster", "dgx-h100", "--set",
                "gpus=[8,16]", "--set",   "seq=64Ki..1Mi*4", "-o",        path};
    words.insert(words.end(), more.begin(), more.end());
    outcome = ithaca::run(words, Environment{});
    return contents(path);
  }
};

std::vector<Words> cells(const std::string& csv) {
  std::vector<Words> rows;
  std::istringstream lines(csv);
  for (std::string line; std::getline(lines, line);) {
    line.pop_back();  // the carriage return
    rows.emplace_back();
    std::istringstream row(line);
    for (std::string cell; std::getline(row, cell, ',');) rows.back().push_back(cell);
  }
  return rows;
}

TEST(Sweep, GridOrderOneRowAStrategy) {
  Sweep sweep;
  const auto rows = cells(sweep.run({"--csv", "--columns", "strategy,gpus,seq_len"}));
  EXPECT_EQ(sweep.outcome.exit, ExitCode::done) << sweep.outcome.talk;
  ASSERT_EQ(rows.size(), 1u + 2 * 3 * 4);
  EXPECT_EQ(rows[0], (Words{"set.gpus", "set.seq", "strategy", "seq_len", "gpus"}));
  EXPECT_EQ(rows[2], (Words{"8", "65536", "megatron_sp", "65536", "8"}));
  EXPECT_EQ(rows[24], (Words{"16", "1048576", "usp", "1048576", "16"}));
}

TEST(Sweep, AsCompareSaysPointByPoint) {
  Sweep sweep;
  const std::string json = sweep.run({"--jsonl", "--columns", "all"});
  const Outcome compare =
      run({"compare", "--model", "llama3-8b", "--cluster", "dgx-h100", "--gpus", "16", "--seq", "262144", "--csv"},
          Environment{});
  Sweep csv;
  const std::string rows = csv.run({"--csv", "--columns", "all"});
  std::istringstream lines(compare.result);
  for (std::string line; std::getline(lines, line);) EXPECT_TRUE(test::contains(rows, "," + line + "\n")) << line;
  EXPECT_EQ(std::count(json.begin(), json.end(), '\n'), 24);
}

/// What goes by the length and the batch is worked out for each point, not for one of them.
TEST(Sweep, DocumentsAndBatchesOfTokensAsCompareHasThem) {
  for (const Words& flags : {Words{"--documents", "16Ki,48Ki"}, Words{"--batch-tokens", "1Mi"}}) {
    Sweep sweep;
    Words all = flags;
    all.insert(all.end(), {"--csv", "--columns", "all"});
    const std::string rows = sweep.run(all);
    for (const char* length : {"65536", "262144"}) {
      Words compare{"compare", "--model", "llama3-8b", "--cluster", "dgx-h100",
                    "--gpus",  "16",      "--seq",     length,      "--csv"};
      compare.insert(compare.end(), flags.begin(), flags.end());
      std::istringstream lines(run(compare, Environment{}).result);
      for (std::string line; std::getline(lines, line);)
        EXPECT_TRUE(test::contains(rows, "," + line + "\n")) << flags[0] << " " << length << "\n" << line;
    }
  }
}

TEST(Sweep, SameBytesForAnyNumberOfThreads) {
  for (const Words& format : {Words{"--csv"}, Words{"--json"}, Words{"--jsonl"}, Words{}, Words{"--heat", "step.mfu"},
                              Words{"--csv", "--keep", "front"}, Words{"--csv", "--keep", "fastest", "--per", "seq"}}) {
    Sweep one, many;
    Words words = format;
    words.insert(words.end(), {"--threads", "1"});
    const std::string serial = one.run(words);
    words.back() = "3";
    EXPECT_EQ(many.run(words), serial);
    EXPECT_FALSE(serial.empty());
  }
}

TEST(Sweep, TheFastestOfEachPointAndOfEachLength) {
  Sweep all, point, length;
  const Words columns{"--csv", "--columns", "strategy,step.time_s,step.tokens_per_s,memory.fits"};
  const auto with = [&](Words more) {
    more.insert(more.begin(), columns.begin(), columns.end());
    return more;
  };
  const auto rows = cells(all.run(with({})));
  const auto fastest = cells(point.run(with({"--keep", "fastest"})));
  ASSERT_EQ(fastest.size(), 7u);
  for (std::size_t i = 0; i < 6; ++i) {
    double best = 1e300;
    for (std::size_t s = 0; s < 4; ++s) {
      const Words& row = rows[1 + 4 * i + s];
      if (row[5] == "true") best = std::min(best, std::stod(row[3]));
    }
    if (best < 1e300) {
      EXPECT_EQ(std::stod(fastest[1 + i][3]), best);
    }
    EXPECT_EQ(fastest[1 + i][5], best < 1e300 ? "true" : "false");
  }
  // The axes that make a group come first: 3 lengths, each with the better of 8 and 16 GPUs.
  const auto by_length = cells(length.run(with({"--keep", "fastest", "--per", "seq"})));
  ASSERT_EQ(by_length.size(), 4u);
  EXPECT_EQ(by_length[0][0], "set.seq");
  EXPECT_EQ(std::stod(by_length[1][3]), std::min(std::stod(fastest[1][3]), std::stod(fastest[4][3])));
}

TEST(Sweep, LimitsRefuse) {
  Sweep sweep;
  const std::string rows = sweep.run({"--csv", "--where", "gpus > 8"});
  EXPECT_TRUE(test::contains(rows, ",where,\"gpus is 8, not gpus > 8\",")) << rows;
  EXPECT_EQ(sweep.outcome.exit, ExitCode::done);
  sweep.run({"--csv", "--where", "gpus > 16"});
  EXPECT_EQ(sweep.outcome.exit, ExitCode::infeasible);
}

TEST(Sweep, TheEventEngineAsCompareHasIt) {
  const auto with = [](Words more) {
    const Words event{"--csv", "--columns", "all", "--engine", "event", "--strategies", "ulysses", "--threads"};
    more.insert(more.begin(), event.begin(), event.end());
    return more;
  };
  Sweep one, first, second, merged;
  first.path += ".1";
  second.path += ".2";
  merged.path += ".3";
  const std::string rows = one.run(with({"1"}));
  EXPECT_EQ(one.outcome.exit, ExitCode::done) << one.outcome.talk;
  std::istringstream lines(run({"compare", "--model", "llama3-8b", "--cluster", "dgx-h100", "--gpus", "16", "--seq",
                                "262144", "--engine", "event", "--strategies", "ulysses", "--csv"},
                               Environment{})
                               .result);
  for (std::string line; std::getline(lines, line);) EXPECT_TRUE(test::contains(rows, "," + line + "\n")) << line;
  first.run(with({"1", "--shard", "1/2"}));
  second.run(with({"3", "--shard", "2/2"}));
  run({"sweep", "--merge", first.path, second.path, "-o", merged.path}, Environment{});
  EXPECT_EQ(contents(merged.path), rows);
}

TEST(Sweep, ThroughPlans) {
  Sweep plan;
  const auto rows = cells(plan.run({"--csv", "--plan", "--columns", "strategy,step.time_s"}));
  EXPECT_EQ(rows.size(), 7u) << plan.outcome.talk;
  const Outcome alone = run(
      {"plan", "--model", "llama3-8b", "--cluster", "dgx-h100", "--gpus", "8", "--seq", "64Ki", "--csv", "--top", "1"},
      Environment{});
  EXPECT_TRUE(test::contains(alone.result, rows[1][3])) << rows[1][3];
}

TEST(Sweep, InferenceAsCompareSaysPointByPoint) {
  Sweep sweep;
  const std::string rows = sweep.run({"--csv", "--columns", "all", "--phase", "decode", "--set", "batch=[1,16]"});
  EXPECT_EQ(std::count(rows.begin(), rows.end(), '\n'), 1 + 2 * 3 * 2 * 4) << sweep.outcome.talk;
  for (const char* batch : {"1", "16"}) {
    const Outcome compare = run({"compare", "--model", "llama3-8b", "--cluster", "dgx-h100", "--gpus", "16", "--seq",
                                 "262144", "--phase", "decode", "--batch", batch, "--csv"},
                                Environment{});
    std::istringstream lines(compare.result);
    for (std::string line; std::getline(lines, line);) EXPECT_TRUE(test::contains(rows, "," + line + "\n")) << line;
  }
  Sweep both;
  const auto fastest = cells(both.run({"--csv", "--set", "phase=[prefill,decode]", "--keep", "fastest"}));
  ASSERT_EQ(fastest.size(), 1u + 2 * 3 * 2) << both.outcome.talk;
  EXPECT_EQ(fastest[1][4], "prefill");
  EXPECT_EQ(fastest[2][4], "decode");
}

TEST(Sweep, MistakesInSharedFlagsAreNoRows) {
  Sweep sweep;
  EXPECT_EQ(sweep.run({"--csv", "--dtype", "bf17"}), "");
  EXPECT_EQ(sweep.outcome.exit, ExitCode::usage);
  EXPECT_TRUE(test::contains(sweep.outcome.talk, "did you mean 'bf16'?")) << sweep.outcome.talk;
}

TEST(Sweep, DryRunCountsAndWritesNothing) {
  Sweep sweep;
  EXPECT_EQ(sweep.run({"--csv", "--dry-run"}), "");
  EXPECT_TRUE(test::contains(sweep.outcome.result, "6 points, 24 rows to work out, about 0.0 s"))
      << sweep.outcome.result;
}

TEST(Sweep, AnUnfinishedFileIsNotOverwritten) {
  Sweep sweep;
  const std::string whole = sweep.run({"--csv"});
  EXPECT_FALSE(std::filesystem::exists(journal_path(sweep.path)));
  const Words shard{"--csv", "--shard", "1/2"};
  sweep.run(shard);
  SweepJournal journal = *read_journal(sweep.path);
  journal.next = 1;
  journal.bytes = journal.head_bytes;
  journal.state = {};
  ASSERT_TRUE(write_journal(sweep.path, journal));
  sweep.run(shard);
  EXPECT_EQ(sweep.outcome.exit, ExitCode::internal);
  EXPECT_TRUE(test::contains(sweep.outcome.talk, "add --resume")) << sweep.outcome.talk;
  sweep.run({"--csv", "--resume"});
  EXPECT_TRUE(test::contains(sweep.outcome.talk, "is of another sweep")) << sweep.outcome.talk;
  sweep.run({"--csv", "--shard", "1/2", "--resume"});
  EXPECT_EQ(sweep.outcome.exit, ExitCode::done) << sweep.outcome.talk;
}

TEST(Sweep, MistakesAreAllSaidAtOnce) {
  Sweep sweep;
  sweep.run({"--set", "nic=400Gbp", "--per", "sqe", "--keep", "fastest", "--heat", "strategy", "--csv"});
  EXPECT_EQ(sweep.outcome.exit, ExitCode::usage);
  EXPECT_TRUE(test::contains(sweep.outcome.talk, "--csv and --heat")) << sweep.outcome.talk;
  sweep.run({"--set", "nic=400Gbp", "--keep", "fastest", "--per", "sqe"});
  for (const char* part : {"--set nic=400Gbp", "--per sqe", "did you mean 'seq'?"})
    EXPECT_TRUE(test::contains(sweep.outcome.talk, part)) << part << sweep.outcome.talk;
}

/// The planners' questions of configs/sweeps, each on a small part of its grid.
struct PlannersQuestion {
  const char* name;
  Words part;
  std::size_t rows;
};

TEST(SweepFiles, AnswerThePlannersQuestions) {
  const PlannersQuestion questions[] = {
      {"gpus-at-fixed-tokens", {"--set", "gpus=[8,64]"}, 2 * 4},
      {"heads-against-ulysses", {"--set", "heads=[16,64]", "--set", "kv_heads=8"}, 2 * 6 * 2},
      {"sequence-lengths", {"--gpus", "64"}, 10 * 4},
      {"network", {"--set", "nic=[100Gbps,800Gbps]"}, 2 * 4 * 4},
      {"equal-price", {"--set", "budget=[500USD]", "--set", "cluster=[dgx-h100,gb200-nvl72]"}, 2},
      {"crossover", {"--gpus", "8", "--set", "cluster=[dgx-h100,a100-pcie-8]"}, 2 * 7 * 4},
  };
  for (const PlannersQuestion& question : questions) {
    Sweep sweep;
    Words words{"sweep", question.name, "--csv", "-o", sweep.path};
    words.insert(words.end(), question.part.begin(), question.part.end());
    const Outcome outcome = run(words, Environment{});
    EXPECT_EQ(outcome.exit, ExitCode::done) << question.name << "\n" << outcome.talk;
    EXPECT_EQ(cells(contents(sweep.path)).size(), 1 + question.rows) << question.name;
  }
}

}  // namespace
}  // namespace ithaca
