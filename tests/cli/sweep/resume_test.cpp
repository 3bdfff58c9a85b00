// Kills sweeps as a machine would and looks whether --resume makes the same file of what is left.

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <random>
#include <sstream>

#include "cli/sweep/output.hpp"
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
  std::vector<std::string> words;

  explicit Job(const std::vector<std::string>& more) {
    words = {ITHACA_BINARY,   "sweep",     "--model",
             "llama-7b",      "--cluster", "dgx-h100",
             "--gpus",        "8",         "--strategies",
             "ulysses",       "--ulysses", "8",
             "--no-progress", "--set",     "seq=1Ki..2000Ki+1Ki",
             "--resume",      "-o",        path};
    words.insert(words.end(), more.begin(), more.end());
  }
  ~Job() { clear(); }
  void clear() const {
    for (const std::string& each : {path, journal_path(path), journal_path(path) + ".new"}) std::remove(each.c_str());
  }
  /// With `most` no file grows beyond so many bytes, as on a full disk.
  pid_t start(rlim_t most = RLIM_INFINITY) {
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    const pid_t child = fork();
    if (child != 0) return child;
    std::signal(SIGXFSZ, SIG_IGN);
    if (most != RLIM_INFINITY) {
      const rlimit limit{most, most};
      setrlimit(RLIMIT_FSIZE, &limit);
    }
    if (std::freopen("/dev/null", "w", stderr) != nullptr) execv(pointers[0], pointers.data());
    _exit(127);
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
    Job job(format);
    ASSERT_EQ(end_of(job.start()), 0);
    const std::string whole = contents(job.path);
    job.clear();
    int kills = 0, finished = 0;
    while (kills < 25) {
      const pid_t child = job.start();
      usleep(1000 + random() % 90'000);
      kill(child, random() % 2 == 0 ? SIGKILL : SIGINT);
      const int end = end_of(child);
      ASSERT_TRUE(end == 0 || end == 130 || end == -SIGKILL || end == -SIGINT) << end;
      ++kills;
      if (end != 0) continue;
      ++finished;
      EXPECT_EQ(contents(job.path), whole);
      job.clear();
    }
    EXPECT_EQ(end_of(job.start()), 0);
    EXPECT_EQ(contents(job.path), whole);
    EXPECT_FALSE(read_journal(job.path));
  }
}

TEST(SweepResume, AFullDiskKeepsWhatIsThere) {
  Job job({"--csv"});
  ASSERT_EQ(end_of(job.start()), 0);
  const std::string whole = contents(job.path);
  job.clear();
  EXPECT_EQ(end_of(job.start(whole.size() / 2)), 1);
  ASSERT_TRUE(read_journal(job.path));
  EXPECT_LT(read_journal(job.path)->next, 2000u);
  EXPECT_EQ(end_of(job.start()), 0);
  EXPECT_EQ(contents(job.path), whole);
}

}  // namespace
}  // namespace ithaca
