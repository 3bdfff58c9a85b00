#include "model/collective_parts.hpp"

#include <gtest/gtest.h>

#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

using test::round_cluster;

constexpr Bytes kGB{1e9};

double us(Seconds time) { return time.value() * 1e6; }
double ms(Seconds time) { return time.value() * 1e3; }

/// Servers of two sockets with four GPUs each on PCIe at 25 of 32 GB/s (all-to-all 20), 36 of 40 between sockets (32),
/// 45 of 50 between servers (40) through two NICs of 0.7 us more than NCCL's; AMD's processors.
Cluster pcie_cluster() {
  Cluster c;
  c.gpu = test::round_gpu();
  c.scale_up = ScaleUp::pcie;
  c.cpu = CpuVendor::amd;
  c.node_gpus = 8;
  c.nic_latency = Seconds{0.7e-6};
  c.port_peak = BytesPerSecond{32e9};
  c.port_achieved = BytesPerSecond{25e9};
  c.port_achieved_all_to_all = BytesPerSecond{20e9};
  c.domains.push_back({Domain::Uplink::socket, 4, BytesPerSecond{40e9}, BytesPerSecond{36e9}, BytesPerSecond{32e9}, 0});
  c.domains.push_back({Domain::Uplink::nics, 8, BytesPerSecond{50e9}, BytesPerSecond{45e9}, BytesPerSecond{40e9}, 2});
  return c;
}
Placement on(const Cluster& c, int size, int stride, int machine) { return place(c, {size, stride}, machine); }

// A group of four, one in each socket, and the four groups that cross each uplink beside it.
TEST(PcieRing, TheTightestOfPortSocketAndNics) {
  Cluster c = pcie_cluster();
  const Placement strided = on(c, 4, 4, 16), whole = on(c, 16, 1, 16);
  EXPECT_NEAR(ms(parts::ring_transfer(c, whole, kGB)), 1000.0 / 25, 1e-9);
  EXPECT_NEAR(ms(parts::ring_transfer(c, strided, kGB)), 4 * 1000.0 / 36, 1e-9);
  c.domains[1].achieved = BytesPerSecond{30e9};
  EXPECT_NEAR(ms(parts::ring_transfer(c, strided, kGB)), 4 * 1000.0 / 30, 1e-9);
  // Best: 15/16 pass the port at 32; of four ranks 3 lie outside a socket and 2 outside a server, for four groups.
  EXPECT_NEAR(ms(parts::ring_cost(c, whole, kGB, 1).bound), 937.5 / 32, 1e-9);
  EXPECT_NEAR(ms(parts::ring_cost(c, strided, kGB, 1).bound), 750 * 4.0 / 40, 1e-9);
  c.domains[0].peak = BytesPerSecond{80e9};
  EXPECT_NEAR(ms(parts::ring_cost(c, strided, kGB, 1).bound), 500 * 4.0 / 50, 1e-9);
  // An all-reduce goes round twice.
  EXPECT_NEAR(ms(parts::all_reduce_bound(c, strided, kGB)), 2 * 500 * 4.0 / 50, 1e-9);
  EXPECT_NEAR(ms(parts::all_reduce_bound(c, on(c, 4, 1, 4), kGB)), 2 * 750 / 32.0, 1e-9);
}

// Two trees: between two servers each carries a half up and a half down, between four sockets the inner ones have two
// children.
TEST(PcieTree, TheTightestOfPortSocketAndNics) {
  Cluster c = pcie_cluster();
  const Placement strided = on(c, 4, 4, 16), whole = on(c, 16, 1, 16);
  EXPECT_NEAR(ms(parts::tree_transfer(c, whole, kGB)), 2 * 1000.0 / 25, 1e-9);
  EXPECT_NEAR(ms(parts::tree_transfer(c, strided, kGB)), 2 * 4 * 1000.0 / 36, 1e-9);
  c.domains[1].achieved = BytesPerSecond{15e9};
  EXPECT_NEAR(ms(parts::tree_transfer(c, strided, kGB)), 4 * 1000.0 / 15, 1e-9);
}

