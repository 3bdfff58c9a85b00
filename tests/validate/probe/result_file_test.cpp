#include "validate/probe/result_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

std::string content(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(ResultFile, HoldsWhatWasKeptLast) {
  const std::string path = test::temporary_path("result.yaml");
  ResultFile file(path);
  EXPECT_FALSE(file.keep("one\n"));
  EXPECT_EQ(content(path), "one\n");
  EXPECT_FALSE(file.keep("one\ntwo\n"));
  EXPECT_EQ(content(path), "one\ntwo\n");
  EXPECT_FALSE(std::filesystem::exists(path + ".part"));
}

TEST(ResultFile, WithoutAFileTheLastIsPrintedOnce) {
  ResultFile file("");
  EXPECT_FALSE(file.keep("first\n"));
  EXPECT_FALSE(file.keep("second\n"));
  testing::internal::CaptureStdout();
  file.finish();
  file.finish();
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "second\n");
}

TEST(ResultFile, SaysWhyItCannotWrite) {
  const auto trouble = ResultFile("/nowhere/at/all.yaml").keep("text");
  ASSERT_TRUE(trouble);
  EXPECT_NE(trouble->find("/nowhere/at/all.yaml cannot be written: "), std::string::npos) << *trouble;
}

}  // namespace
}  // namespace ithaca
