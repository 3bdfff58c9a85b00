#include "model/collective.hpp"

#include <gtest/gtest.h>

#include "model/nccl.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

using test::round_cluster;

constexpr double kGB = 1e9;

Placement at(int size, int stride, int machine) { return place(round_cluster(), {size, stride}, machine); }

TEST(Placement, GroupsOnNodesOfEight) {
  // Consecutive ranks fill nodes; strided ranks share a node 8/stride at a time, and the others of the node use its
  // NICs at the same time.
  EXPECT_EQ(at(32, 1, 32).levels[0].members, 8);
  EXPECT_EQ(at(32, 1, 32).nodes, 4);
  EXPECT_EQ(at(32, 1, 32).levels[0].sharers, 1);
  EXPECT_EQ(at(2, 32, 64).levels[0].members, 1);
  EXPECT_EQ(at(2, 32, 64).levels[0].sharers, 8);
  EXPECT_EQ(at(8, 2, 16).levels[0].members, 4);
  EXPECT_EQ(at(8, 2, 16).levels[0].sharers, 2);
  EXPECT_EQ(at(4, 1, 64).nodes, 1);
  EXPECT_EQ(at(5, 1, 5).nodes, 1);
}

TEST(Placement, CountsTheRanksOfAGroupInEachDomain) {
  // Ranks 0, stride, 2 stride ... of the first group, counted one by one in the first server and the first scalable
  // unit of 4 servers; of powers of two no group is cut unevenly.
  Cluster cluster = round_cluster();
  cluster.domains.push_back({.uplink = Domain::Uplink::tier, .gpus = 32, .peak = cluster.domains[0].peak});
  for (int size = 1; size <= 64; size *= 2) {
    for (int stride = 1; size * stride <= 128; stride *= 2) {
      const Placement p = place(cluster, {size, stride}, 128);
      for (std::size_t level = 0; level < 2; ++level) {
        int members = 0;
        for (int rank = 0; rank < size; ++rank) members += rank * stride < cluster.domains[level].gpus;
        EXPECT_EQ(p.levels[level].members, members) << size << " x " << stride << ", level " << level;
      }
    }
  }
}

TEST(Placement, GroupsThatStraddleNodes) {
  EXPECT_EQ(at(12, 1, 12).levels[0].members, 4);  // 8 and 4: the lonelier part counts
  EXPECT_EQ(at(12, 1, 24).levels[0].members, 4);  // 8+4 | 4+8
  EXPECT_EQ(at(40, 1, 40).nodes, 5);
  EXPECT_EQ(at(12, 1, 12).nodes, 2);
  EXPECT_EQ(at(12, 1, 24).nodes, 2);
  EXPECT_EQ(at(14, 1, 28).nodes, 3);  // 2+8+4
  EXPECT_EQ(at(6, 1, 6).nodes, 1);
  EXPECT_EQ(at(6, 1, 24).nodes, 2);  // 6 | 2+4 | 4+2 | 6
  EXPECT_EQ(at(3, 4, 12).nodes, 2);  // 0, 4, 8
  EXPECT_EQ(at(3, 4, 24).nodes, 2);  // and 12, 16, 20
  EXPECT_EQ(at(3, 16, 48).nodes, 3);
  EXPECT_EQ(at(2, 3, 6).nodes, 1);                // 0, 3 | 1, 4 | 2, 5
  EXPECT_EQ(at(2, 3, 12).nodes, 2);               // and 6, 9
  EXPECT_EQ(at(14, 1, 14).levels[0].members, 6);  // 8 and 6
  EXPECT_EQ(at(14, 1, 28).levels[0].members, 2);  // 8+6 | 2+8+4
  EXPECT_EQ(at(2, 1, 4).levels[0].sharers, 2);    // of four GPUs in use
}

TEST(Collective, LargeAllGatherInANode) {
  // 8 GB gathered by 8: 7 GB pass each port at 400 GB/s: 17.5 ms; ring latency Simple 8.4 + 7 * 3.4 = 32.2 us.
  const CollectiveCost cost = all_gather_cost(round_cluster(), at(8, 1, 8), Bytes{8 * kGB});
  EXPECT_NEAR(cost.transfer.value(), 17.5e-3, 1e-9);
  EXPECT_NEAR(cost.latency.value(), 32.2e-6, 1e-12);
  EXPECT_NEAR(cost.bound.value(), 7.0 / 450, 1e-12);  // the port's wire rate
}