// Up and down one level of two servers, or two of four, each as long as the four groups' sockets take.
TEST(PcieTree, BytesThatLevelsHold) {
  Cluster c = pcie_cluster();
  EXPECT_NEAR(ms(parts::tree_levels(c, on(c, 4, 4, 16), kGB)), 2 * 4 * 1000.0 / 36, 1e-9);
  EXPECT_NEAR(ms(parts::tree_levels(c, on(c, 8, 4, 32), kGB)), 4 * 4 * 1000.0 / 36, 1e-9);
  c.domains[1].achieved = BytesPerSecond{20e9};
  EXPECT_NEAR(ms(parts::tree_levels(c, on(c, 8, 4, 32), kGB)), 4 * 4 * 1000.0 / 20, 1e-9);
  EXPECT_EQ(parts::tree_levels(c, on(c, 8, 1, 8), kGB), Seconds{});
}

// NCCL's hops over PCIe, 1.0, 2.5 and 5.7 us for rings and 1.0, 1.9 and 4.0 for trees; beside a network no shorter than
// the processor's 2 us a message, thrice for Simple. Over the network 2.7, 4 and 14 for rings, 5, 8.5 and 14 for trees
// and for rings of one GPU a server, and the NIC's 0.7, twice for Simple.
TEST(PcieHops, InsideAndBetweenServers) {
  const Cluster c = pcie_cluster();
  const Placement inside = on(c, 8, 1, 8), across = on(c, 16, 1, 16), one_each = on(c, 2, 8, 16);
  const auto expect = [](parts::Latencies hop, double near, double far) {
    EXPECT_NEAR(hop.near * 1e6, near, 1e-9);
    EXPECT_NEAR(hop.far * 1e6, far, 1e-9);
  };
  expect(parts::ring_hops(c, inside, nccl::kLL), 1, 3.4);
  expect(parts::ring_hops(c, inside, nccl::kSimple), 5.7, 15.4);
  expect(parts::ring_hops(c, across, nccl::kLL), 2, 3.4);
  expect(parts::ring_hops(c, across, nccl::kLL128), 2.5, 4.7);
  expect(parts::ring_hops(c, across, nccl::kSimple), 6, 15.4);
  expect(parts::ring_hops(c, one_each, nccl::kLL), 2, 5.7);
  expect(parts::tree_hops(c, inside, nccl::kSimple), 4, 15.4);
  expect(parts::tree_hops(c, across, nccl::kLL128), 2, 9.2);
  expect(parts::send_hops(c, inside), 5.7, 15.4);
  expect(parts::send_hops(c, one_each), 6, 15.4);
  expect(parts::ring_hops(round_cluster(), on(round_cluster(), 8, 1, 8), nccl::kLL128), 1.9, 4);
}

// LL has half of a ring's bus and 1/3.8 of a tree's, or NCCL's cap: 39 GB/s of old GPUs in one server, 22.5 between two
// of AMD and 19 between more. LL128 is for NVLink.
TEST(PcieShares, CapsOfLowLatency) {
  Cluster c = pcie_cluster();
  c.gpu.arch = 70;
  const Placement inside = on(c, 8, 1, 8), two = on(c, 16, 1, 16), four = on(c, 32, 1, 32);
  EXPECT_EQ(parts::ring_share(c, inside, nccl::kLL, 60e9), 0.5);
  EXPECT_NEAR(parts::ring_share(c, inside, nccl::kLL, 100e9), 0.39, 1e-12);
  EXPECT_NEAR(parts::ring_share(c, two, nccl::kLL, 100e9), 0.225, 1e-12);
  EXPECT_NEAR(parts::tree_share(c, four, nccl::kLL, 100e9), 0.19, 1e-12);
  EXPECT_NEAR(parts::tree_share(c, four, nccl::kLL, 50e9), 1 / 3.8, 1e-12);
  EXPECT_EQ(parts::ring_share(c, two, nccl::kSimple, 100e9), 1);
  EXPECT_EQ(parts::ring_share(c, two, nccl::kLL128, 100e9), 0);
  EXPECT_EQ(parts::tree_share(c, two, nccl::kLL128, 100e9), 0);
  const Cluster nvlink = round_cluster();
  EXPECT_EQ(parts::ring_share(nvlink, on(nvlink, 8, 1, 8), nccl::kLL128, 100e9), 0.92);
  EXPECT_EQ(parts::tree_share(nvlink, on(nvlink, 8, 1, 8), nccl::kLL128, 100e9), 0.92 * 7 / 9);
  EXPECT_EQ(parts::tree_share(nvlink, on(nvlink, 16, 1, 16), nccl::kLL128, 100e9), 0.92 * 15 / 16);
}

