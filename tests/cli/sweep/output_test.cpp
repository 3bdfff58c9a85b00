#include "cli/sweep/output.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

std::string contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

struct File {
  std::string path = test::temporary_path("rows.csv");
  ~File() {
    for (const std::string& each : {path, journal_path(path), journal_path(path) + ".new"}) std::remove(each.c_str());
  }
};

TEST(SweepOutput, GoesOnBehindWhatTheJournalKnows) {
  const File file;
  std::ofstream(file.path) << "head\nwhole row\nhalf a r";
  auto output = SweepOutput::open(file.path, 15);
  ASSERT_TRUE(output);
  EXPECT_TRUE(output.value().write("next row\n"));
  EXPECT_EQ(output->bytes(), 24u);
  EXPECT_TRUE(output.value().finish());
  EXPECT_EQ(contents(file.path), "head\nwhole row\nnext row\n");
  EXPECT_FALSE(SweepOutput::open(file.path, 1000));  // shorter than it should be
}

TEST(SweepOutput, AFullDiskIsAnError) {
  auto output = SweepOutput::open("/dev/full", std::nullopt);
  ASSERT_TRUE(output);
  EXPECT_FALSE(output.value().write("row\n") && output.value().flush());
  EXPECT_NE(output->error().what.find("cannot write"), std::string::npos);
  EXPECT_NE(output->error().next.find("--resume"), std::string::npos);
}

TEST(SweepJournal, IsReplacedAsAWhole) {
  const File file;
  EXPECT_FALSE(read_journal(file.path));
  SweepJournal journal{"0123", 100, SweepKeep::front, 5, 90, 17, 4, 1234, true, {}};
  journal.state.tail.push_back({{1, 2, 3, true}, "a row\n"});
  journal.state.counts.points = 12;
  ASSERT_TRUE(write_journal(file.path, journal));
  ASSERT_TRUE(write_journal(file.path, journal));
  const auto back = read_journal(file.path);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->fingerprint, "0123");
  EXPECT_EQ(back->points, 100u);
  EXPECT_EQ(back->keep, SweepKeep::front);
  EXPECT_EQ(back->next, 17u);
  EXPECT_EQ(back->head_bytes, 4u);
  EXPECT_EQ(back->bytes, 1234u);
  EXPECT_TRUE(back->begins_inside);
  EXPECT_EQ(back->state.tail.at(0).text, "a row\n");
  EXPECT_FALSE(std::filesystem::exists(journal_path(file.path) + ".new"));
  std::ofstream(journal_path(file.path), std::ios::app) << "x";
  EXPECT_FALSE(read_journal(file.path));
}

}  // namespace
}  // namespace ithaca
