#include "cli/deliver.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

TEST(Deliver, WritesTheFile) {
  const std::string path = test::temporary_path("deliver.txt");
  EXPECT_EQ(deliver({ExitCode::infeasible, "result\n", "", path}), ExitCode::infeasible);
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_EQ(text.str(), "result\n");
  std::remove(path.c_str());
}

TEST(Deliver, ReportsWhatCannotBeWritten) {
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(deliver({ExitCode::done, "x", "", "/no/such/folder/file"}), ExitCode::internal);
  EXPECT_EQ(::testing::internal::GetCapturedStderr().rfind("error: -o /no/such/folder/file: cannot write: ", 0), 0u);
}

TEST(Deliver, SeparatesResultAndTalk) {
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(deliver({ExitCode::done, "result\n", "note: talk\n", "-"}), ExitCode::done);
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "result\n");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "note: talk\n");
}

}  // namespace
}  // namespace ithaca