// Twice 15 hops, one of each 15 between the servers: LL 6.6 + 28 x 2 + 2 x 3.4 us; 1 MB passes 15/16 of it twice at 25
// GB/s, of which LL has a half. Simple would take 1.4 times 8.4 + 28 x 6 + 2 x 15.4.
TEST(PcieRing, LatencyOfTwoRounds) {
  const Cluster c = pcie_cluster();
  const CollectiveCost cost = parts::ring_cost(c, on(c, 16, 1, 16), Bytes{1e6}, 2);
  EXPECT_EQ(cost.protocol, Protocol::ll);
  EXPECT_NEAR(us(cost.latency), 6.6 + 28 * 2 + 2 * 3.4, 1e-9);
  EXPECT_NEAR(us(cost.transfer), 2 * 15.0 / 16 * 1e6 / 25e3 / 0.5, 1e-6);
  EXPECT_NEAR(us(parts::ring_cost(c, on(c, 16, 1, 16), Bytes{1e9}, 2).latency), 1.4 * (8.4 + 28 * 6 + 2 * 15.4), 1e-9);
}

// 7 MB at 400 GB/s are 17.5 us. LL128 takes 14 + 7 x 1.9 us and 1/0.92 of that, 46.3 us; Simple 8.4 + 7 x 3.4 us and
// 17.5, 49.7 us; LL at its cap of 141 GB/s 60 us.
TEST(NvlinkRing, TheFastestProtocol) {
  const Cluster c = round_cluster();
  const CollectiveCost cost = parts::ring_cost(c, on(c, 8, 1, 8), Bytes{8e6}, 1);
  EXPECT_EQ(cost.protocol, Protocol::ll128);
  EXPECT_NEAR(us(cost.latency), 27.3, 1e-9);
  EXPECT_NEAR(us(cost.transfer), 17.5 / 0.92, 1e-9);
}

// Up and down 7 hops in the server and one doubling of servers (of four two, of three still one); one GPU a server has
// none inside. Of 1 KiB LL reaches 0.9 of its share; its cap of 22.5 GB/s is more than that of 25.
TEST(PcieTree, LatencyByTheDepthOfTheTree) {
  const Cluster c = pcie_cluster();
  const CollectiveCost two = parts::tree_cost(c, on(c, 16, 1, 16), Bytes{1024});
  EXPECT_EQ(two.protocol, Protocol::ll);
  EXPECT_NEAR(us(two.latency), 6.8 + 2 * (7 * 2 + 5.7), 1e-9);
  EXPECT_NEAR(us(two.transfer), 2 * 1024 / 25e3 * 3.8 / 0.9, 1e-9);
  EXPECT_NEAR(us(parts::tree_cost(c, on(c, 24, 1, 24), Bytes{1024}).latency), 6.8 + 2 * (7 * 2 + 5.7), 1e-9);
  EXPECT_NEAR(us(parts::tree_cost(c, on(c, 32, 1, 32), Bytes{1024}).latency), 6.8 + 2 * (7 * 2 + 2 * 5.7), 1e-9);
  EXPECT_NEAR(us(parts::tree_cost(c, on(c, 2, 8, 16), Bytes{1024}).latency), 6.8 + 2 * 5.7, 1e-9);
}

