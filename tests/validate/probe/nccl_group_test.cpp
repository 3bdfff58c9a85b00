#include "validate/probe/nccl_group.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "tests/support/fake_nccl.hpp"
#include "tests/support/ranks.hpp"
#include "validate/probe/layer_check.hpp"
#include "validate/probe/nccl_communicator.hpp"

namespace ithaca {
namespace {

TEST(NcclLibrary, TellsItsVersionAndWhatItLacks) {
  const auto nccl = nccl::load_nccl(test::fake_nccl(false));
  ASSERT_TRUE(nccl) << nccl.error();
  EXPECT_EQ(nccl->version(), "2.28.9");
  EXPECT_EQ(nccl->all_to_all, nullptr);
  const auto none = nccl::load_nccl([](const char*) -> void* { return nullptr; });
  EXPECT_EQ(none.error(), "libnccl.so.2 lacks a function: NCCL 2.7 or newer is needed");
}

/// Calls `work(group, accelerator, mesh)` as every rank.
template <class Work>
void as_nccl_ranks(int ranks, bool has_all_to_all, Work work) {
  const auto nccl = nccl::load_nccl(test::fake_nccl(has_all_to_all));
  ASSERT_TRUE(nccl) << nccl.error();
  nccl::UniqueId id;
  nccl->get_unique_id(&id);
  test::as_ranks(ranks, [&](const Mesh& mesh) {
    test::HostAccelerator accelerator;
    auto group = NcclGroup::join(*nccl, id, accelerator, mesh.rank(), mesh.ranks());
    ASSERT_TRUE(group) << group.error();
    work(**group, accelerator, mesh);
  });
}

void expect_blocks(NcclGroup& group) {
  const int ranks = group.ranks();
  std::vector<float> to, from(static_cast<std::size_t>(ranks)), expected;
  for (int other = 0; other < ranks; ++other) {
    to.push_back(static_cast<float>(10 * group.rank() + other));
    expected.push_back(static_cast<float>(10 * other + group.rank()));
  }
  ASSERT_FALSE(group.all_to_all(to.data(), from.data(), 1, nccl::kFloat32));
  ASSERT_FALSE(group.wait());
  EXPECT_EQ(from, expected);
}

TEST(NcclGroup, AllToAllWithAndWithoutNcclsOwn) {
  for (const bool own : {true, false})
    as_nccl_ranks(3, own, [&](NcclGroup& group, test::HostAccelerator&, const Mesh&) {
      EXPECT_EQ(group.has_all_to_all(), own);
      expect_blocks(group);
    });
}

TEST(NcclGroup, EstimatesWithoutRunning) {
  as_nccl_ranks(2, true, [](NcclGroup& group, test::HostAccelerator&, const Mesh&) {
    std::vector<float> from(2, 1), to(4, 7);
    // One rank alone asks: what ran would wait for the other.
    if (group.rank() == 1) return;
    const auto gather = [&] { return group.all_gather(from.data(), to.data(), 2, nccl::kFloat32); };
    const auto estimate = group.estimate(gather);
    ASSERT_TRUE(estimate);
    EXPECT_NEAR(estimate->value(), 12.5e-6, 1e-12);
    EXPECT_EQ(to, std::vector<float>(4, 7));
    EXPECT_FALSE(group.estimate([&] { return group.shift(from.data(), to.data(), 2, nccl::kFloat32); }));
  });
}

TEST(NcclGroup, AbortLetsACallThatHangsReturn) {
  as_nccl_ranks(2, true, [](NcclGroup& group, test::HostAccelerator&, const Mesh&) {
    if (group.rank() == 1) return;  // never joins the collective
    Watchdog dog(
        Seconds{0.05}, Seconds{5}, [&](const std::string&) { group.abort(); }, [](const std::string&) {});
    const auto step = dog.watch("all-gather");
    std::vector<float> from(1), to(2);
    const auto trouble = group.all_gather(from.data(), to.data(), 1, nccl::kFloat32);
    EXPECT_EQ(trouble, "NCCL, all-gather: remote process exited");
  });
}

TEST(NcclGroup, AbortEndsAWaitForAStreamThatNeverEnds) {
  const int before = test::aborted_communicators();
  as_nccl_ranks(1, true, [](NcclGroup& group, test::HostAccelerator& accelerator, const Mesh&) {
    accelerator.hangs = true;
    std::thread other([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(40));
      group.abort();
    });
    EXPECT_EQ(group.wait(), "given up: other ranks did not answer in time");
    other.join();
  });
  EXPECT_EQ(test::aborted_communicators(), before + 1);
}

/// The algorithm itself over NCCL's calls: equal to one process, and to the model's bytes.
void expect_layers(int ranks, bool has_all_to_all) {
  as_nccl_ranks(ranks, has_all_to_all, [](NcclGroup& group, test::HostAccelerator& accelerator, const Mesh& mesh) {
    Watchdog dog(
        Seconds{20}, Seconds{1}, [&](const std::string&) { group.abort(); }, [](const std::string&) {});
    NcclCommunicator communicator(group, accelerator, dog);
    const auto results = check_layers(communicator, mesh);
    ASSERT_TRUE(results) << results.error();
    EXPECT_EQ(results->size(), 14u);  // causal and full: Ulysses 4, Megatron-SP 3
    for (const LayerResult& r : *results) {
      EXPECT_TRUE(r.is_right()) << r.name << " is off by " << r.difference;
      EXPECT_EQ(r.sent_bytes, r.model_bytes) << r.name;
      EXPECT_GT(r.sent_bytes, 0) << r.name;
    }
  });
}

TEST(NcclCommunicator, LayersOverTwoRanks) { expect_layers(2, true); }
TEST(NcclCommunicator, LayersOverThreeRanks) { expect_layers(3, false); }

}  // namespace
}  // namespace ithaca
