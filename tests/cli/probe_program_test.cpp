#include "cli/probe_program.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

namespace fs = std::filesystem;

/// A folder with an executable script of that name.
std::string folder_with(const std::string& folder, const std::string& script) {
  const fs::path path = test::temporary_path(folder);
  fs::create_directories(path);
  std::ofstream(path / "ithaca_probe") << "#!/bin/sh\n" << script << "\n";
  fs::permissions(path / "ithaca_probe", fs::perms::owner_all);
  return path.string();
}

TEST(ProbeProgram, BesideComesBeforePathAndMustBeExecutable) {
  const std::string here = folder_with("here", "exit 0"), there = folder_with("there", "exit 0");
  EXPECT_EQ(find_program("ithaca_probe", here, "/nowhere:" + there), here + "/ithaca_probe");
  EXPECT_EQ(find_program("ithaca_probe", "/nowhere", "/also-nowhere::" + there), there + "/ithaca_probe");
  fs::permissions(there + "/ithaca_probe", fs::perms::owner_read);
  EXPECT_EQ(find_program("ithaca_probe", "", there), "");
  EXPECT_TRUE(fs::exists(own_folder()));
}

TEST(ProbeProgram, GivesItsWordsAndTellsItsEnd) {
  const std::string folder = folder_with("words", R"([ "$#" = 2 ] && [ "$2" = 'two words' ] && exit 5; exit 9)");
  EXPECT_EQ(run_program(folder + "/ithaca_probe", {"one", "two words"}).value(), 5);
  EXPECT_EQ(run_program(folder_with("killed", "kill -TERM $$") + "/ithaca_probe", {}).value(), 128 + 15);
  EXPECT_EQ(run_program("/nowhere/ithaca_probe", {}).value(), 127);
}

}  // namespace
}  // namespace ithaca
