#include "configs/reader/byte_range.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

std::vector<double> sizes(std::string_view text) {
  std::vector<double> values;
  const auto parsed = parse_byte_range(text);
  EXPECT_TRUE(parsed) << parsed.error().what;
  if (parsed) {
    for (const Bytes size : *parsed) values.push_back(size.value());
  }
  return values;
}

std::string error(std::string_view text) {
  const auto parsed = parse_byte_range(text);
  return parsed ? "" : parsed.error().what;
}

TEST(ByteRange, FactorsStepsListsAndSingles) {
  EXPECT_EQ(sizes("1KiB..16KiB*4"), (std::vector<double>{1024, 4096, 16384}));
  EXPECT_EQ(sizes("1KiB..15KiB*4"), (std::vector<double>{1024, 4096}));
  EXPECT_EQ(sizes("1KB..4KB*1.5"), (std::vector<double>{1000, 1500, 2250, 3375}));
  EXPECT_EQ(sizes("8MiB..24MiB+8MiB"), (std::vector<double>{8388608, 16777216, 25165824}));
  EXPECT_EQ(sizes("[3MB,1MB]"), (std::vector<double>{3e6, 1e6}));
  EXPECT_EQ(sizes("16MB"), (std::vector<double>{16e6}));
}

TEST(ByteRange, Mistakes) {
  EXPECT_EQ(error("1KiB..1GiB"), "'1KiB..1GiB' does not say in which steps");
  EXPECT_EQ(error("2KiB..1KiB*2"), "'2KiB..1KiB*2' ends below its beginning");
  EXPECT_EQ(error("1KiB..2KiB*1"), "'1KiB..2KiB*1' needs a factor above 1");
  EXPECT_EQ(error("1KiB..2KiB*x"), "'1KiB..2KiB*x' needs a factor above 1");
  EXPECT_EQ(error("1KiB..2KiB*"), "'1KiB..2KiB*' needs a factor above 1");
  EXPECT_EQ(error("1B..1GB+1B"), "'1B..1GB+1B' has more than 1,000 sizes");
  for (const char* text : {"", "1024", "[]", "[1KiB,]", "..", "1KiB..*2", "1KiB..2..3KiB*2", "..1KiB*2", "[1KiB"})
    EXPECT_NE(error(text), "") << text;
}

TEST(CountRange, FactorsStepsListsAndSingles) {
  using Counts = std::vector<std::int64_t>;
  const auto counts = [](std::string_view text) { return parse_count_range(text).value(); };
  EXPECT_EQ(counts("8..64*2"), (Counts{8, 16, 32, 64}));
  EXPECT_EQ(counts("8..30+8"), (Counts{8, 16, 24}));
  EXPECT_EQ(counts("[16,12]"), (Counts{16, 12}));
  EXPECT_EQ(counts("40"), (Counts{40}));
  EXPECT_EQ(counts("1..5*1.5"), (Counts{1, 2, 3}));  // 1, 1.5, 2.25, 3.375; 5.06 is beyond
}

TEST(CountRange, Mistakes) {
  for (const char* text : {"", "0", "8GiB", "[]", "8..", "8..4*2", "8..16", "8..16*1", "8..16+0", "1..2000+1"})
    EXPECT_FALSE(parse_count_range(text)) << text;
  EXPECT_EQ(parse_count_range("8..16").error().next, "write 8..512*2, 8..64+8, [16,32,64] or 8");
}

TEST(CountRange, AStepThatMovesNothingIsNoStep) {
  EXPECT_FALSE(parse_count_range("1..1000*1.0000000000001"));  // 7e12 steps to 2
}

}  // namespace
}  // namespace ithaca
