#include "cli/sweep/heat.hpp"

#include "tests/cli/widths.hpp"

namespace ithaca {
namespace {

SweepAxis axis(const std::string& name, std::vector<std::string> words) {
  SweepAxis a;
  a.name = name;
  a.words = std::move(words);
  return a;
}

TEST(HeatMap, AMapForEachCombinationOfTheOtherAxes) {
  const std::vector<SweepAxis> axes{axis("model", {"a", "b"}), axis("gpus", {"8", "16"}), axis("seq", {"1", "2"})};
  HeatMap map(axes, "step.time_s", {80, false});
  EXPECT_EQ(map.take("1.5\n2\n\n"), "");
  EXPECT_EQ(map.take("40\n9\n9\n9\n9\n"),
            "step.time_s: gpus down, seq across; model a\n"
            "      1    2\n"
            " 8 1.50 2.00\n"
            "16    - 40.0\n"
            "\n"
            "step.time_s: gpus down, seq across; model b\n"
            "      1    2\n"
            " 8 9.00 9.00\n"
            "16 9.00 9.00\n");
}

TEST(HeatMap, ShadesWhereItIsTooWide) {
  std::vector<std::string> words, cells;
  std::string lines;
  for (int i = 0; i < 30; ++i) {
    words.push_back(std::to_string(i));
    lines += std::to_string(i) + "\n";
  }
  const std::vector<SweepAxis> axes{axis("gpus", {"8"}), axis("seq", words)};
  const std::string text = HeatMap(axes, "f", {80, false}).take(lines);
  test::expect_no_wider(text, 80);
  // 30 values in 9 shades, cut at 30 i / 9: 3, 6, 10, 13, 16, 20, 23 and 26.
  EXPECT_TRUE(test::contains(text, "\n8 ...:::----===+++****###%%%@@@@\nseq from 0 to 29; . 0 to @ 29.0\n")) << text;
  EXPECT_TRUE(test::contains(HeatMap(axes, "f", {80, true}).take(lines), "\x1b[48;5;22m"));
}

TEST(HeatMap, LettersOfWordsWhereItIsTooWide) {
  const std::vector<SweepAxis> axes{axis("gpus", {"8"}), axis("seq", {"1", "2", "3", "4"})};
  const std::string text = HeatMap(axes, "strategy", {40, false}).take("usp\nulysses\n\nmegatron_sp\n");
  EXPECT_TRUE(test::contains(text, "  1 2 3 4\n8 s u   m\nm megatron_sp, u ulysses, s usp; blank:\n")) << text;
}

TEST(HeatMap, WordsStandAsTheyAre) {
  const std::vector<SweepAxis> axes{axis("gpus", {"8"}), axis("seq", {"1", "2"})};
  EXPECT_TRUE(test::contains(HeatMap(axes, "strategy", {80, false}).take("ring\nusp\n"), "\n8 ring  usp\n"));
}

}  // namespace
}  // namespace ithaca
