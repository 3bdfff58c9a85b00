#include "cli/machine.hpp"

#include <gtest/gtest.h>

#include "tests/cli/widths.hpp"

namespace ithaca {
namespace {

using test::contains;

/// 16 GPUs of two DGX H100 under two leaves and their spines.
Result<Machine, Diagnostics> make(MachineRequest request, int gpus = 16) {
  if (request.fabric.empty()) request.fabric = "{kind: fat_tree, leaf_hosts: 1, spines: 2}";
  for (const Fault& fault : request.faults) request.fault_flags.push_back("--fail " + fault.part);
  for (const Straggler& slow : request.stragglers) request.straggler_flags.push_back("--straggler " + slow.gpu);
  return make_machine(request, *load_cluster("dgx-h100"), gpus);
}

std::string problems_of(MachineRequest request, int gpus = 16) {
  const auto made = make(std::move(request), gpus);
  return made ? "" : print(made.error());
}

MachineRequest failing(std::string part) {
  MachineRequest request;
  request.faults = {{std::move(part), 0, {}}};
  return request;
}

TEST(Machine, IsWhatWasAskedFor) {
  MachineRequest request;
  request.routing = Routing::ecmp;
  request.faults = {{"leaf0->spine0", 0.5, {}}, {"leaf1-spine1", 0, {}}};
  request.stragglers = {{"gpu5", 1.2}};
  request.jitter = 0.05;
  request.seed = 9;
  const auto machine = make(request);
  ASSERT_TRUE(machine) << print(machine.error());
  EXPECT_EQ(machine->router.routing(), Routing::ecmp);
  EXPECT_EQ(machine->spec.kind, FabricKind::fat_tree);
  EXPECT_EQ(&machine->router.fabric(), machine->fabric.get());
  const Fabric& fabric = *machine->fabric;
  EXPECT_EQ(fabric.gpus().size(), 16u);
  EXPECT_FALSE(fabric.find_link("leaf1->spine1"));
  const auto slow = fabric.find_link("leaf0->spine0"), fast = fabric.find_link("spine0->leaf0");
  ASSERT_TRUE(slow && fast);
  EXPECT_EQ(fabric.links()[*slow].capacity, fabric.links()[*fast].capacity * 0.5);
  ASSERT_EQ(machine->slowdown.gpu.size(), 16u);
  EXPECT_EQ(machine->slowdown.gpu[5], 1.2);
  EXPECT_EQ(machine->slowdown.jitter, 0.05);
  EXPECT_EQ(machine->slowdown.seed, 9u);
}

TEST(Machine, TheClusterHasAFabricOfItsOwn) {
  const auto machine = make_machine({}, *load_cluster("dgx-h100"), 16);
  ASSERT_TRUE(machine) << print(machine.error());
  EXPECT_EQ(machine->spec.kind, FabricKind::rail_optimised);
  EXPECT_TRUE(machine->slowdown.gpu.empty());
}

TEST(Machine, AnotherSeedTakesOtherWays) {
  MachineRequest request;
  request.routing = Routing::ecmp;
  request.jitter = 0.1;
  const auto machine = make(request);
  ASSERT_TRUE(machine);
  const auto other = with_seed(*machine, 12);
  ASSERT_TRUE(other);
  EXPECT_EQ(other->slowdown.seed, 12u);
  EXPECT_EQ(other->fabric, machine->fabric);
  const auto ways = [](const Router& router) {
    std::vector<std::uint32_t> links;
    for (std::uint32_t i = 0; i < 8; ++i) router.add_path(i, 8 + i, 0, links);
    return links;
  };
  EXPECT_NE(ways(machine->router), ways(other->router));
  EXPECT_EQ(ways(machine->router), ways(with_seed(*other, 1)->router));
}

TEST(Machine, NamesThePartThatWasMeant) {
  const std::string cable = problems_of(failing("leaf0-spnie1"));
  EXPECT_TRUE(contains(cable,
                       "error: --fail leaf0-spnie1: no link or node of the fabric is called so\n"
                       "  did you mean 'leaf0-spine1'?\n"
                       "next: the fabric has gpu0 ... gpu15, "))
      << cable;
  EXPECT_TRUE(contains(cable, "leaf0 ... leaf1, spine0 ... spine1; a cable is ")) << cable;
  const std::string link = problems_of(failing("spine1->leef1"));
  EXPECT_TRUE(contains(link, "did you mean 'spine1->leaf1'?")) << link;
  EXPECT_TRUE(contains(problems_of(failing("nicc3")), "did you mean 'nic3'?"));
  EXPECT_TRUE(contains(problems_of(failing("gpu1-leaf0")), "no link or node"));
  MachineRequest slow;
  slow.stragglers = {{"gpuu5", 2}, {"nic0", 2}};
  const std::string straggler = problems_of(slow);
  EXPECT_TRUE(contains(straggler,
                       "error: --straggler gpuu5: no GPU of the fabric is called so\n"
                       "  did you mean 'gpu5'?\n"
                       "next: give a GPU from gpu0 to gpu15, a rank or a server: host0"))
      << straggler;
  EXPECT_TRUE(contains(straggler, "error: --straggler nic0: it is a nic, and only GPUs compute")) << straggler;
}

TEST(Machine, RefusesWhatTearsGpusApart) {
  MachineRequest request;
  request.faults = {{"leaf1->spine0", 0.5, {}}, {"spine0", 0, {}}, {"spine1", 0, {}}};
  const std::string text = problems_of(request);
  EXPECT_TRUE(contains(text, "error: --fail spine0 --fail spine1: gpu")) << text;
  EXPECT_TRUE(contains(text, " cannot reach gpu")) << text;
  EXPECT_TRUE(contains(text, "\nnext: leave a little of the part: --degrade PART=10%")) << text;
}

TEST(Machine, RefusesFabricsThatDoNotFit) {
  MachineRequest request;
  request.fabric = "{kind: torus, dimensions: [3, 5]}";
  const std::string text = problems_of(request);
  EXPECT_TRUE(contains(text, "error: --fabric {kind: torus, dimensions: [3, 5]}: torus: ")) << text;
  request.fabric = "fat_treee";
  EXPECT_TRUE(contains(problems_of(request), "did you mean 'fat_tree'?"));
}

TEST(Machine, SeedsNeedSomethingAtRandom) {
  MachineRequest request;
  request.seeds = 5;
  EXPECT_EQ(problems_of(request),
            "error: --seeds 5: nothing is left to chance\n"
            "next: add --jitter 5% or --routing ecmp, or leave --seeds out\n");
  request.routing = Routing::ecmp;
  EXPECT_EQ(problems_of(request), "");
}

}  // namespace
}  // namespace ithaca
