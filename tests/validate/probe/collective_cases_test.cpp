#include "validate/probe/collective_cases.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

constexpr Op kOps[] = {Op::all_gather, Op::reduce_scatter, Op::all_reduce, Op::all_to_all, Op::send_recv};

TEST(CollectiveCases, SizesAreCutToWholeElementsARank) {
  const auto cases = collective_cases({Op::all_gather, Op::all_reduce}, {Bytes{1000}, Bytes{1}}, 3);
  ASSERT_EQ(cases.size(), 4u);
  EXPECT_EQ(cases[0].count, 83u);  // 250 elements, 83 of each of 3 ranks
  EXPECT_EQ(cases[0].message(), Bytes{996});
  EXPECT_EQ(cases[1].message(), Bytes{12});  // at least one element each
  EXPECT_EQ(cases[2].message(), Bytes{1000});
  EXPECT_EQ(cases[3].message(), Bytes{4});
}

/// What `rank` must get, from what all bring, by the definition of the collective.
std::vector<float> result(const CollectiveCase& c, int rank) {
  std::vector<std::vector<float>> all;
  for (int r = 0; r < c.ranks; ++r) all.push_back(brought(c, r));
  const auto me = static_cast<std::size_t>(rank), ranks = static_cast<std::size_t>(c.ranks);
  std::vector<float> got;
  for (std::size_t i = 0; i < c.received(); ++i) {
    float sum = 0;
    for (const auto& one : all) sum += c.op == Op::reduce_scatter ? one[me * c.count + i] : one[i % one.size()];
    if (c.op == Op::all_gather) sum = all[i / c.count][i % c.count];
    if (c.op == Op::all_to_all) sum = all[i / c.count][me * c.count + i % c.count];
    if (c.op == Op::send_recv) sum = all[(me + ranks - 1) % ranks][i];
    got.push_back(sum);
  }
  return got;
}

TEST(CollectiveCases, RightResultsPassAndEveryWrongElementCounts) {
  for (const Op op : kOps)
    for (const int rank : {0, 2}) {
      const CollectiveCase c{op, 3, 20000};  // beyond the period of the values
      std::vector<float> got = result(c, rank);
      EXPECT_EQ(count_wrong(c, rank, got), 0u) << name(op);
      got.front() += 1;
      got.back() -= 1;
      EXPECT_EQ(count_wrong(c, rank, got), 2u) << name(op);
    }
}

TEST(CollectiveCases, AnothersBlockIsNotTakenForOnesOwn) {
  for (const Op op : {Op::reduce_scatter, Op::all_to_all, Op::send_recv}) {
    const CollectiveCase c{op, 4, 4096};
    // Two random numbers out of 2,048 are the same once in 2,048 times: 2 of 4,096, let it be 40 of 16,384.
    EXPECT_GT(count_wrong(c, 1, result(c, 2)), c.received() - 40) << name(op);
  }
}

}  // namespace
}  // namespace ithaca