TEST(Collective, AllGatherAcrossNodesIsBoundByTheNics) {
  // 32 GB over 4 nodes of 8: 31 GB pass each port (77.5 ms) and each node's NICs at 384 GB/s: 80.7 ms.
  const CollectiveCost cost = all_gather_cost(round_cluster(), at(32, 1, 32), Bytes{32 * kGB});
  EXPECT_NEAR(cost.transfer.value(), 31.0 / 384, 1e-9);
  // Simple: 8.4 + 28 hops of max(3.4, 3 * 1) + 3 network hops of 14: 8.4 + 95.2 + 42 us.
  EXPECT_NEAR(cost.latency.value(), 145.6e-6, 1e-11);
  // Bound: 24 of the 32 GB lie outside a node and enter at 400 GB/s.
  EXPECT_NEAR(cost.bound.value(), 24.0 / 400, 1e-9);
}

TEST(Collective, AllReduceByASimpleRingWaitsLongerAcrossNodes) {
  // 8.4 + 56 hops of 3.4 + 6 between nodes of 14 us, and by tuning.cc 1.4 times that, 1.9 times before Ampere.
  Cluster cluster = round_cluster();
  const auto latency = [&](Op op, int gpus) {
    return collective_cost(cluster, at(gpus, 1, gpus), op, Bytes{32 * kGB}, Algorithm::ring)->latency.value();
  };
  EXPECT_NEAR(latency(Op::all_reduce, 32), 1.4 * 282.8e-6, 1e-11);
  EXPECT_NEAR(latency(Op::reduce_scatter, 32), 145.6e-6, 1e-11);
  EXPECT_NEAR(latency(Op::all_reduce, 8), 56e-6, 1e-11);  // 8.4 + 14 x 3.4
  cluster.gpu.arch = 80;
  EXPECT_NEAR(latency(Op::all_reduce, 32), 1.4 * 282.8e-6, 1e-11);
  cluster.gpu.arch = 70;
  EXPECT_NEAR(latency(Op::all_reduce, 32), 1.9 * 282.8e-6, 1e-11);
}

TEST(Collective, NicsBehindACpuRuleOutLL128BetweenNodes) {
  // 1 MiB in a node of 8 and by all of 32 GPUs: LL128 where it may be used.
  Cluster cluster = round_cluster();
  const auto protocol = [&](int gpus) {
    return collective_cost(cluster, at(gpus, 1, gpus), Op::all_reduce, Bytes{4 << 20}, Algorithm::tree)->protocol;
  };
  EXPECT_EQ(protocol(8), Protocol::ll128);
  EXPECT_EQ(protocol(32), Protocol::ll128);
  cluster.ll128_across_nodes = false;
  EXPECT_EQ(protocol(8), Protocol::ll128);
  EXPECT_NE(protocol(32), Protocol::ll128);
}

TEST(Collective, SmallMessagesTakeTheLowLatencyProtocol) {
  // LL ring of 8: 6.6 + 7 * 0.6 = 10.8 us.
  const CollectiveCost cost = all_gather_cost(round_cluster(), at(8, 1, 8), Bytes{1024});
  EXPECT_NEAR(cost.latency.value(), 10.8e-6, 1e-12);
}

TEST(Collective, LatencyGrowsWithTheRing) {
  // Calculon charges one latency whatever the rank count (peers' mistake 6).
  const Bytes tiny{64};
  const Seconds two = all_gather_cost(round_cluster(), at(2, 1, 2), tiny).latency;
  const Seconds eight = all_gather_cost(round_cluster(), at(8, 1, 8), tiny).latency;
  EXPECT_NEAR((eight - two).value(), 6 * 0.6e-6, 1e-12);
}

TEST(Collective, AllToAllAcrossNodes) {
  // Each of 32 ranks sends 3.1 GB to 31 peers, 0.1 each: 0.7 GB in the node at 300 GB/s, 2.4 GB out through its NIC at
  // 320/8 = 40 GB/s: 60 ms. SimuMax multiplied by (P-1)/P and (k-1)/k both and made the node's part free (mistake 2).
  const CollectiveCost cost = all_to_all_cost(round_cluster(), at(32, 1, 32), Bytes{3.1 * kGB});
  EXPECT_NEAR(cost.transfer.value(), 2.4 / 40, 1e-9);
  EXPECT_NEAR(cost.bound.value(), 2.4 / 50, 1e-9);
  const CollectiveCost inside = all_to_all_cost(round_cluster(), at(8, 1, 8), Bytes{0.7 * kGB});
  EXPECT_NEAR(inside.transfer.value(), 0.7 / 300, 1e-9);
}

