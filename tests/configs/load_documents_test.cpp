#include "configs/reader/load_documents.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

using Lengths = std::vector<std::int64_t>;

std::string saved(const std::string& name, const std::string& text) {
  const std::string path = test::temporary_path(name);
  std::ofstream(path) << text;
  return path;
}

TEST(LoadDocuments, AListAsTyped) {
  const auto lengths = load_documents("--documents", "4Ki*3,32Ki,1000");
  ASSERT_TRUE(lengths);
  EXPECT_EQ(*lengths, (Lengths{4096, 4096, 4096, 32768, 1000}));
}

TEST(LoadDocuments, AFileOfLengths) {
  const std::string path = saved("lengths.txt", "# a corpus\n512 1Ki*2\n\n2048, 77 # the last\n");
  const auto lengths = load_documents("--documents", path);
  ASSERT_TRUE(lengths) << print(lengths.error());
  EXPECT_EQ(*lengths, (Lengths{512, 1024, 1024, 2048, 77}));
}

TEST(LoadDocuments, SaysWhatIsWrongAndWhere) {
  const auto list = load_documents("--documents", "4Q,4Ki*0");
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().size(), 2u);
  EXPECT_EQ(list.error()[0].at.file, "--documents 4Q,4Ki*0");
  const auto problems = load_documents("--documents", saved("wrong.txt", "512\n 12x\n"));
  ASSERT_FALSE(problems);
  EXPECT_EQ(problems.error()[0].at.line, 2);
  EXPECT_EQ(problems.error()[0].at.column, 2);
  EXPECT_FALSE(load_documents("--documents", "no/such/file"));
  EXPECT_FALSE(load_documents("--documents", "4Ki*20000000"));
  EXPECT_FALSE(load_documents("--documents", saved("none.txt", "# nothing\n")));
}

}  // namespace
}  // namespace ithaca