// Of a mesh of eight a group of n uses n - 1 of 7 links, one alone (its tier beyond) one.
TEST(Mesh, LinksThatAGroupUses) {
  Cluster c = round_cluster();
  EXPECT_EQ(parts::usable_port(c, on(c, 4, 1, 4)), 1);
  c.scale_up = ScaleUp::mesh;
  EXPECT_DOUBLE_EQ(parts::usable_port(c, on(c, 4, 1, 4)), 3.0 / 7);
  EXPECT_DOUBLE_EQ(parts::usable_port(c, on(c, 8, 1, 8)), 1);
  EXPECT_DOUBLE_EQ(parts::usable_port(c, on(c, 2, 8, 16)), 1.0 / 7);
  c.node_gpus = 1;
  EXPECT_EQ(parts::usable_port(c, on(c, 4, 1, 4)), 1);
  c.domains.clear();
  EXPECT_EQ(parts::port_members(on(c, 4, 1, 4)), 4);
}

TEST(Switch, WhoReducesInIt) {
  Cluster c = round_cluster();
  EXPECT_FALSE(parts::has_nvls(c, on(c, 8, 1, 8)));
  c.port_achieved_nvls = BytesPerSecond{480e9};
  EXPECT_TRUE(parts::has_nvls(c, on(c, 8, 1, 8)));
  EXPECT_TRUE(parts::has_nvls(c, on(c, 2, 1, 2)));
  EXPECT_TRUE(parts::has_nvls(c, on(c, 16, 1, 16)));
  EXPECT_FALSE(parts::has_nvls(c, on(c, 8, 8, 64)));   // one GPU a server
  EXPECT_FALSE(parts::has_nvls(c, on(c, 14, 1, 14)));  // 8 and 6
  // A buffer passes each port once, and half of it comes from either of two servers, twice.
  EXPECT_NEAR(ms(parts::all_reduce_bound(c, on(c, 8, 1, 8), kGB)), 1000.0 / 450, 1e-9);
  EXPECT_NEAR(ms(parts::all_reduce_bound(c, on(c, 16, 1, 16), kGB)), 2 * 500.0 / 400, 1e-9);
}

// Four of each server, two groups side by side: the NICs carry 2 GB, or 4 where trees have inner servers, more than the
// switch, 1.75 GB at 480 GB/s of eight GPUs and (8/9)/(4/5) of that of four. 25 us, and for every doubling twice 20.9
// and twice the NIC's 0.7. The pipeline fills: 16 channels of 4 heads hold 128 KiB each, between four servers 64.
TEST(Switch, TreesBetweenServers) {
  Cluster c = round_cluster();
  c.port_achieved_nvls = BytesPerSecond{480e9};
  c.nic_latency = Seconds{0.7e-6};
  const Placement two = on(c, 8, 2, 16), four = on(c, 16, 2, 32);
  const double inside = 1.75 / 480 * (8.0 / 9) / (4.0 / 5);  // s/GB
  EXPECT_NEAR(ms(parts::nvls_cost(c, two, kGB, false).transfer), 2 * 1000.0 / 384, 1e-9);
  EXPECT_NEAR(ms(parts::nvls_cost(c, four, kGB, false).transfer), 2 * 2 * 1000.0 / 384, 1e-9);
  EXPECT_NEAR(us(parts::nvls_cost(c, two, kGB, false).latency), 25 + 2 * 22.3, 1e-9);
  EXPECT_NEAR(us(parts::nvls_cost(c, four, kGB, false).latency), 25 + 4 * 22.3, 1e-9);
  EXPECT_NEAR(us(parts::nvls_cost(c, on(c, 4, 1, 4), kGB, false).latency), 25, 1e-9);
  const double chunks = 16 * 4 * 65536 / 1e9;  // GB
  EXPECT_NEAR(us(parts::nvls_cost(c, two, kGB, true).latency),
              25 + 2 * 22.3 + 1e6 * 2 * chunks * (2 * inside + 2 * 2 / 384.0), 1e-6);
  EXPECT_NEAR(us(parts::nvls_cost(c, four, kGB, true).latency),
              25 + 4 * 22.3 + 1e6 * chunks * (2 * inside + 4 * 4 / 384.0), 1e-6);
  // 64 KB are less than the lanes hold: the whole buffer fills.
  EXPECT_NEAR(us(parts::nvls_cost(c, on(c, 4, 1, 4), Bytes{64e3}, true).latency), 25 + 2 * 64 * inside, 1e-9);
  // From Blackwell on there are 24 channels in a server and 32 between them.
  c.gpu.arch = 100;
  EXPECT_NEAR(us(parts::nvls_cost(c, on(c, 4, 1, 4), kGB, true).latency),
              25 + 1e6 * 2 * (24 * 4 * 131072 / 1e9) * inside, 1e-6);
  EXPECT_NEAR(us(parts::nvls_cost(c, two, kGB, true).latency),
              25 + 2 * 22.3 + 1e6 * 4 * chunks * (2 * inside + 2 * 2 / 384.0), 1e-6);
}