TEST(Collective, GroupsShareTheNics) {
  // Eight strided pairs leave a node together: each gets 1/8 of 384 GB/s.
  const CollectiveCost shared = send_recv_cost(round_cluster(), at(2, 32, 64), Bytes{kGB});
  EXPECT_NEAR(shared.transfer.value(), 1.0 / 48, 1e-9);
  // A ring along consecutive ranks leaves each node at one GPU only and still passes one NIC.
  const CollectiveCost boundary = send_recv_cost(round_cluster(), at(64, 1, 64), Bytes{kGB});
  EXPECT_NEAR(boundary.transfer.value(), 1.0 / 48, 1e-9);
  // A server with one NIC puts all that it has behind that GPU.
  Cluster one = round_cluster();
  one.domains[0].ports = 1;
  EXPECT_NEAR(send_recv_cost(one, place(one, {64, 1}, 64), Bytes{kGB}).transfer.value(), 1.0 / 384, 1e-9);
}

TEST(Collective, AllReduceInTheSwitch) {
  // NVLS with 480 GB/s of bus bandwidth on 8: S * 2 * 7/8 / 480; bound S/W. Ring: S * 1.75 / 400.
  Cluster cluster = round_cluster();
  const double ring = all_reduce_cost(cluster, at(8, 1, 8), Bytes{8 * kGB}).transfer.value();
  EXPECT_NEAR(ring, 8 * 1.75 / 400, 1e-9);
  cluster.port_achieved_nvls = BytesPerSecond{480e9};
  const CollectiveCost nvls = all_reduce_cost(cluster, place(cluster, {8, 1}, 8), Bytes{8 * kGB});
  EXPECT_NEAR(nvls.transfer.value(), 8 * 1.75 / 480, 1e-9);
  EXPECT_NEAR(nvls.bound.value(), 8.0 / 450, 1e-9);
}

TEST(Collective, BytesOfANic) {
  // 8 NICs a node. Of 8 groups with one GPU in each of 8 nodes every GPU's bytes leave: 8 x 1 MB through 8 NICs. Of one
  // group of 2 nodes a GPU has 8 of its 15 peers in the other node: 8 x 8/15 MB through 8 NICs. A ring leaves once.
  const Cluster cluster = round_cluster();
  EXPECT_NEAR(nic_bytes(cluster, at(8, 8, 64), Op::all_to_all, Bytes{1e6}).value(), 1e6, 1e-6);
  EXPECT_NEAR(nic_bytes(cluster, at(16, 1, 16), Op::all_to_all, Bytes{1e6}).value(), 1e6 * 8 / 15, 1e-6);
  EXPECT_NEAR(nic_bytes(cluster, at(16, 1, 16), Op::all_gather, Bytes{1e6}).value(), 1e6 / 8, 1e-6);
  EXPECT_NEAR(nic_bytes(cluster, at(8, 8, 64), Op::all_gather, Bytes{1e6}).value(), 1e6, 1e-6);
  EXPECT_EQ(nic_bytes(cluster, at(8, 1, 8), Op::all_gather, Bytes{1e6}), Bytes{});
}

TEST(Collective, FewerGpusGetLessOutOfTheSwitch) {
  // Of n GPUs each reads an nth from the switch and receives the whole: n/(n+1) of its port is the buffer. 480 GB/s are
  // of a node of 8, so 4 take (8/9) / (4/5) of the time.
  Cluster cluster = round_cluster();
  cluster.port_achieved_nvls = BytesPerSecond{480e9};
  const auto four =
      collective_cost(cluster, place(cluster, {4, 1}, 4), Op::all_reduce, Bytes{8 * kGB}, Algorithm::nvls);
  EXPECT_NEAR(four->transfer.value(), 8 * 1.75 / 480 * (8.0 / 9) / (4.0 / 5), 1e-9);
}

