// Runs the program as a user does and looks at exit codes and streams.

#include <sys/wait.h>

#include <cstdio>
#include <string>

#include "tests/cli/widths.hpp"
#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

using test::contains;

struct Ran {
  int exit = -1;  ///< -1: ended by a signal
  std::string out;
};

Ran shell(const std::string& command) {
  Ran ran;
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return ran;
  char buffer[4096];
  for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) ran.out.append(buffer, n);
  const int status = pclose(pipe);
  ran.exit = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ran;
}

const std::string kClean = "env -u FORCE_COLOR -u CLICOLOR_FORCE -u NO_COLOR ";
const std::string kIthaca = kClean + ITHACA_BINARY;
const std::string kWords = " compare --model llama3-8b --cluster dgx-h100 --gpus 64 --seq 1Mi";
const std::string kQuestion = kIthaca + kWords;

/// The question with environment variables set.
std::string with(const std::string& variables) { return kClean + variables + " " + ITHACA_BINARY + kWords; }

TEST(Main, ExitCodesAreTheDocumentedOnes) {
  EXPECT_EQ(shell(kIthaca).exit, 0);
  EXPECT_EQ(shell(kQuestion).exit, 0);
  EXPECT_EQ(shell(kIthaca + " compare 2>/dev/null").exit, 2);
  EXPECT_EQ(shell(kIthaca + " nonsense 2>/dev/null").exit, 2);
  EXPECT_EQ(shell(kQuestion + " --strategies ulysses --ulysses 64").exit, 3);
  EXPECT_EQ(shell(kQuestion + " -o /no/such/folder/x 2>/dev/null").exit, 1);
}

TEST(Main, WhatCannotBeWrittenIsReported) {
  EXPECT_EQ(shell(kQuestion + " 2>/dev/null >&-").exit, 1);
  const Ran full = shell("{ " + kQuestion + " >/dev/full; } 2>&1");
  EXPECT_EQ(full.exit, 1);
  EXPECT_TRUE(contains(full.out, "error: stdout: cannot write: ")) << full.out;
}

TEST(Main, AReaderThatClosesEarlyIsNoError) {
  EXPECT_EQ(shell("{ " + kQuestion + " --explain | head -c 1; } 2>&1").out.size(), 1u);
}

TEST(Main, AnInterruptIsExitCode130) {
  // Opening a FIFO without a reader blocks, which gives the signal time to come.
  const std::string fifo = test::temporary_path("main.fifo");
  EXPECT_EQ(shell("rm -f " + fifo + "; mkfifo " + fifo + "; timeout --preserve-status -s INT 1 " + ITHACA_BINARY +
                  kWords + " -o " + fifo + "; code=$?; rm " + fifo + "; exit $code")
                .exit,
            130);
}

TEST(Main, MistakesGoToStderrAlone) {
  EXPECT_EQ(shell(kQuestion + " --dtpye fp16 2>/dev/null").out, "");
  EXPECT_TRUE(contains(shell(kQuestion + " --dtpye fp16 2>&1").out, "did you mean '--dtype'?"));
}

// In the program itself, whose rooms are linked together: two types of one name would clash here and in no other test.
TEST(Main, PlansInTheLinkedProgram) {
  const Ran answer = shell(kIthaca + " plan --model llama3-8b --cluster dgx-h100 --gpus 8 --seq 64Ki 2>&1");
  EXPECT_EQ(answer.exit, 0) << answer.out;
  EXPECT_TRUE(contains(answer.out, "Megatron-LM"));
}

TEST(Main, DecimalTokensGiveANoticeOnStderr) {
  const std::string decimal = kIthaca + " compare --model llama3-8b --cluster dgx-h100 --gpus 64 --seq 1M";
  EXPECT_FALSE(contains(shell(decimal + " 2>/dev/null").out, "note:"));
  EXPECT_TRUE(contains(shell(decimal + " 2>&1 >/dev/null").out, "note: --seq 1M is 1,000,000 tokens"));
}

TEST(Main, ColorFollowsTheEnvironment) {
  EXPECT_FALSE(contains(shell(kQuestion).out, "\x1b["));
  EXPECT_TRUE(contains(shell(with("FORCE_COLOR=1")).out, "\x1b["));
  EXPECT_TRUE(contains(shell(with("CLICOLOR_FORCE=1 NO_COLOR=1")).out, "\x1b["));
  EXPECT_FALSE(contains(shell(with("FORCE_COLOR=1") + " --color never").out, "\x1b["));
}

TEST(Main, FileAndStdoutGetTheSameBytes) {
  const std::string path = test::temporary_path("main.csv");
  EXPECT_EQ(shell(kQuestion + " --csv -o " + path).out, "");
  EXPECT_EQ(shell("cat " + path + "; rm " + path).out, shell(kQuestion + " --csv -o -").out);
}

}  // namespace
}  // namespace ithaca
