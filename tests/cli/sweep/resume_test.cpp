// Kills sweeps as a machine would and looks whether --resume makes the same file of what is left. The question is read
// once; each child begins where the rows do.

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <random>
#include <sstream>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/sweep/output.hpp"
#include "cli/sweep/run.hpp"
#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

std::string contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

struct Job {
  std::string path = test::temporary_path("resume.csv");
  SweepRequest request;
  SweepPlan plan;

  explicit Job(const std::vector<std::string>& more) {
    std::vector<std::string> words{"--model",      "llama-7b",
                                   "--cluster",    "dgx-h100",
                                   "--gpus",       "8",
                                   "--set",        "price=1USD",
                                   "--set",        "global_batch=1..600+1",
                                   "--strategies", "ulysses",
                                   "--ulysses",    "8",
                                   "--dp",         "1",
                                   "--seq",        "64Ki",
                                   "--resume",     "--no-progress",
                                   "-o",           path};
    words.insert(words.end(), more.begin(), more.end());
    const ParsedArguments parsed = parse_arguments(kSweep, words);
    Diagnostics problems = parsed.problems;
    request = read_sweep(parsed.arguments, problems);
    plan = make_sweep_plan(request, problems);
    EXPECT_TRUE(problems.empty()) << print(problems);
  }
  ~Job() { clear(); }
  void clear() const {
    for (const std::string& each : {path, journal_path(path), journal_path(path) + ".new"}) std::remove(each.c_str());
  }
  /// With `most` no file grows beyond so many bytes, as on a full disk.
  pid_t start(rlim_t most = RLIM_INFINITY) const {
    const pid_t child = fork();
    if (child != 0) return child;
    std::signal(SIGXFSZ, SIG_IGN);
    if (most != RLIM_INFINITY) {
      const rlimit limit{most, most};
      setrlimit(RLIMIT_FSIZE, &limit);
    }
    _exit(static_cast<int>(run_sweep(request, plan, Environment{}).exit));
  }
};

/// Its exit code, or minus the signal that ended it.
int end_of(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(SweepResume, KilledFiftyTimesTheFileIsTheSame) {
  std::mt19937 random(11);
  for (const auto& format : {std::vector<std::string>{"--csv"}, {"--jsonl", "--keep", "front"}}) {
    const Job job(format);
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_EQ(end_of(job.start()), 0);
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin);
    const std::string whole = contents(job.path);
    job.clear();
    for (int kills = 0; kills < 25; ++kills) {
      const pid_t child = job.start();
      usleep(static_cast<useconds_t>(random() % static_cast<unsigned>(took.count())));
      kill(child, random() % 2 == 0 ? SIGKILL : SIGINT);
      const int end = end_of(child);
      ASSERT_TRUE(end == 0 || end == 130 || end == -SIGKILL || end == -SIGINT) << end;
      if (end != 0) continue;
      EXPECT_EQ(contents(job.path), whole);
      job.clear();
    }
    EXPECT_EQ(end_of(job.start()), 0);
    EXPECT_EQ(contents(job.path), whole);
    EXPECT_FALSE(read_journal(job.path));
  }
}

TEST(SweepResume, AFullDiskKeepsWhatIsThere) {
  const Job job({"--csv"});
  ASSERT_EQ(end_of(job.start()), 0);
  const std::string whole = contents(job.path);
  job.clear();
  EXPECT_EQ(end_of(job.start(whole.size() / 2)), 1);
  ASSERT_TRUE(read_journal(job.path));
  EXPECT_LT(read_journal(job.path)->next, 600u);
  EXPECT_EQ(end_of(job.start()), 0);
  EXPECT_EQ(contents(job.path), whole);
}

}  // namespace
}  // namespace ithaca
