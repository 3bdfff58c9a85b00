#include "cli/sweep/merge.hpp"

#include <cstdio>
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

/// A sweep of 60 points in as many shards as asked for.
class Shards {
 public:
  ~Shards() {
    for (const std::string& path : all_) {
      std::remove(path.c_str());
      std::remove(journal_path(path).c_str());
    }
  }
  std::string file(const std::string& name) {
    all_.push_back(test::temporary_path("shard-" + name));
    return all_.back();
  }
  void sweep(const std::string& into, Words more) {
    Words words{"sweep",
                "--model",
                "llama-7b",
                "--cluster",
                "dgx-h100",
                "--strategies",
                "ulysses,ring",
                "--set",
                "gpus=[4,8,12]",
                "--set",
                "seq=1Ki..20Ki+1Ki",
                "-o",
                into};
    words.insert(words.end(), more.begin(), more.end());
    const Outcome outcome = run(words, Environment{});
    EXPECT_EQ(outcome.exit, ExitCode::done) << outcome.talk;
  }
  Words cut(int count, const Words& format) {
    Words files;
    for (int i = count; i >= 1; --i) {  // in whatever order
      files.push_back(file(std::to_string(i)));
      Words words = format;
      words.insert(words.end(), {"--shard", std::to_string(i) + "/" + std::to_string(count)});
      sweep(files.back(), words);
    }
    return files;
  }

 private:
  std::vector<std::string> all_;
};

TEST(MergeShards, GiveTheBytesOfTheWholeSweep) {
  const Words formats[] = {{"--csv"}, {"--jsonl", "--keep", "front", "--per", "seq"}};
  for (const Words& format : formats) {
    Shards shards;
    const std::string whole = shards.file("whole"), merged = shards.file("merged");
    shards.sweep(whole, format);
    const Outcome outcome = merge_shards(shards.cut(3, format), merged);
    EXPECT_EQ(outcome.exit, ExitCode::done) << outcome.talk;
    EXPECT_EQ(contents(merged), contents(whole)) << format.back();
  }
}

TEST(MergeShards, SayWhatIsMissing) {
  Shards shards;
  const std::string merged = shards.file("merged");
  Words files = shards.cut(3, {"--csv"});
  const auto said = [&](const Words& of) { return merge_shards(of, merged).talk; };
  EXPECT_TRUE(test::contains(said({files[0], files[1]}), "begins at point 20, the ones before end at 0"));
  EXPECT_TRUE(test::contains(said({files[1], files[2]}), "ends at point 40 of 60"));
  EXPECT_TRUE(test::contains(said({files[0], files[1], files[2], files[2]}), "has points of another file too"));
  EXPECT_TRUE(test::contains(said({}), "names no file"));
  EXPECT_TRUE(test::contains(said({merged}), "is missing or damaged"));
  SweepJournal journal = *read_journal(files[0]);
  journal.next -= 5;
  ASSERT_TRUE(write_journal(files[0], journal));
  EXPECT_TRUE(test::contains(said(files), "is not finished: 5 points are missing"));
  journal.fingerprint = "other";
  ASSERT_TRUE(write_journal(files[0], journal));
  EXPECT_TRUE(test::contains(said(files), "is of another sweep"));
}

}  // namespace
}  // namespace ithaca
