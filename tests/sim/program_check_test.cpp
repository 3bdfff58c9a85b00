#include "sim/program_check.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/programs.hpp"

namespace ithaca {
namespace {

using namespace test;

Program good() {
  Program p = program(4);
  p.exchanges = {shift(4, 1, 1, 10)};
  p.loads = {{1, 1, 2, 1}};
  add(p, compute(1, 0, 0));
  add(p, exchange(0, 1), {0});
  return p;
}

/// What is said about a program or a machine that was changed by `change`.
template <class Change>
std::string complaint(Change change) {
  Program p = good();
  Slowdown slowdown;
  change(p, slowdown);
  return check(p, 4, slowdown).value_or("");
}

TEST(ProgramCheck, AcceptsAGoodProgram) {
  EXPECT_EQ(complaint([](Program&, Slowdown&) {}), "");
  EXPECT_EQ(complaint([](Program&, Slowdown& s) { s.gpu = {1, 2, 1, 1}; }), "");
}

TEST(ProgramCheck, StagesDoWhatTheyCanDo) {
  const auto staged = [](auto&& change) {
    return complaint([&](Program& p, Slowdown&) {
      p.stage_of = {0, 0, 1, 1};
      change(p);
    });
  };
  const auto expect = [](const std::string& said, const std::string& part) {
    EXPECT_NE(said.find(part), std::string::npos) << '"' << said << '"';
  };
  EXPECT_EQ(staged([](Program& p) { p.tasks[1].peer = 1; }), "");
  expect(staged([](Program& p) { p.stage_of.pop_back(); }), "stages: 3 values for 4 ranks");
  expect(staged([](Program& p) { p.tasks[0].stage = 2; }), "task 0: there is no stage 2");
  expect(staged([](Program& p) { p.tasks[1].peer = 2; }), "task 1: there is no other stage 2");
  expect(staged([](Program& p) { p.tasks[0].peer = 1; }), "task 0: only an exchange has a second stage");
  expect(staged([](Program& p) { p.tasks[1].stage = 1; }), "task 1: it waits for task 0, which no rank does");
  expect(staged([](Program& p) { p.tasks[1].kind = Task::Kind::barrier; }), "task 1: stages have no barriers");
  expect(staged([](Program& p) {
           p.tasks[1].peer = 1;
           p.tasks[1].peer_stream = 2;
         }),
         "there is no stream 2");
}

TEST(ProgramCheck, SaysWhichNumberIsWrong) {
  const auto expect = [](const std::string& said, const std::string& part) {
    EXPECT_NE(said.find(part), std::string::npos) << '"' << said << '"';
  };
  expect(complaint([](Program& p, Slowdown&) { p.ranks = 0; }), "no ranks");
  expect(complaint([](Program& p, Slowdown&) { p.ranks = 5; }), "5 ranks and the fabric 4 GPUs");
  expect(complaint([](Program& p, Slowdown&) { p.after.begin.pop_back(); }), "rows of 'after'");
  expect(complaint([](Program& p, Slowdown&) { p.after.items[0] = 1; }), "task 1: it waits for task 1");
  expect(complaint([](Program& p, Slowdown&) { p.tasks[0].stream = 2; }), "task 0: there is no stream 2");
  expect(complaint([](Program& p, Slowdown&) { p.tasks[0].label = 7; }), "no label 7");
  expect(complaint([](Program& p, Slowdown&) { p.tasks[1].exchange = 1; }), "task 1: there is no exchange 1");
  expect(complaint([](Program& p, Slowdown&) { p.tasks[0].load = 1; }), "no load 1");
  expect(complaint([](Program& p, Slowdown&) { p.tasks[0].duration = Seconds{-1}; }), "task 0: its duration");
  expect(complaint([](Program& p, Slowdown&) { p.loads[0].pop_back(); }), "load 0: 3 values for 4 ranks");
  expect(complaint([](Program& p, Slowdown&) { p.loads[0][2] = NAN; }), "load 0: the value of rank 2");
  expect(complaint([](Program& p, Slowdown&) { p.exchanges[0].sends = nullptr; }), "exchange 0: it does not say");
  expect(
      complaint([](Program& p, Slowdown&) { p.exchanges[0].together = [](std::uint32_t rank) { return rank ^ 1; }; }),
      "exchange 0: rank 0 is together with rank 1, which is not there or together with others");
  expect(complaint([](Program& p, Slowdown&) { p.exchanges[0].boxes.push_back(2); }), "1 box needs 2 wires");
  expect(complaint([](Program& p, Slowdown&) { p.exchanges[0].wires.push_back({Seconds{0}, 1.1}); }), "an efficiency");
  expect(complaint([](Program& p, Slowdown&) { p.exchanges[0].wires.push_back({Seconds{-1}, 1}); }), "a latency");
  expect(complaint([](Program& p, Slowdown&) { p.exchanges[0].packets.round_trips = -1; }), "round trips");
  expect(complaint([](Program&, Slowdown& s) { s.gpu = {1}; }), "slowdown: 1 value for 4 ranks");
  expect(complaint([](Program&, Slowdown& s) { s.jitter = INFINITY; }), "the jitter");
}

}  // namespace
}  // namespace ithaca