// At most 32 GPUs reduce: 36 and 72 of a rack get as much out of the switch, 1 GB x 2 x 71/72 at 480 GB/s.
TEST(Switch, RacksHaveThirtyTwoHeads) {
  Cluster c = round_cluster();
  c.port_achieved_nvls = BytesPerSecond{480e9};
  c.node_gpus = c.domains[0].gpus = 72;
  EXPECT_NEAR(ms(parts::nvls_cost(c, on(c, 36, 1, 36), kGB, false).transfer), 2000.0 * 71 / 72 / 480, 1e-9);
  EXPECT_NEAR(us(parts::nvls_cost(c, on(c, 36, 1, 36), kGB, true).latency),
              25 + 1e6 * 2 * (16 * 32 * 65536 / 1e9) * 2 * 71 / 72 / 480, 1e-6);
}

// 1/15 to each peer: 12 of 15 leave the socket of four, 8 the server of eight. PCIe carries all.
TEST(PcieAllToAll, EveryByteCrossesItsPort) {
  Cluster c = pcie_cluster();
  const Placement whole = on(c, 16, 1, 16);
  const CollectiveCost cost = all_to_all_cost(c, whole, kGB);
  EXPECT_NEAR(ms(cost.transfer), 8.0 / 15 * 8 * 1000 / 40, 1e-9);
  EXPECT_NEAR(ms(cost.bound), 8.0 / 15 * 8 * 1000 / 50, 1e-9);
  // Send/recv of 3 neighbours at once, 6 us, and 8 far ones at once, 15.4 us and 2 us of a processor each.
  EXPECT_NEAR(us(cost.latency), 8.4 + 6 + 15.4 + 8 * 2, 1e-9);
  c.domains[0].achieved_all_to_all = c.domains[0].peak = BytesPerSecond{10e9};
  EXPECT_NEAR(ms(all_to_all_cost(c, whole, kGB).transfer), 12.0 / 15 * 4 * 1000 / 10, 1e-9);
  EXPECT_NEAR(ms(all_to_all_cost(c, whole, kGB).bound), 12.0 / 15 * 4 * 1000 / 10, 1e-9);
  const Placement socket = on(c, 4, 1, 4);
  EXPECT_NEAR(ms(all_to_all_cost(c, socket, kGB).transfer), 1000.0 / 20, 1e-9);
  EXPECT_NEAR(ms(all_to_all_cost(c, socket, kGB).bound), 1000.0 / 32, 1e-9);
  EXPECT_NEAR(us(all_to_all_cost(c, socket, kGB).latency), 8.4 + 5.7, 1e-9);
  // Two of each server in four groups: 4/7 leave it, 2 x 4 times.
  const Placement strided = on(c, 4, 4, 16);
  c.domains[0] = {Domain::Uplink::socket, 4, BytesPerSecond{1e12}, BytesPerSecond{1e12}, BytesPerSecond{1e12}, 0};
  EXPECT_NEAR(ms(all_to_all_cost(c, strided, kGB).transfer), 2.0 / 3 * 2 * 4 * 1000 / 40, 1e-9);
}