TEST(Collective, FlagsOfTreesAreCapped) {
  // 1 KiB over 2 nodes of 8 by LL: the ports pass it up and down at 400 GB/s, of which LL gets 39 at most, and nine
  // tenths at this size.
  const auto tree = collective_cost(round_cluster(), at(16, 1, 16), Op::all_reduce, Bytes{1024}, Algorithm::tree);
  EXPECT_EQ(tree->protocol, Protocol::ll);
  EXPECT_NEAR(tree->transfer.value(), 2 * 1024 / 39e9 / 0.9, 1e-13);
}

TEST(Collective, NvlsFillsItsPipeline) {
  // 16 channels and 8 heads pass on 128 KiB each: 16 MiB at 480/1.75 GB/s through two stages before the last one works,
  // after NCCL's 25 us. 32 MB is less than 8 times 128 x 64 KiB, so its chunks are of 32 KiB: a quarter.
  Cluster cluster = round_cluster();
  cluster.port_achieved_nvls = BytesPerSecond{480e9};
  const Placement node = place(cluster, {8, 1}, 8);
  const double loop = 16.0 * 8 * 131072 * 1.75 / 480e9;
  EXPECT_NEAR(all_reduce_cost(cluster, node, Bytes{8 * kGB}).latency.value(), 25e-6 + 2 * loop, 1e-12);
  EXPECT_NEAR(collective_cost(cluster, node, Op::all_reduce, Bytes{32e6}, Algorithm::nvls)->latency.value(),
              25e-6 + 2 * loop / 4, 1e-12);
}

TEST(Collective, NvlsAndTreesAcrossNodes) {
  // Two nodes: each NIC group carries the buffer once, 8 / 384 = 20.8 ms, less than the switch takes: 8 * 1.75 / 480.
  // Latency 25 + 2 * 20.9 us, and four stages of 16 MiB fill.
  Cluster cluster = round_cluster();
  cluster.port_achieved_nvls = BytesPerSecond{480e9};
  const CollectiveCost two = all_reduce_cost(cluster, place(cluster, {16, 1}, 16), Bytes{8 * kGB});
  EXPECT_EQ(two.algorithm, Algorithm::nvls);
  EXPECT_NEAR(two.transfer.value(), 8 * 1.75 / 480, 1e-9);
  EXPECT_NEAR(two.latency.value(), 66.8e-6 + 4 * 16.0 * 8 * 131072 * 1.75 / 480e9, 1e-11);
  // Four nodes: inner nodes of the trees pass the buffer twice, 16 / 384.
  const auto four =
      collective_cost(cluster, place(cluster, {32, 1}, 32), Op::all_reduce, Bytes{8 * kGB}, Algorithm::nvls);
  ASSERT_TRUE(four);
  EXPECT_NEAR(four->transfer.value(), 16.0 / 384, 1e-9);
  EXPECT_FALSE(collective_cost(cluster, place(cluster, {32, 1}, 32), Op::all_gather, Bytes{kGB}, Algorithm::nvls));
}

TEST(Collective, TreesAreSlowInTheMiddle) {
  // One node of 8: a port passes the buffer up and down, 2 * 8 / 400 GB/s, at 0.92 of the ring's rate. NCCL's table
  // halves what Simple reaches between 256 KiB and 1 MiB, and leaves it 0.9 at 256 MiB; 8 GB lie beyond it.
  const Cluster cluster = round_cluster();
  const auto tree = collective_cost(cluster, at(8, 1, 8), Op::all_reduce, Bytes{8 * kGB}, Algorithm::tree);
  EXPECT_NEAR(tree->transfer.value(), 2 * 8.0 / 400 / 0.92, 1e-9);
  EXPECT_EQ(nccl::tree_correction(nccl::kSimple, Bytes{1 << 18}), 0.5);
  EXPECT_EQ(nccl::tree_correction(nccl::kSimple, Bytes{1 << 28}), 0.9);
  EXPECT_EQ(nccl::tree_correction(nccl::kLL, Bytes{1}), 1);
  // Two nodes: the NICs carry the buffer once, the ports still twice.
  const auto two = collective_cost(cluster, at(16, 1, 16), Op::all_reduce, Bytes{8 * kGB}, Algorithm::tree);
  EXPECT_NEAR(two->transfer.value(), 2 * 8.0 / 400 / 0.92, 1e-9);
}

