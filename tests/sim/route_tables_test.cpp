#include "sim/route_tables.hpp"

#include <gtest/gtest.h>

#include "sim/router.hpp"
#include "tests/support/fabrics.hpp"
#include "tests/support/machines.hpp"
#include "tests/support/programs.hpp"

namespace ithaca {
namespace {

using namespace test;

RouteTables tables(const Fabric& fabric, bool with_relays) { return {fabric, Servers(fabric), with_relays}; }

std::vector<std::uint32_t> relays(const RouteTables& t, std::uint32_t server, std::uint32_t to) {
  const auto found = t.relays(server, t.servers().entries(to)[0]);
  return {found.begin(), found.end()};
}

TEST(RouteTables, TellWhatIsConnectedInsideAServer) {
  const Fabric fabric = built(round_cluster(), fabric_of(FabricKind::rail_optimised), 16);
  const RouteTables t = tables(fabric, false);
  EXPECT_TRUE(t.connects_inside(0, 7));
  EXPECT_FALSE(t.connects_inside(0, 8));
  EXPECT_TRUE(t.connects(t.servers().exits(0)[0], t.servers().entries(9)[0]));
}

TEST(RouteTables, RelayOverTheGpuOfTheDestinationsRail) {
  const Fabric fabric = built(round_cluster(), fabric_of(FabricKind::rail_only), 24);
  const RouteTables t = tables(fabric, true);
  EXPECT_EQ(relays(t, 0, 13), (std::vector<std::uint32_t>{5}));  // rail 5
  EXPECT_EQ(relays(t, 2, 13), (std::vector<std::uint32_t>{21}));
}

TEST(RouteTables, RelayOnlyWhereThatComesNearer) {
  // Two sets of one server: a leaf holds one NIC, so every GPU is two links from every leaf of the other server.
  FabricSpec spec = fabric_of(FabricKind::rail_optimised);
  spec.leaf_hosts = 1;
  const Fabric fabric = built(round_cluster(), spec, 16);
  EXPECT_EQ(relays(tables(fabric, true), 0, 13).size(), 8u);
}

TEST(RouteTables, FindAPairThatCannotMeet) {
  const Fabric rails = built(round_cluster(), fabric_of(FabricKind::rail_only), 24);
  const auto pair = tables(rails, false).find_unreachable();
  ASSERT_TRUE(pair);
  EXPECT_NE(rails.nodes()[rails.gpus()[pair->from]].host, rails.nodes()[rails.gpus()[pair->to]].host);
  EXPECT_NE(pair->from % 8, pair->to % 8);
  EXPECT_FALSE(tables(rails, true).find_unreachable());

  FabricGraph graph = star(3);
  graph.links.pop_back();  // into gpu2
  const auto lost = tables(Fabric::make(graph).value(), false).find_unreachable();
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->to, 2u);
}

TEST(RouteTables, ALoneGpuNeedsNobody) {
  const Fabric fabric = built(round_cluster(), fabric_of(FabricKind::ideal), 1);
  EXPECT_FALSE(tables(fabric, false).find_unreachable());
}

TEST(RouteTables, TakeFarLessThanATableOfAllGpusAndNodes) {
  // 16,384 GPUs in servers of 8 below 512 leaves and 32 spines: 544 x 512 entries of at most 2 bytes for the network,
  // 2,048 x 512 of 4 for relays, and 17 x 8 x 2 for each server make 5.1 MB. All GPUs and nodes would be 579 MB.
  const Fabric fabric = built(round_cluster(), fabric_of(FabricKind::fat_tree), 16384);
  const double bytes = 2.0 * 544 * 512 + 4.0 * 2048 * 512 + 2048 * 17 * 8 * 2.0;
  EXPECT_EQ(RouteTables::bytes(Servers(fabric)), bytes);
}

// Told before the fabric is built, what is refused is refused afterwards too. A million GPUs of 8 to a server with 32
// ports of a leaf for NICs are 125,000 servers below 31,250 leaves, and a row for each pair alone takes 4 bytes: 14.6
// GiB of the 16.4.
TEST(RouteTables, AreTooLargeOnlyWhereTheRouterIs) {
  for (const FabricKind kind : {FabricKind::fat_tree, FabricKind::rail_optimised, FabricKind::rail_only,
                                FabricKind::dragonfly, FabricKind::ideal}) {
    const FabricSpec spec = fabric_of(kind);
    const Fabric fabric = built(round_cluster(), spec, 64);
    const double bytes = RouteTables::bytes(Servers(fabric));
    EXPECT_FALSE(Router::check_size(round_cluster(), spec, 64, bytes)) << name(spec.kind);
    EXPECT_EQ(Router::check_size(round_cluster(), spec, 64, 15).has_value(), spec.kind != FabricKind::ideal)
        << name(spec.kind);
  }
  const auto refused = Router::check_size(round_cluster(), fabric_of(FabricKind::fat_tree), 1'000'000);
  ASSERT_TRUE(refused);
  EXPECT_NE(refused->find("1000000 GPUs would take 16"), std::string::npos) << *refused;
}

}  // namespace
}  // namespace ithaca