// 16 neighbours are in flight at once over NVLink, 128 over the network.
TEST(AllToAll, PeersInFlight) {
  Cluster c = round_cluster();
  const auto latency = [&](int size) { return us(all_to_all_cost(c, on(c, size, 1, size), Bytes{1}).latency); };
  EXPECT_NEAR(latency(256), 8.4 + 3.4 + 2 * 14 + 248 * 1, 1e-9);
  EXPECT_NEAR(latency(128), 8.4 + 3.4 + 14 + 120 * 1, 1e-9);
  c.node_gpus = c.domains[0].gpus = 72;
  EXPECT_NEAR(latency(2), 8.4 + 3.4, 1e-9);
  EXPECT_NEAR(latency(17), 8.4 + 3.4, 1e-9);
  EXPECT_NEAR(latency(18), 8.4 + 2 * 3.4, 1e-9);
}

// A server's edge GPU sends through the two NICs beside it, at a quarter of 45 GB/s each of eight.
TEST(PcieHop, TheTightestOfPortSocketAndNics) {
  Cluster c = pcie_cluster();
  const Placement whole = on(c, 16, 1, 16), strided = on(c, 4, 4, 16);
  EXPECT_NEAR(ms(send_recv_cost(c, whole, kGB).transfer), 2 * 1000.0 / 45, 1e-9);
  EXPECT_NEAR(us(send_recv_cost(c, whole, kGB).latency), 8.4 + 15.4, 1e-9);
  EXPECT_NEAR(ms(send_recv_cost(c, whole, kGB).bound), 1000.0 / 32, 1e-9);
  EXPECT_NEAR(ms(send_recv_cost(c, strided, kGB).bound), 4 * 1000.0 / 40, 1e-9);
  c.domains[1].peak = BytesPerSecond{20e9};
  EXPECT_NEAR(ms(send_recv_cost(c, strided, kGB).bound), 4 * 1000.0 / 20, 1e-9);
  c.domains[1].ports = 16;  // of eight GPUs
  EXPECT_NEAR(ms(send_recv_cost(c, whole, kGB).transfer), 8 * 1000.0 / 45, 1e-9);
  c.domains[1].ports = 0;
  EXPECT_NEAR(ms(send_recv_cost(c, whole, kGB).transfer), 1000.0 / 25, 1e-9);
  EXPECT_NEAR(us(send_recv_cost(c, on(c, 2, 1, 2), kGB).latency), 8.4 + 5.7, 1e-9);
  EXPECT_NEAR(ms(send_recv_cost(c, on(c, 2, 1, 2), kGB).bound), 1000.0 / 32, 1e-9);
}

TEST(Hop, IsBoundByItsWires) {
  // A port inside a server, NICs between servers: eight pairs through 400 GB/s, or through twenty times that.
  Cluster cluster = round_cluster();
  const auto bound = [&](const Placement& p) { return send_recv_cost(cluster, p, kGB).bound.value(); };
  EXPECT_NEAR(bound(on(cluster, 8, 1, 8)), 1.0 / 450, 1e-12);
  EXPECT_NEAR(bound(on(cluster, 2, 1, 2)), 1.0 / 450, 1e-12);
  EXPECT_NEAR(bound(on(cluster, 2, 32, 64)), 8.0 / 400, 1e-12);
  cluster.domains[0].peak = BytesPerSecond{8000e9};
  EXPECT_NEAR(bound(on(cluster, 2, 32, 64)), 8.0 / 8000, 1e-12);
}

