#include "sim/tree_messages.hpp"

#include "tests/support/collectives.hpp"

namespace ithaca {
namespace {

ScheduleContext context_of(const Cluster& cluster, Group group, int ranks) {
  const auto call = test::call_of(Op::all_reduce, Algorithm::tree, group, ranks, Bytes{1e6});
  return {cluster, call, place(cluster, group, ranks), GroupLayout(cluster, group, ranks), Algorithm::tree, {}};
}

// One server of 8: a chain, which the buffer passes up and down. Its middle sends twice.
TEST(TreeMessages, AChainInAServer) {
  const TreeMessages tree(context_of(test::round_cluster(), {8, 1}, 8), Bytes{1}, true);
  EXPECT_EQ(tree.steps(), 14);
  EXPECT_EQ(tree.busiest(false).near.value(), 2);
  EXPECT_EQ(tree.busiest(false).far.value(), 0);
  std::vector<TreeMessages::Sent> sent;
  tree.add(3, sent);
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0].message.to, 2u);  // up, after four sums have come
  EXPECT_EQ(sent[0].step, 4);
  EXPECT_EQ(sent[1].message.to, 4u);
  EXPECT_EQ(sent[1].step, 10);
}

// Four servers of 8 on 8 channels: each GPU is first on one channel and last on one, so it sends up on 7 and down on 7.
// Trees 0 - 2 - {1, 3} and mirrored: server 2 sends up and twice down in the first, up in the second.
TEST(TreeMessages, PairsOfTreesBetweenServers) {
  const TreeMessages tree(context_of(test::round_cluster(), {32, 1}, 32), Bytes{1}, true);
  EXPECT_NEAR(tree.busiest(false).near.value(), 14.0 / 8, 1e-12);
  EXPECT_NEAR(tree.busiest(false).far.value(), 2, 1e-12);
  const TreeMessages alone(context_of(test::round_cluster(), {32, 1}, 32), Bytes{1}, false);
  EXPECT_EQ(alone.busiest(false).near.value(), 0);
  EXPECT_NEAR(alone.busiest(false).far.value(), 2, 1e-12);
  EXPECT_EQ(alone.steps(), 4);  // two servers deep
}

// Two servers: one half goes up and the other down.
TEST(TreeMessages, TwoServersSendTheBufferOnce) {
  const TreeMessages tree(context_of(test::round_cluster(), {2, 8}, 16), Bytes{1}, true);
  EXPECT_NEAR(tree.busiest(false).far.value(), 1, 1e-12);
}

TEST(TreeMessages, AStreamKeepsTheTwoTreesApartBetweenServers) {
  const TreeMessages tree(context_of(test::round_cluster(), {2, 8}, 16), Bytes{1}, true);
  std::vector<Message> messages;
  tree.add_stream(0, messages);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].to, messages[1].to);
  EXPECT_NE(messages[0].channel, messages[1].channel);
}

}  // namespace
}  // namespace ithaca
