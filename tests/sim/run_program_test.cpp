#include "sim/run_program.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/programs.hpp"

namespace ithaca {
namespace {

using namespace test;

ProgramRun run(const Program& p, const Machine& machine, const Slowdown& slowdown = {},
               const RunOptions& options = {}) {
  auto result = run_program(p, machine.router, slowdown, options);
  EXPECT_TRUE(result) << (result ? "" : result.error());
  return result ? *result : ProgramRun{};
}

std::string refusal(const Program& p, const Machine& machine, const Slowdown& slowdown = {},
                    const RunOptions& options = {}) {
  const auto result = run_program(p, machine.router, slowdown, options);
  EXPECT_FALSE(result);
  return result ? "" : result.error();
}

double end(const ProgramRun& r, const Program& p, std::uint32_t rank, std::size_t task) {
  return r.span(p, rank, task).end.value();
}
double begin(const ProgramRun& r, const Program& p, std::uint32_t rank, std::size_t task) {
  return r.span(p, rank, task).begin.value();
}

// Rank 1 has 1.5 times the load and rank 2 runs at half speed: 2 s become 3 s and 4 s. The barrier waits for 4 s.
TEST(RunProgram, ComputesByLoadAndSlowdownAndWaitsAtBarriers) {
  const Machine machine(star(3), Routing::deterministic);
  Program p = program(3);
  p.loads = {{1, 1.5, 1}};
  add(p, compute(2, 0, 0));
  add(p, barrier());
  add(p, compute(1));
  const auto r = run(p, machine, {.gpu = {1, 1, 2}, .jitter = 0, .seed = 1});
  EXPECT_DOUBLE_EQ(end(r, p, 0, 0), 2);
  EXPECT_DOUBLE_EQ(end(r, p, 1, 0), 3);
  EXPECT_DOUBLE_EQ(end(r, p, 2, 0), 4);
  EXPECT_DOUBLE_EQ(begin(r, p, 0, 1), 2);
  EXPECT_DOUBLE_EQ(end(r, p, 0, 1), 4);
  EXPECT_DOUBLE_EQ(end(r, p, 1, 2), 5);
  EXPECT_DOUBLE_EQ(end(r, p, 2, 2), 6);
  EXPECT_DOUBLE_EQ(r.makespan.value(), 6);
}

// Two stages of two ranks. The first computes 1 s and sends 200 bytes on, 2 s; it computes 4 s more meanwhile. The
// second has been ready since 1.5 s and computes 2 s on what comes.
TEST(RunProgram, StagesDoTheirOwnTasks) {
  const Machine machine(star(4), Routing::deterministic);
  Program p = program(4);
  p.stage_of = {0, 0, 1, 1};
  p.exchanges = {exchange_of({{0, 2, Bytes{200}}, {1, 3, Bytes{200}}})};
  add(p, compute(1));
  add(p, exchange(0, 1), {0});
  add(p, compute(4));
  add(p, compute(1.5));
  add(p, compute(2), {1});
  p.tasks[1].peer = 1;
  p.tasks[1].peer_stream = 1;
  p.tasks[3].stage = p.tasks[4].stage = 1;
  for (const auto engine : {RunOptions::Engine::classes, RunOptions::Engine::flat}) {
    const auto r = run(p, machine, {}, {.engine = engine});
    EXPECT_DOUBLE_EQ(end(r, p, 1, 1), 3);
    EXPECT_DOUBLE_EQ(end(r, p, 0, 2), 5);
    EXPECT_DOUBLE_EQ(begin(r, p, 3, 1), 0);
    EXPECT_DOUBLE_EQ(end(r, p, 2, 1), 3);
    EXPECT_DOUBLE_EQ(begin(r, p, 2, 4), 3);
    EXPECT_DOUBLE_EQ(end(r, p, 3, 4), 5);
    EXPECT_DOUBLE_EQ(end(r, p, 3, 2), 0);  // not its task
    EXPECT_DOUBLE_EQ(r.makespan.value(), 5);
    EXPECT_EQ(r.messages, 2);
  }
}

// A ring of 4 in which rank 0 comes at 3 s, the others at 1 s: each hop takes 2 s, but what rank 0 brings goes through
// everyone, so nobody is through before 5 s. Ranks 4 and 5 are a ring of their own.
TEST(RunProgram, WhoMustComeTogetherWaitsForTheLast) {
  const Machine machine(star(6), Routing::deterministic);
  Program p = program(6);
  p.loads = {{3, 1, 1, 1, 1, 1}};
  p.exchanges = {exchange_of({{0, 1, Bytes{200}},
                              {1, 2, Bytes{200}},
                              {2, 3, Bytes{200}},
                              {3, 0, Bytes{200}},
                              {4, 5, Bytes{200}},
                              {5, 4, Bytes{200}}})};
  p.exchanges[0].together = [](std::uint32_t rank) { return rank < 4 ? 2u : 5u; };
  add(p, compute(1, 0, 0));
  add(p, exchange(0));
  for (const auto engine : {RunOptions::Engine::classes, RunOptions::Engine::flat}) {
    const auto r = run(p, machine, {}, {.engine = engine});
    for (std::uint32_t rank = 0; rank < 4; ++rank) EXPECT_DOUBLE_EQ(end(r, p, rank, 1), 5) << rank;
    for (std::uint32_t rank = 4; rank < 6; ++rank) EXPECT_DOUBLE_EQ(end(r, p, rank, 1), 3) << rank;
  }
  p.exchanges[0].together = {};
  EXPECT_DOUBLE_EQ(end(run(p, machine), p, 2, 1), 3);  // neither of its messages has to do with rank 0
}

// 100 B take 1 s, into rank 2 at a quarter of the rate 4 s; all of the ring are through when they are there. What
// leaves the ring is wrong.
TEST(RunProgram, WhoComesTogetherGoesTogether) {
  FabricGraph graph = star(4);
  graph.links[2 * 2 + 1].capacity = BytesPerSecond{25};
  const Machine machine(graph, Routing::deterministic);
  Program p = program(4);
  p.exchanges = {exchange_of({{0, 1, Bytes{100}}, {1, 2, Bytes{100}}, {2, 0, Bytes{100}}})};
  p.exchanges[0].together = [](std::uint32_t rank) { return rank < 3 ? 0u : 3u; };
  add(p, exchange(0));
  for (const auto engine : {RunOptions::Engine::classes, RunOptions::Engine::flat}) {
    const auto r = run(p, machine, {}, {.engine = engine});
    for (std::uint32_t rank = 0; rank < 3; ++rank) EXPECT_DOUBLE_EQ(end(r, p, rank, 0), 4) << rank;
    EXPECT_DOUBLE_EQ(end(r, p, 3, 0), 0);
  }
  p.exchanges[0] = together(2, 1, shift(4, 1, 1, 100));
  EXPECT_EQ(run_program(p, machine.router).error(),
            "a message of rank 1 goes to rank 2, which does not come together with it");
}

// Rank 0 is ready at 1 s and rank 1 at 3 s; 200 B at 100 B/s take 2 s. Rank 2 has nothing to do with it.
TEST(RunProgram, AMessageLeavesWhenBothItsEndsHaveCome) {
  const Machine machine(star(3), Routing::deterministic);
  Program p = program(3);
  p.loads = {{1, 3, 2}};
  p.exchanges = {exchange_of({{0, 1, Bytes{200}}})};
  add(p, compute(1, 0, 0));
  add(p, exchange(0));
  const auto r = run(p, machine);
  EXPECT_DOUBLE_EQ(begin(r, p, 0, 1), 1);
  EXPECT_DOUBLE_EQ(end(r, p, 0, 1), 5);
  EXPECT_DOUBLE_EQ(end(r, p, 1, 1), 5);
  EXPECT_DOUBLE_EQ(end(r, p, 2, 1), 2);
  EXPECT_DOUBLE_EQ(r.messages, 1);
  EXPECT_DOUBLE_EQ(r.carried[0].value(), 200);  // gpu0 -> switch
  EXPECT_DOUBLE_EQ(r.carried[3].value(), 200);  // switch -> gpu1
  EXPECT_DOUBLE_EQ(r.carried[1].value(), 0);
}

// On a stream of its own, the exchange (100 B from each of two to rank 2: 2 s at 100 B/s) runs beside 3 s of compute;
// the last task waits for both.
TEST(RunProgram, StreamsOverlapAndLinksAreShared) {
  const Machine machine(star(3), Routing::deterministic);
  Program p = program(3);
  p.exchanges = {exchange_of({{0, 2, Bytes{100}}, {1, 2, Bytes{100}}})};
  add(p, compute(1));
  add(p, exchange(0, 1), {0});
  add(p, compute(3));
  add(p, compute(1), {1});
  const auto r = run(p, machine);
  EXPECT_DOUBLE_EQ(end(r, p, 0, 1), 3);
  EXPECT_DOUBLE_EQ(end(r, p, 2, 1), 3);
  EXPECT_DOUBLE_EQ(begin(r, p, 2, 3), 4);
  EXPECT_DOUBLE_EQ(r.makespan.value(), 5);
}

// An exchange that waits for two tasks: rank 0 comes at max(1, 4) s and rank 1 at max(2, 4) s.
TEST(RunProgram, AnExchangeMayWaitForSeveralTasks) {
  const Machine machine(star(2), Routing::deterministic);
  Program p = program(2);
  p.loads = {{1, 2}, {4, 4}};
  p.exchanges = {shift(2, 1, 1, 100)};
  add(p, compute(1, 0, 0));
  add(p, compute(1, 1, 1));
  add(p, exchange(0), {1});
  const auto r = run(p, machine);
  EXPECT_DOUBLE_EQ(begin(r, p, 0, 2), 4);
  EXPECT_DOUBLE_EQ(end(r, p, 0, 2), 5);
  EXPECT_DOUBLE_EQ(end(r, p, 1, 2), 5);
}

// Between boxes of two the wire has latency 0.5 s and efficiency 0.8: 80 B are 100 B on the wire. Two links of 0.1 s.
TEST(RunProgram, MessagesPayTheWireOfTheBorderTheyCross) {
  const Machine machine(star(4, 0.1), Routing::deterministic);
  Program p = program(4);
  Exchange e = exchange_of({{0, 1, Bytes{100}}, {2, 1, Bytes{80}}});
  e.wires.push_back({Seconds{0.25}, 1});
  e.wires.push_back({Seconds{0.5}, 0.8});
  e.boxes.push_back(2);
  p.exchanges = {e};
  add(p, exchange(0));
  const auto r = run(p, machine);
  // 0 -> 1 alone from 0.45 to 0.7 s: 25 B. Then both at 50 B/s: 75 B by 2.2 s. The other has 25 B left: 2.45 s.
  EXPECT_DOUBLE_EQ(end(r, p, 0, 0), 2.2);
  EXPECT_DOUBLE_EQ(end(r, p, 2, 0), 2.45);
  EXPECT_DOUBLE_EQ(r.carried[4].value(), 100);
}

// 100 B in packets of 40 + 10: three packets, 150 B, 1.5 s at 100 B/s. A round trip of 4 x 0.1 s, then 2 x 0.1 s, and
// the last packet is stored for 0.5 s in the switch.
TEST(RunProgram, PacketsAreWholeAskForLeaveAndAreStoredAndForwarded) {
  const Machine machine(star(2, 0.1), Routing::deterministic);
  Program p = program(2);
  Exchange e = exchange_of({{0, 1, Bytes{100}}, {1, 0, Bytes{0}}});
  e.packets = {Bytes{40}, Bytes{10}, 1};
  p.exchanges = {e};
  add(p, exchange(0));
  const auto r = run(p, machine);
  EXPECT_DOUBLE_EQ(end(r, p, 0, 0), 0.4 + 0.2 + 0.5 + 1.5);
  EXPECT_DOUBLE_EQ(r.carried[0].value(), 150);
  EXPECT_DOUBLE_EQ(r.carried[2].value(), 50);  // an empty message is a packet
}

TEST(RunProgram, TheSwitchsLegsUseOneLink) {
  const Machine machine(star(2), Routing::deterministic);
  Program p = program(2);
  p.exchanges = {exchange_of({{0, 0, Bytes{100}, 0, Leg::into_switch}, {1, 1, Bytes{300}, 0, Leg::out_of_switch}})};
  add(p, exchange(0));
  const auto r = run(p, machine);
  EXPECT_DOUBLE_EQ(end(r, p, 0, 0), 1);
  EXPECT_DOUBLE_EQ(end(r, p, 1, 0), 3);
  EXPECT_DOUBLE_EQ(r.carried[0].value(), 100);
  EXPECT_DOUBLE_EQ(r.carried[3].value(), 300);
}

/// gpu0 and gpu1 behind leaves with two spines of 50 B/s between them.
FabricGraph two_spines() {
  FabricGraph graph;
  const auto a = add_node(graph, NodeKind::gpu, "gpu0", 0), b = add_node(graph, NodeKind::gpu, "gpu1", 1);
  const auto c = add_node(graph, NodeKind::leaf, "leaf0"), d = add_node(graph, NodeKind::leaf, "leaf1");
  const auto e = add_node(graph, NodeKind::spine, "spine0"), f = add_node(graph, NodeKind::spine, "spine1");
  add_cable(graph, a, c, 100);
  add_cable(graph, b, d, 100);
  for (const auto spine : {e, f}) {
    add_cable(graph, c, spine, 50);
    add_cable(graph, d, spine, 50);
  }
  return graph;
}

// One path has 50 B/s, both together 100 B/s.
TEST(RunProgram, SprayedMessagesTakeAllPaths) {
  Program p = program(2);
  p.exchanges = {exchange_of({{0, 1, Bytes{100}}})};
  add(p, exchange(0));
  const Machine single(two_spines(), Routing::deterministic), spray(two_spines(), Routing::spray);
  EXPECT_DOUBLE_EQ(run(p, single).makespan.value(), 2);
  const auto r = run(p, spray);
  EXPECT_DOUBLE_EQ(r.makespan.value(), 1);
  EXPECT_DOUBLE_EQ(r.messages, 1);
  EXPECT_DOUBLE_EQ(r.carried[4].value(), 50);
}

// 4,000 draws: mean 1 within 5 x 0.3 / sqrt(4000) = 0.024, standard deviation 0.3 within a tenth.
TEST(RunProgram, JitterHasMeanOneAndTheGivenDeviation) {
  const Machine machine(star(2), Routing::deterministic);
  Program p = program(2);
  for (int i = 0; i < 2000; ++i) add(p, compute(1));
  const auto r = run(p, machine, {.gpu = {}, .jitter = 0.3, .seed = 7});
  double sum = 0, squares = 0;
  for (const auto& span : r.spans) {
    const double d = (span.end - span.begin).value();
    sum += d;
    squares += d * d;
  }
  const double mean = sum / 4000;
  EXPECT_NEAR(mean, 1, 0.024);
  EXPECT_NEAR(std::sqrt(squares / 4000 - mean * mean), 0.3, 0.03);
  EXPECT_EQ(run(p, machine, {.gpu = {}, .jitter = 0.3, .seed = 7}).makespan, r.makespan);
  EXPECT_NE(run(p, machine, {.gpu = {}, .jitter = 0.3, .seed = 8}).makespan, r.makespan);
}

TEST(RunProgram, RefusesWhatDoesNotFit) {
  const Machine machine(star(2), Routing::deterministic);
  Program p = program(3);
  EXPECT_NE(refusal(p, machine).find("3 ranks"), std::string::npos);
  p = program(2);
  p.exchanges = {exchange_of({{0, 5, Bytes{1}}})};
  add(p, exchange(0));
  EXPECT_NE(refusal(p, machine).find("rank 5"), std::string::npos);
}

TEST(RunProgram, RefusesWhatNeedsTooMuchMemoryWithItsSizeAndTheSmallerQuestion) {
  const Machine machine(star(64), Routing::deterministic);
  Program p = program(64);
  p.exchanges = {all_to_all(64, 1, 1)};
  for (int i = 0; i < 100; ++i) add(p, exchange(0));
  const std::string why =
      refusal(p, machine, {}, {.engine = RunOptions::Engine::flat, .memory = std::size_t{64} << 20});
  EXPECT_NE(why.find("64.0 MiB"), std::string::npos) << why;
  EXPECT_NE(why.find("fewer ranks or fewer layers"), std::string::npos) << why;
  EXPECT_NE(why.find("409600 flows"), std::string::npos) << why;  // 100 x (64 x 63 messages + 64 ends)
  EXPECT_NE(why.find("engine by classes"), std::string::npos) << why;
}

// Hashed routes leave nothing alike, and 8448 x 8447 messages are too many to look for it.
TEST(RunProgram, RefusesSoonWhereTooManyMessagesDiffer) {
  const Machine machine(leaf_spine(66, 128, 16), Routing::ecmp);
  Program p = program(8448);
  p.exchanges = {all_to_all(8448, 1, 1e6)};
  add(p, exchange(0));
  const std::string why = refusal(p, machine);
  EXPECT_NE(why.find("71368704 flows, as too few ranks are alike"), std::string::npos) << why;  // and 8448 ends
  EXPECT_EQ(why.find("engine by classes"), std::string::npos) << why;
}

// 128 leaves of 128 GPUs with 64 spines, 1 MB a pair: 128 x (16384 - 128) MB leave a leaf at 64 x 50 GB/s: 650.24 ms.
TEST(RunProgram, AnAllToAllOf268MillionMessagesTakesNoLongerThanItsClasses) {
  const Machine machine(leaf_spine(128, 128, 64), Routing::deterministic);
  Program p = program(16384);
  p.exchanges = {all_to_all(16384, 1, 1e6)};
  add(p, exchange(0));
  const auto r = run(p, machine);
  EXPECT_NEAR(r.makespan.value(), 0.65024, 1e-12);
  EXPECT_DOUBLE_EQ(r.messages, 16384.0 * 16383);
  EXPECT_EQ(r.classes, 1u);
  EXPECT_LE(r.flows, 10u);
}

}  // namespace
}  // namespace ithaca
