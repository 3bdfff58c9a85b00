#include "validate/probe/measure_collectives.hpp"

#include <gtest/gtest.h>

#include <mutex>

#include "tests/support/fake_nccl.hpp"
#include "tests/support/machines.hpp"
#include "tests/support/ranks.hpp"

namespace ithaca {
namespace {

struct Outcome {
  CollectiveSamples table;
  Trouble trouble;
  int saved = 0;
};

CollectivePlan plan(std::vector<Op> ops, std::vector<Bytes> sizes) {
  CollectivePlan plan;
  plan.ops = std::move(ops);
  plan.sizes = std::move(sizes);
  plan.rule.warm_least = 3;
  plan.rule.warm_most = 4;
  plan.rule.least = 6;
  plan.rule.most = 8;
  return plan;
}

/// Runs the plan of each rank; what they saw, by rank.
template <class Change>
std::vector<Outcome> run(int ranks, Seconds patience, const MakeAttention& attention, Change plan_of) {
  std::vector<Outcome> outcomes(static_cast<std::size_t>(ranks));
  const auto nccl = nccl::load_nccl(test::fake_nccl());
  nccl::UniqueId id;
  nccl->get_unique_id(&id);
  test::as_ranks(ranks, [&](const Mesh& mesh) {
    test::HostAccelerator accelerator;
    auto group = NcclGroup::join(*nccl, id, accelerator, mesh.rank(), mesh.ranks());
    ASSERT_TRUE(group) << group.error();
    Watchdog dog(
        patience, Seconds{5}, [&](const std::string&) { (*group)->abort(); }, [](const std::string&) {});
    Outcome& mine = outcomes[static_cast<std::size_t>(mesh.rank())];
    const CollectivePlan own = plan_of(accelerator, mesh.rank());
    mine.trouble = measure_collectives({**group, accelerator, mesh, dog}, own, {1, "a test"}, attention, mine.table,
                                       [&] { ++mine.saved; });
  });
  return outcomes;
}

TEST(MeasureCollectives, EveryCollectiveIsCheckedAndTimedAlikeOnAllRanks) {
  const std::vector<Op> ops{Op::all_gather, Op::reduce_scatter, Op::all_reduce, Op::all_to_all, Op::send_recv};
  const auto outcomes = run(3, Seconds{20}, {}, [&](auto&, int) { return plan(ops, {Bytes{12000}, Bytes{120000}}); });
  for (const Outcome& o : outcomes) {
    EXPECT_FALSE(o.trouble) << *o.trouble;
    EXPECT_TRUE(o.table.left_out.empty());
    ASSERT_EQ(o.table.samples.size(), 10u);
    EXPECT_EQ(o.saved, 10);
    for (std::size_t i = 0; i < 10; ++i) {
      const CollectiveSample& s = o.table.samples[i];
      EXPECT_EQ(s.time, outcomes[0].table.samples[i].time);
      EXPECT_EQ(s.message, Bytes{i % 2 == 0 ? 12000.0 : 120000.0});
      EXPECT_EQ(s.wrong, 0);
      EXPECT_EQ(s.doubt, "a test");
      EXPECT_GE(s.spread->timings, 6);
      EXPECT_GT(s.spread->mean.value(), 0);
      EXPECT_LE(s.spread->mean, s.spread->p90);  // the mean over ranks of a median is below what the slowest take
      EXPECT_EQ(s.estimate.has_value(), s.op != Op::all_to_all && s.op != Op::send_recv);
    }
  }
}

TEST(MeasureCollectives, PatternsOfAModelWithItsAttention) {
  std::atomic<int> calls{0};
  const MakeAttention attention = [&](std::int64_t) -> Result<Attention, std::string> {
    return Attention([&] { return ++calls, Trouble{}; });
  };
  const auto outcomes = run(2, Seconds{20}, attention, [](auto&, int) {
    CollectivePlan p = plan({}, {});
    p.model = test::llama3_8b();
    p.lengths = {64};
    return p;
  });
  for (const Outcome& o : outcomes) {
    EXPECT_FALSE(o.trouble) << *o.trouble;
    ASSERT_EQ(o.table.patterns.size(), 2u);
    EXPECT_EQ(o.table.patterns[0].pattern, "megatron_sp");
    // 4 e b N h (t - 1) / t = 4 x 2 x 64 x 4096 / 2
    EXPECT_EQ(o.table.patterns[0].sent, Bytes{4.0 * 2 * 64 * 4096 / 2});
    EXPECT_FALSE(o.table.patterns[0].attention);
    EXPECT_EQ(o.table.patterns[1].pattern, "ulysses");
    // e b N/P d [(a - q) + 2 (K - k) + (P-1) q], a = 32, q = 16, K = 8, k = 4: 16 + 8 + 16 = 40 heads of 128
    EXPECT_EQ(o.table.patterns[1].sent, Bytes{2.0 * 32 * 128 * 40});
    EXPECT_TRUE(o.table.patterns[1].attention);
  }
  EXPECT_GT(calls, 2 * 2 * 6);  // both ranks, in the pattern and alone
}

TEST(MeasureCollectives, WhatOneRankCannotHoldIsLeftOutByAll) {
  const auto outcomes = run(2, Seconds{20}, {}, [](test::HostAccelerator& accelerator, int rank) {
    if (rank == 1) accelerator.limit = Bytes{5000};
    return plan({Op::all_reduce}, {Bytes{4000}, Bytes{8000}});
  });
  for (const Outcome& o : outcomes) {
    EXPECT_FALSE(o.trouble);
    EXPECT_EQ(o.table.samples.size(), 1u);
    ASSERT_EQ(o.table.left_out.size(), 1u);
    EXPECT_EQ(o.table.left_out[0], "all_reduce of 7.81 KiB: rank 1: memory: out of memory");
  }
}

TEST(MeasureCollectives, WrongElementsAreCountedAndNotTimed) {
  const auto outcomes = run(2, Seconds{20}, {}, [](test::HostAccelerator& accelerator, int rank) {
    accelerator.corrupted = rank;
    return plan({Op::all_to_all}, {Bytes{4000}});
  });
  for (const Outcome& o : outcomes) {
    EXPECT_FALSE(o.trouble);
    EXPECT_TRUE(o.table.samples.empty());
    ASSERT_EQ(o.table.left_out.size(), 1u);
    EXPECT_EQ(o.table.left_out[0], "all_to_all of 3.91 KiB: elements that are wrong: 1");
  }
}

TEST(MeasureCollectives, AHangEndsItAndWhatWasMeasuredIsKept) {
  const auto outcomes = run(2, Seconds{0.5}, {}, [](auto&, int rank) {
    // Rank 1 stops after the first collective, and so never joins the second.
    return plan(rank == 0 ? std::vector<Op>{Op::all_gather, Op::all_reduce} : std::vector<Op>{Op::all_gather},
                {Bytes{4000}});
  });
  EXPECT_FALSE(outcomes[1].trouble);
  EXPECT_EQ(outcomes[0].table.samples.size(), 1u);
  EXPECT_EQ(outcomes[0].saved, 1);
  ASSERT_TRUE(outcomes[0].trouble);
  EXPECT_NE(outcomes[0].trouble->find("all_reduce of 3.91 KiB: rank 1: "), std::string::npos) << *outcomes[0].trouble;
}

}  // namespace
}  // namespace ithaca
