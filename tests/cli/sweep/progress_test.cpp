#include "cli/sweep/progress.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

SweepCounts after(std::uint64_t points) {
  SweepCounts counts;
  counts.points = points;
  counts.best = 1.42;
  counts.best_words = "ring 8";
  return counts;
}

TEST(SweepProgress, ALineEachTenthElsewhere) {
  SweepProgress progress(1000, 0, false, 80);
  EXPECT_EQ(progress.update(after(50), 0.5), "");  // too soon to be of interest
  EXPECT_EQ(progress.update(after(99), 2), "");
  // 250 points in 2.5 s: 100 a second, 7.5 s for the other 750.
  EXPECT_EQ(progress.update(after(250), 2.5), "250/1,000 points (25 %)  100/s  7.5 s left  best 1.42 s (ring 8)\n");
  EXPECT_EQ(progress.update(after(299), 2.9), "");
  EXPECT_NE(progress.update(after(300), 3), "");
}

TEST(SweepProgress, ABarOnATerminal) {
  SweepProgress progress(1000, 200, true, 40);
  EXPECT_EQ(progress.clear(), "");
  const std::string line = progress.update(after(500), 2);
  // Too narrow for the layout and the bar: cut a column short of the edge, behind it the rest is cleared.
  EXPECT_EQ(line, "\r500/1,000 points (50 %)  150/s  3.3 s l\x1b[K");
  SweepProgress wide(1000, 200, true, 80);
  // 79 columns less 64 of words, two brackets and a blank leave 12 for the bar, half full.
  EXPECT_EQ(wide.update(after(500), 2),
            "\r[######......] 500/1,000 points (50 %)  150/s  3.3 s left  best 1.42 s (ring 8)\x1b[K");
  EXPECT_EQ(progress.update(after(501), 2.05), "");
  EXPECT_NE(progress.clear(), "");
}

TEST(DurationWords, AsPeopleSayThem) {
  EXPECT_EQ(duration_words(0.44), "0.4 s");
  EXPECT_EQ(duration_words(45), "45 s");
  EXPECT_EQ(duration_words(200), "3 min 20 s");
  EXPECT_EQ(duration_words(7500), "2 h 5 min");
}

}  // namespace
}  // namespace ithaca