TEST(Collective, SmallAllReduceTakesTheTreeAcrossNodes) {
  // LL tree on 4 nodes of 8: 6.8 + 2 * (7 * max(0.6, 1) + 2 * 5) = 40.8 us, against 6.6 + 56 * 1 + 6 * 2.7 = 78.8 as
  // ring.
  const CollectiveCost cost = all_reduce_cost(round_cluster(), at(32, 1, 32), Bytes{1024});
  EXPECT_NEAR(cost.latency.value(), 40.8e-6, 1e-11);
}

TEST(Collective, MeshUsesOnlyTheLinksToItsPeers) {
  // Seven links of 64 GB/s: two GPUs share one of them.
  Cluster cluster = round_cluster();
  cluster.scale_up = ScaleUp::mesh;
  cluster.port_peak = cluster.port_achieved = cluster.port_achieved_all_to_all = BytesPerSecond{448e9};
  const CollectiveCost pair = all_to_all_cost(cluster, place(cluster, {2, 1}, 2), Bytes{6.4 * kGB});
  EXPECT_NEAR(pair.transfer.value(), 6.4 / 64, 1e-9);
  const CollectiveCost all = all_to_all_cost(cluster, place(cluster, {8, 1}, 8), Bytes{44.8 * kGB});
  EXPECT_NEAR(all.transfer.value(), 44.8 / 448, 1e-9);
}

TEST(Collective, AHopOnAMeshPassesOneLink) {
  // Eight GPUs, seven links of 64 GB/s: 6.4 GB to the successor take 100 ms however many peers there are.
  Cluster cluster = round_cluster();
  cluster.scale_up = ScaleUp::mesh;
  cluster.port_peak = cluster.port_achieved = BytesPerSecond{448e9};
  EXPECT_NEAR(send_recv_cost(cluster, place(cluster, {8, 1}, 8), Bytes{6.4 * kGB}).transfer.value(), 0.1, 1e-12);
  // From one GPU of a server to one of the next it passes none: eight pairs share 4000 GB/s.
  cluster.domains[0].achieved = BytesPerSecond{4000e9};
  EXPECT_NEAR(send_recv_cost(cluster, place(cluster, {2, 8}, 16), Bytes{kGB}).transfer.value(), 8.0 / 4000, 1e-12);
}

TEST(Collective, SaysHowItRuns) {
  // 1 KiB on 4 nodes of 8: LL tree, as above. 8 GB: the ring of Simple. In the switch from some size on.
  Cluster cluster = round_cluster();
  const CollectiveCost small = all_reduce_cost(cluster, at(32, 1, 32), Bytes{1024});
  EXPECT_EQ(small.algorithm, Algorithm::tree);
  EXPECT_EQ(small.protocol, Protocol::ll);
  const CollectiveCost large = all_reduce_cost(cluster, at(32, 1, 32), Bytes{8 * kGB});
  EXPECT_EQ(large.algorithm, Algorithm::ring);
  EXPECT_EQ(large.protocol, Protocol::simple);
  cluster.port_achieved_nvls = BytesPerSecond{480e9};
  EXPECT_EQ(all_reduce_cost(cluster, at(8, 1, 8), Bytes{8 * kGB}).algorithm, Algorithm::nvls);
  EXPECT_EQ(all_to_all_cost(cluster, at(8, 1, 8), Bytes{kGB}).algorithm, Algorithm::direct);
  EXPECT_EQ(send_recv_cost(cluster, at(8, 1, 8), Bytes{kGB}).algorithm, Algorithm::ring);
}

TEST(Collective, ByNameAndByChoice) {
  const Cluster cluster = round_cluster();
  const Placement p = at(8, 1, 8);
  const Bytes message{8 * kGB};
  const auto cost = [&](Op op, std::optional<Algorithm> algorithm = std::nullopt) {
    return collective_cost(cluster, p, op, message, algorithm);
  };
  EXPECT_EQ(cost(Op::all_gather)->total(), all_gather_cost(cluster, p, message).total());
  EXPECT_EQ(cost(Op::all_to_all)->total(), all_to_all_cost(cluster, p, message * (7.0 / 8)).total());
  EXPECT_EQ(cost(Op::send_recv)->total(), send_recv_cost(cluster, p, message).total());
  // The best of all is the choice.
  const Seconds ring = cost(Op::all_reduce, Algorithm::ring)->total(),
                tree = cost(Op::all_reduce, Algorithm::tree)->total();
  EXPECT_EQ(cost(Op::all_reduce)->total(), min(ring, tree));
  EXPECT_GE(tree, cost(Op::all_reduce, Algorithm::tree)->bound);
  EXPECT_FALSE(cost(Op::all_reduce, Algorithm::nvls));  // this machine has none
  EXPECT_FALSE(cost(Op::all_gather, Algorithm::tree));
  EXPECT_FALSE(cost(Op::all_to_all, Algorithm::bruck));
}