TEST(AlgorithmsByName, HaveBoundsOfTheirOwn) {
  Cluster cluster = round_cluster();
  cluster.port_achieved_nvls = BytesPerSecond{480e9};
  const Placement p = on(cluster, 8, 1, 8), pair = on(cluster, 2, 1, 2);
  const auto cost = [&](Op op, Algorithm algorithm) { return collective_cost(cluster, p, op, kGB, algorithm); };
  // In the switch a gathered buffer passes 7/8 through a port, a reduced one once; on a ring twice 7/8.
  EXPECT_NEAR(cost(Op::all_gather, Algorithm::nvls)->bound.value(), 7.0 / 8 / 450, 1e-12);
  EXPECT_NEAR(cost(Op::all_reduce, Algorithm::nvls)->bound.value(), 1.0 / 450, 1e-12);
  EXPECT_NEAR(cost(Op::all_reduce, Algorithm::tree)->bound.value(), 1.0 / 450, 1e-12);
  EXPECT_NEAR(cost(Op::all_reduce, Algorithm::ring)->bound.value(), 2 * 7.0 / 8 / 450, 1e-12);
  EXPECT_NEAR(cost(Op::all_gather, Algorithm::ring)->transfer.value(), 7.0 / 8 / 400, 1e-12);
  EXPECT_NEAR(cost(Op::all_reduce, Algorithm::ring)->transfer.value(), 2 * 7.0 / 8 / 400, 1e-12);
  EXPECT_NEAR(collective_cost(cluster, pair, Op::all_gather, kGB)->transfer.value(), 0.5 / 400, 1e-12);
  EXPECT_NEAR(collective_cost(cluster, pair, Op::all_to_all, kGB)->transfer.value(), 0.5 / 300, 1e-12);
  EXPECT_EQ(collective_cost(cluster, on(cluster, 1, 1, 1), Op::all_reduce, kGB)->total(), Seconds{});
}

// Of two nodes each tree carries a half up and down, of four twice that: 2 GB in the port at 400 GB/s, or through the
// NICs at 384.
TEST(HopCost, OfATree) {
  const Cluster c = round_cluster();
  const HopCosts four = hop_costs(c, on(c, 32, 1, 32), Algorithm::tree, Protocol::ll);
  EXPECT_NEAR(us(four.base), 6.8, 1e-9);
  EXPECT_NEAR(us(four.near), 1, 1e-9);
  EXPECT_NEAR(us(four.far), 5, 1e-9);
  EXPECT_NEAR(four.share, 20.4 / 384, 1e-12);
  EXPECT_NEAR(hop_costs(c, on(c, 16, 1, 16), Algorithm::tree, Protocol::ll).share, 39.0 / 400, 1e-12);
  EXPECT_NEAR(us(hop_costs(c, on(c, 8, 1, 8), Algorithm::ring, Protocol::ll128).near), 1.9, 1e-9);
}

// Two NICs carry what leaves a server: of four groups with two GPUs each in it 2/3 to the other, or one ring each.
TEST(NicBytes, OfServersWithSockets) {
  Cluster c = pcie_cluster();
  const Placement strided = on(c, 4, 4, 16);
  EXPECT_NEAR(nic_bytes(c, strided, Op::all_to_all, Bytes{1e6}).value(), 1e6 * 2 * 4 * 2 / 3 / 2, 1e-6);
  EXPECT_NEAR(nic_bytes(c, strided, Op::all_gather, Bytes{1e6}).value(), 1e6 * 4 / 2, 1e-6);
  c.domains[1].ports = 0;  // one of which nothing is known
  EXPECT_NEAR(nic_bytes(c, strided, Op::all_gather, Bytes{1e6}).value(), 1e6 * 4, 1e-6);
  EXPECT_EQ(nic_bytes(c, on(c, 8, 1, 8), Op::all_to_all, Bytes{1e6}), Bytes{});
}

}  // namespace
}  // namespace ithaca
