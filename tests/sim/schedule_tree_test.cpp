#include "tests/support/collectives.hpp"

namespace ithaca {
namespace {

using test::call_of;
using test::round_cluster;

/// Sums go up and come down: every message is of the sum that its sender has by then.
void expect_reduces(const Cluster& cluster, int size, int stride, int ranks) {
  const auto rounds =
      test::sent_by_round(cluster, call_of(Op::all_reduce, Algorithm::tree, {size, stride}, ranks, Bytes{1e6}, true));
  std::map<std::uint32_t, std::map<std::uint32_t, std::set<std::uint32_t>>> summed;  // by channel, then by rank
  double bytes = 0;
  for (std::size_t i = 0; i < rounds.size(); ++i) {
    for (const Message& m : rounds[i]) {
      auto& channel = summed[m.channel];
      bytes += m.bytes.value();
      for (const std::uint32_t rank : {m.from, m.to}) channel[rank].insert(rank);
      if (i < rounds.size() / 2) {
        for (const std::uint32_t rank : channel[m.from])
          EXPECT_TRUE(channel[m.to].insert(rank).second) << "counted twice";
      } else {
        EXPECT_EQ(static_cast<int>(channel[m.from].size()), size) << "sent before the sum was whole";
        channel[m.to] = channel[m.from];
      }
    }
  }
  for (const auto& [c, channel] : summed) {
    EXPECT_EQ(static_cast<int>(channel.size()), ranks);
    for (const auto& [rank, ranks_in] : channel) EXPECT_EQ(static_cast<int>(ranks_in.size()), size) << rank;
  }
  // Every rank but the root passes the buffer up once and gets it once, whatever the channels.
  EXPECT_NEAR(bytes, 2.0 * (size - 1) * (ranks / size) * 1e6, 1e-3);
}

TEST(TreeSchedule, SumsEveryRankOnceAndTellsAll) {
  expect_reduces(round_cluster(), 8, 1, 8);
  expect_reduces(round_cluster(), 2, 1, 4);
  expect_reduces(round_cluster(), 32, 1, 32);
  expect_reduces(round_cluster(), 24, 1, 48);
  expect_reduces(round_cluster(), 6, 8, 48);
  expect_reduces(round_cluster(), 10, 4, 40);
  Cluster mesh = round_cluster();
  mesh.scale_up = ScaleUp::mesh;
  expect_reduces(mesh, 4, 1, 4);
  expect_reduces(mesh, 16, 1, 16);
}

TEST(TreeSchedule, AStreamIsItsRoundsTogether) {
  auto call = call_of(Op::all_reduce, Algorithm::tree, {32, 1}, 32, Bytes{1e6});
  const double stream = test::total_bytes(test::sent_by_round(round_cluster(), call));
  call.step_by_step = true;
  EXPECT_NEAR(stream, test::total_bytes(test::sent_by_round(round_cluster(), call)), 1e-3);
  EXPECT_NEAR(stream, 2 * 31 * 1e6, 1e-3);
}

// No server sends more than twice the buffer, and the pair of trees comes near that at every server: with 8 servers,
// inner ones send 3/2 as a node inside (to a parent and two children, halves) and 1/2 as a leaf.
TEST(TreeSchedule, ServersAreLoadedAlike) {
  std::map<std::uint32_t, double> sent;
  for (const auto& round :
       test::sent_by_round(round_cluster(), call_of(Op::all_reduce, Algorithm::tree, {64, 1}, 64, Bytes{1})))
    for (const Message& m : round) {
      if (m.from / 8 != m.to / 8) sent[m.from / 8] += m.bytes.value();
    }
  ASSERT_EQ(sent.size(), 8u);
  for (const auto& [server, bytes] : sent) {
    EXPECT_LE(bytes, 2 + 1e-12);
    EXPECT_GE(bytes, 1 - 1e-12);  // the root of one tree: 1/2 to its child, 1/2 as a leaf of the other
  }
  EXPECT_NEAR(sent[2], 2, 1e-12);
}

}  // namespace
}  // namespace ithaca
