#include "sim/message_counts.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

TEST(MessageCounts, AddUpByPlaceAndClass) {
  MessageCounts counts(1000);
  // Place p has to do with the classes 0 to p, p + 1 times with each, and once more with class 0.
  for (std::uint32_t p = 0; p < 20; ++p) {
    for (std::uint32_t m = 0; m <= p; ++m) counts.add(p, m, p + 1);
    counts.add(p, 0, 1);
  }
  ASSERT_TRUE(counts.fit());
  const auto rows = counts.rows(21);
  for (std::uint32_t p = 0; p < 20; ++p) {
    ASSERT_EQ(rows[p].size(), p + 1U);
    for (std::uint32_t m = 0; m < 21; ++m) EXPECT_EQ(rows.count(p, m), m > p ? 0U : p + 1U + (m == 0 ? 1U : 0U));
  }
  EXPECT_TRUE(rows[20].empty());
}

TEST(MessageCounts, RowsOfDifferentPlacesAreComparedByClassAndCount) {
  MessageCounts counts(1000);
  for (const std::uint64_t place : {3, 5}) {
    counts.add(place, 7, 2);
    counts.add(place, 1, 4);
  }
  counts.add(6, 7, 2);
  counts.add(6, 1, 5);
  const auto rows = counts.rows(7);
  EXPECT_TRUE(std::ranges::equal(rows[3], rows[5]));
  EXPECT_FALSE(std::ranges::equal(rows[3], rows[6]));
  EXPECT_FALSE(std::ranges::equal(rows[3], rows[4]));
}

TEST(MessageCounts, HoldNoMoreThanTheyMay) {
  MessageCounts counts(10);
  for (std::uint32_t m = 0; m < 10; ++m) counts.add(0, m, 1);
  counts.add(0, 3, 1);  // is there already
  EXPECT_TRUE(counts.fit());
  counts.add(1, 0, 1);
  EXPECT_FALSE(counts.fit());
}

}  // namespace
}  // namespace ithaca
