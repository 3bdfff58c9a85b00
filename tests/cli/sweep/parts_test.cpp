#include "cli/sweep/parts.hpp"

#include <gtest/gtest.h>

#include <random>

namespace ithaca {
namespace {

SweepCandidate row(double time, double memory, double cost, std::string text) {
  return {{time, memory, cost, true}, std::move(text)};
}

std::string texts(const std::vector<SweepCandidate>& kept) {
  std::string all;
  for (const SweepCandidate& candidate : kept) all += candidate.text;
  return all;
}

std::string kept(SweepKeep by, const std::vector<SweepCandidate>& rows) {
  std::vector<SweepCandidate> group;
  for (const SweepCandidate& candidate : rows) keep(group, candidate, by);
  return texts(group);
}

TEST(SweepKeep, OneOfEachGroup) {
  const std::vector<SweepCandidate> rows{row(2, 5, 3, "a"), row(1, 6, 4, "b"), row(1, 6, 2, "c"), row(3, 4, 9, "d")};
  EXPECT_EQ(kept(SweepKeep::fastest, rows), "b");  // the earlier of two equals
  EXPECT_EQ(kept(SweepKeep::smallest, rows), "d");
  EXPECT_EQ(kept(SweepKeep::cheapest, rows), "c");
  EXPECT_EQ(kept(SweepKeep::all, rows), "abcd");
  EXPECT_EQ(kept(SweepKeep::front, rows), "acd");  // b is as fast and as large as c, and dearer
}

TEST(SweepKeep, WhereNothingFitsTheNearestStandsForTheGroup) {
  const SweepCandidate refused{{}, "refused"}, large{{9, 90, 1, false}, "large"}, less{{9, 80, 1, false}, "less"};
  EXPECT_EQ(kept(SweepKeep::fastest, {refused, large, less}), "less");
  EXPECT_EQ(kept(SweepKeep::fastest, {refused, refused}), "refused");
  EXPECT_EQ(kept(SweepKeep::front, {large, less, row(1, 1, 1, "fits")}), "fits");
}

TEST(SweepKeep, TheFrontIsWhatNobodyDominates) {
  std::mt19937 random(7);
  std::vector<SweepCandidate> rows;
  for (int i = 0; i < 300; ++i) {
    const auto figure = [&] { return static_cast<double>(random() % 20); };
    rows.push_back(row(figure(), figure(), figure(), std::to_string(i) + " "));
  }
  std::string expected;
  for (const SweepCandidate& a : rows) {
    const auto beats = [&](const SweepCandidate& b) { return dominates(b.merit, a.merit); };
    if (std::none_of(rows.begin(), rows.end(), beats)) expected += a.text;
  }
  EXPECT_EQ(kept(SweepKeep::front, rows), expected);
}

/// Rows of 40 points in groups of `group`, cut into chunks of `chunk`.
std::string joined(std::uint64_t group, std::uint64_t chunk, SweepKeep by, std::uint64_t first = 0,
                   std::uint64_t end = 40, SweepPart* state = nullptr) {
  PartJoiner joiner(by, first % group != 0);
  std::string text;
  for (std::uint64_t begin = first; begin < end; begin += chunk) {
    SweepPart part;
    std::vector<SweepCandidate> open;
    bool head = begin % group != 0;
    for (std::uint64_t p = begin; p < std::min(end, begin + chunk); ++p) {
      keep(open, row(static_cast<double>(p * 7 % 11), static_cast<double>(p * 5 % 13), 0, std::to_string(p) + " "), by);
      if ((p + 1) % group != 0) continue;
      if (head) {
        part.head = open;
        part.head_closed = true;
      } else {
        part.text += texts(open);
      }
      head = false;
      open.clear();
    }
    (head ? part.head : part.tail) = open;
    joiner.join(part, text);
  }
  if (state != nullptr) *state = joiner.state();
  return text;
}

TEST(PartJoiner, ChunksDoNotMatter) {
  for (const SweepKeep by : {SweepKeep::fastest, SweepKeep::front}) {
    for (const std::uint64_t group : {1U, 5U, 8U, 40U}) {
      const std::string whole = joined(group, 40, by);
      for (const std::uint64_t chunk : {1U, 3U, 7U, 39U}) EXPECT_EQ(joined(group, chunk, by), whole) << group;
    }
  }
}

TEST(PartJoiner, AShardKeepsWhatItsNeighboursNeed) {
  SweepPart first, second;
  // Groups of 8; the shards meet at point 20, in the middle of the third.
  const std::string front = joined(8, 3, SweepKeep::fastest, 0, 20, &first);
  const std::string back = joined(8, 3, SweepKeep::fastest, 20, 40, &second);
  EXPECT_EQ(second.head.size(), 1u);
  EXPECT_TRUE(second.head_closed);
  for (const SweepCandidate& candidate : second.head) keep(first.tail, candidate, SweepKeep::fastest);
  EXPECT_EQ(front + texts(first.tail) + back, joined(8, 40, SweepKeep::fastest));
}

TEST(SweepPart, PacksAndUnpacks) {
  SweepPart part{{row(1, 2, 3, "h")}, true, "text\n", {row(4, 5, 6, "t"), {{}, ""}}, {7, 8, 6, 5, 1.5, "usp"}};
  const std::string bytes = pack(part);
  const auto back = unpack(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(pack(*back), bytes);
  EXPECT_EQ(back->tail.at(0).text, "t");
  EXPECT_EQ(back->counts.best, 1.5);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) EXPECT_FALSE(unpack(bytes.substr(0, cut)));
  EXPECT_FALSE(unpack(bytes + "x"));
}

}  // namespace
}  // namespace ithaca
