#include "sim/lower_messages.hpp"

#include <gtest/gtest.h>

#include "tests/support/programs.hpp"

namespace ithaca {
namespace {

using namespace test;

std::string complaint(const Message& message, FabricGraph graph = star(4)) {
  const Machine machine(std::move(graph), Routing::deterministic);
  Exchange e;
  e.sends = [&](std::uint32_t, std::vector<Message>& out) { out.push_back(message); };
  MessageReader reader(4, machine.router);
  return reader.read(e, 0, [](const WireFlow&) {}).value_or("");
}

// 70 B at efficiency 0.7 are 100 B on the wire; two links of 0.5 s and 2 s for the border.
TEST(MessageReader, PutsAMessageOnItsLinks) {
  const Machine machine(star(4, 0.5), Routing::deterministic);
  Exchange e = exchange_of({{1, 2, Bytes{70}}});
  e.wires.push_back({Seconds{2}, 0.7});
  MessageReader reader(4, machine.router);
  int flows = 0;
  const auto visit = [&](const WireFlow& flow) {
    ++flows;
    EXPECT_EQ(flow.from, 1u);
    EXPECT_EQ(flow.to, 2u);
    EXPECT_DOUBLE_EQ(flow.bytes, 100);
    EXPECT_DOUBLE_EQ(flow.delay, 3);
    EXPECT_EQ(std::vector<std::uint32_t>(flow.route.begin(), flow.route.end()), (std::vector<std::uint32_t>{2, 5}));
  };
  EXPECT_EQ(reader.count(e, 0), 0u);
  EXPECT_EQ(reader.count(e, 1), 1u);
  EXPECT_EQ(reader.count_all(e), 1);
  EXPECT_FALSE(reader.read(e, 1, visit));
  EXPECT_EQ(flows, 1);
  EXPECT_EQ(reader.messages(), 1u);
}

TEST(MessageReader, RefusesMessagesThatCannotBe) {
  const auto expect = [](const std::string& said, const std::string& part) {
    EXPECT_NE(said.find(part), std::string::npos) << '"' << said << '"';
  };
  expect(complaint({1, 2, Bytes{1}}), "said to come from rank 1");
  expect(complaint({0, 4, Bytes{1}}), "goes to rank 4");
  expect(complaint({0, 0, Bytes{1}}), "goes to itself");
  expect(complaint({0, 1, Bytes{1}, 0, Leg::into_switch}), "and to another rank");
  expect(complaint({0, 1, Bytes{-1}}), "bytes");
  FabricGraph without_switch = star(4);
  without_switch.nodes.back().kind = NodeKind::leaf;
  expect(complaint({0, 0, Bytes{1}, 0, Leg::into_switch}, without_switch), "joined to no switch");
}

}  // namespace
}  // namespace ithaca
