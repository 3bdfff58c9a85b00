#include "validate/tcp/collectives.hpp"

#include <gtest/gtest.h>

#include "tests/support/ranks.hpp"

namespace ithaca {
namespace {

constexpr int kRanks = 4;
std::size_t index(int rank) { return static_cast<std::size_t>(rank); }

/// What rank `from` sends to rank `to`: its size and every element tell both.
std::vector<float> letter(int from, int to) {
  std::vector<float> numbers(index(1000 + 100 * from + 10 * to), static_cast<float>(10 * from + to));
  return numbers;
}

template <class Exchange>
void expect_all_letters(Exchange exchange) {
  test::as_ranks(kRanks, [&](const Mesh& mesh) {
    Blocks to, from;
    double leaving = 0;
    for (int other = 0; other < kRanks; ++other) {
      to.push_back(letter(mesh.rank(), other));
      from.emplace_back(letter(other, mesh.rank()).size());
      if (other != mesh.rank()) leaving += static_cast<double>(to.back().size() * sizeof(float));
    }
    const auto trouble = exchange(mesh, to, from);
    EXPECT_FALSE(trouble) << *trouble;
    for (int other = 0; other < kRanks; ++other) EXPECT_EQ(from[index(other)], letter(other, mesh.rank()));
    EXPECT_EQ(mesh.sent_bytes(), leaving);
  });
}

TEST(Collectives, AllToAllDeliversEveryLetter) { expect_all_letters(all_to_all); }
TEST(Collectives, PairwiseAllToAllDeliversEveryLetter) { expect_all_letters(pairwise_all_to_all); }

TEST(Collectives, AllGatherGivesEveryBlockToAll) {
  test::as_ranks(kRanks, [](const Mesh& mesh) {
    std::vector<float> buffer(4000, -1);
    for (std::size_t i = 0; i < 1000; ++i) buffer[index(mesh.rank()) * 1000 + i] = static_cast<float>(mesh.rank());
    EXPECT_FALSE(all_gather(mesh, buffer));
    for (std::size_t i = 0; i < 4000; ++i) ASSERT_EQ(buffer[i], static_cast<float>(i / 1000));
    EXPECT_EQ(mesh.sent_bytes(), 3 * 1000 * sizeof(float));  // (n - 1) / n of the buffer
  });
}

TEST(Collectives, ReduceScatterLeavesTheSumOfEveryRanksBlock) {
  test::as_ranks(kRanks, [](const Mesh& mesh) {
    std::vector<float> buffer(4000);
    for (std::size_t i = 0; i < 4000; ++i)
      buffer[i] = static_cast<float>(i / 1000 * 10) + static_cast<float>(mesh.rank());
    EXPECT_FALSE(reduce_scatter(mesh, buffer));
    // 4 x 10 block + 0 + 1 + 2 + 3
    for (std::size_t i = 0; i < 1000; ++i)
      ASSERT_EQ(buffer[index(mesh.rank()) * 1000 + i], static_cast<float>(40 * mesh.rank() + 6));
    EXPECT_EQ(mesh.sent_bytes(), 3 * 1000 * sizeof(float));
  });
}

TEST(Collectives, AllReduceSumsEverywhere) {
  test::as_ranks(kRanks, [](const Mesh& mesh) {
    std::vector<float> buffer(400, static_cast<float>(mesh.rank()));
    EXPECT_FALSE(all_reduce(mesh, buffer));
    EXPECT_EQ(buffer, std::vector<float>(400, 6));
  });
}

TEST(Collectives, ShiftAndPingPong) {
  test::as_ranks(kRanks, [](const Mesh& mesh) {
    const std::vector<float> to(5000, static_cast<float>(mesh.rank()));
    std::vector<float> from(5000);
    EXPECT_FALSE(shift(mesh, to, from));
    EXPECT_EQ(from, std::vector<float>(5000, static_cast<float>((mesh.rank() + 3) % 4)));
    std::vector<float> ball(5000, static_cast<float>(mesh.rank()));
    EXPECT_FALSE(ping_pong(mesh, ball));
    EXPECT_EQ(ball[0], mesh.rank() == 1 ? 0 : static_cast<float>(mesh.rank()));
  });
}

TEST(Collectives, ALostRankIsReportedByTheOthers) {
  test::as_ranks(3, [](const Mesh& mesh) {
    if (mesh.rank() == 1) return;
    std::vector<float> buffer(3 << 20);
    const auto trouble = all_gather(mesh, buffer);
    ASSERT_TRUE(trouble);
    EXPECT_NE(trouble->find("rank 1"), std::string::npos) << *trouble;
  });
}

}  // namespace
}  // namespace ithaca