TEST(Collective, HopsAddUpToTheLatency) {
  // LL ring on 4 nodes of 8: base + 28 hops inside + 3 between.
  const Cluster cluster = round_cluster();
  const HopCosts hop = hop_costs(cluster, at(32, 1, 32), Algorithm::ring, Protocol::ll);
  const CollectiveCost cost = all_gather_cost(cluster, at(32, 1, 32), Bytes{64});
  EXPECT_NEAR((hop.base + 28 * hop.near + 3 * hop.far).value(), cost.latency.value(), 1e-15);
  // LL fills half of the wire, or what its cap of 20.4 GB/s is of the 384 GB/s that the ring has.
  EXPECT_NEAR(hop.share, 20.4 / 384, 1e-12);
  EXPECT_EQ(hop_costs(cluster, at(32, 1, 32), Algorithm::ring, Protocol::simple).share, 1);
  EXPECT_EQ(hop_costs(cluster, at(32, 1, 32), Algorithm::tree, Protocol::ll128).share, 0.92 * 15 / 16);
}

TEST(Collective, OversubscribedTierIsTheBottleneck) {
  // Pods of 32 GPUs under a tier with a quarter of the NICs' rate: 4 nodes * 400 / 4 = 400 GB/s a pod.
  Cluster cluster = round_cluster();
  Domain pod;
  pod.uplink = Domain::Uplink::tier;
  pod.gpus = 32;
  pod.peak = pod.achieved = pod.achieved_all_to_all = BytesPerSecond{400e9};
  cluster.domains.push_back(pod);
  // 64 ranks, 6.3 GB leaving each: 3.2 GB go to the other pod, times 32 ranks over 400 GB/s.
  const CollectiveCost cost = all_to_all_cost(cluster, place(cluster, {64, 1}, 64), Bytes{6.3 * kGB});
  EXPECT_NEAR(cost.transfer.value(), 3.2 * 32 / 400, 1e-9);
  EXPECT_NEAR(cost.bound.value(), 3.2 * 32 / 400, 1e-9);
}

TEST(Collective, NeverUnderItsBoundAndNeverSlowerWithMoreBandwidth) {
  Cluster fast = round_cluster();
  fast.domains[0].peak = fast.domains[0].achieved = fast.domains[0].achieved_all_to_all = BytesPerSecond{800e9};
  for (int size : {2, 3, 4, 6, 8, 12, 16, 32, 40, 64}) {
    for (int stride : {1, 2, 4, 8, 64}) {
      for (double bytes = 64; bytes < 1e11; bytes *= 7) {
        for (auto* cost : {all_gather_cost, reduce_scatter_cost, all_reduce_cost, all_to_all_cost, send_recv_cost}) {
          const int machine = size * stride;
          const CollectiveCost slow = cost(round_cluster(), at(size, stride, machine), Bytes{bytes});
          const CollectiveCost quick = cost(fast, place(fast, {size, stride}, machine), Bytes{bytes});
          ASSERT_GE(slow.total(), slow.bound) << size << " x " << stride << " " << bytes;
          ASSERT_LE(quick.total(), slow.total() * (1 + 1e-12)) << size << " x " << stride << " " << bytes;
          ASSERT_GT(slow.total().value(), 0);
        }
      }
    }
  }
}

TEST(Collective, OneRankCostsNothing) {
  for (auto* cost : {all_gather_cost, reduce_scatter_cost, all_reduce_cost, all_to_all_cost, send_recv_cost}) {
    EXPECT_EQ(cost(round_cluster(), at(1, 1, 1), Bytes{kGB}).total().value(), 0);
  }
}

}  // namespace
}  // namespace ithaca
