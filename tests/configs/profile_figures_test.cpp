#include "configs/reader/profile_figures.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

Document parse(std::string text, std::string file = "own/profile.yaml") {
  auto document = parse_document(std::move(file), std::move(text));
  if (document) return *document;
  ADD_FAILURE() << print(document.error());
  return {};
}

TEST(Devices, AreAtLeastOneAndFitAnInt) {
  EXPECT_FALSE(parse_devices("0"));
  EXPECT_FALSE(parse_devices("16777217"));
  EXPECT_EQ(parse_devices("16777216").value(), 16777216);
}

TEST(Beside, ResolvesPathsAndLeavesNames) {
  const Document document = parse("a: 1");
  EXPECT_EQ(beside(document, "h100-sxm"), "h100-sxm");
  EXPECT_EQ(beside(document, "gpu.yaml"), "own/gpu.yaml");
  EXPECT_EQ(beside(document, "../gpu.yaml"), "own/../gpu.yaml");
  EXPECT_EQ(beside(document, "/there/gpu.yaml"), "/there/gpu.yaml");
  EXPECT_EQ(beside(parse("a: 1", "profile.yaml"), "gpu.yaml"), "gpu.yaml");
}

TEST(Choose, NamesTheWords) {
  const Document document = parse("kind: swiched\nother: mesh\n");
  Diagnostics diagnostics;
  Fields fields(document, document.root, "test", diagnostics);
  EXPECT_EQ(choose(fields, "other", {"switched", "mesh"}), 1u);
  EXPECT_TRUE(diagnostics.empty());
  EXPECT_EQ(choose(fields, "kind", {"switched", "mesh"}), 0u);
  EXPECT_EQ(choose(fields, "absent", {"switched", "mesh"}), 0u);
  ASSERT_EQ(diagnostics.size(), 2u);
  EXPECT_NE(diagnostics[0].hint.find("switched"), std::string::npos);
  EXPECT_EQ(diagnostics[0].next, "write one of switched, mesh");
}

TEST(Figures, KeepARecordAndCompare) {
  const Document document = parse(
      "sources: {list: a price list}\n"
      "small: {value: 5GBps, from: list, note: twice}\n"
      "large: {value: 4GBps, from: list, mark: measured}\n");
  Diagnostics diagnostics;
  Fields fields(document, document.root, "test", diagnostics);
  std::vector<FigureSource> record;
  Figures figures(fields, fields.map("sources"), "link.", record);
  const auto small = figures.need("small", parse_rate);
  const auto large = figures.need("large", parse_rate);
  EXPECT_EQ(figures.maybe("absent", parse_rate).node, nullptr);
  ASSERT_EQ(record.size(), 2u);
  EXPECT_EQ(record[0].figure, "link.small");
  EXPECT_EQ(record[0].value, "5GBps");
  EXPECT_EQ(record[0].source, "a price list (twice)");
  EXPECT_EQ(record[0].mark, Mark::datasheet);
  EXPECT_EQ(record[1].mark, Mark::measured);

  figures.at_most("large", large, "small", small);
  EXPECT_TRUE(diagnostics.empty());
  figures.at_most("small", small, "large", large);
  ASSERT_EQ(diagnostics.size(), 1u);
  EXPECT_EQ(diagnostics[0].at.line, 2);
  ASSERT_TRUE(diagnostics[0].conflicts);
  EXPECT_EQ(diagnostics[0].conflicts->line, 3);
}

}  // namespace
}  // namespace ithaca
