#include "sim/critical_path.hpp"

#include <gtest/gtest.h>

#include "tests/support/programs.hpp"

namespace ithaca {
namespace {

using Waits = CriticalTask::Waits;

Task compute(std::uint32_t label) { return {.kind = Task::Kind::compute, .stream = 0, .label = label}; }

/// Every rank computes, sends to its successor, and computes again.
Program ring(std::uint32_t ranks) {
  Program program;
  program.ranks = ranks;
  program.streams = {"compute", "comm"};
  program.labels = {"first", "hop", "second"};
  Exchange hop;
  hop.sends = [ranks](std::uint32_t rank, std::vector<Message>& messages) {
    messages.push_back({.from = rank, .to = (rank + 1) % ranks});
  };
  program.exchanges = {hop};
  program.tasks = {compute(0), {.kind = Task::Kind::exchange, .stream = 1, .label = 1}, compute(2)};
  program.after.add({});
  program.after.add(std::vector<std::uint32_t>{0});
  program.after.add(std::vector<std::uint32_t>{1});
  return program;
}

ProgramRun::Span span(double begin, double end) { return {Seconds{begin}, Seconds{end}}; }

TEST(CriticalPath, GoesOverToTheRankThatCameLast) {
  // Three ranks, the second one slow: its first task ends at 3, the others' at 1. A hop takes 1 from when both ends are
  // there, so ranks 1 (sends) and 2 (receives from it) are through at 4, rank 0 (which sends to rank 1) too.
  const Program program = ring(3);
  ProgramRun run;
  run.classes = 3;
  run.class_of = {0, 1, 2};
  run.spans = {span(0, 1), span(1, 4), span(4, 6), span(0, 3), span(3, 4),
               span(4, 6), span(0, 1), span(1, 4), span(4, 7)};
  run.makespan = Seconds{7};
  // Back from rank 2's end at 7: its second task from 4; the hop until 4, which waited for rank 1 from 3; rank 1's
  // first task until 3.
  const auto path = critical_path(program, run);
  ASSERT_EQ(path.size(), 3U);
  EXPECT_EQ(path[0].rank, 1U);
  EXPECT_EQ(path[0].waited_for, Waits::nothing);
  EXPECT_EQ(path[1].rank, 1U);
  EXPECT_EQ(path[1].waiting, 2U);
  EXPECT_EQ(path[1].begin.value(), 3);
  EXPECT_EQ(path[1].end.value(), 4);
  EXPECT_EQ(path[1].waited_for, Waits::dependency);
  EXPECT_EQ(path[2].rank, 2U);
  EXPECT_EQ(path[2].waiting, 2U);
  const auto times = time_by_label(program, path);
  ASSERT_EQ(times.size(), 3U);
  EXPECT_EQ(times[0].label, 0U);  // 3 + 3 + 1 = 7; labels of equal time in their own order
  EXPECT_EQ(times[1].label, 2U);
  EXPECT_EQ(times[2].time.value(), 1);
}

// Four ranks, rank 0 slow. Rank 2 exchanges nothing with it, but waited for it all the same.
TEST(CriticalPath, GoesOverToTheLastOfThoseThatComeTogether) {
  Program program = ring(4);
  program.exchanges[0].together = [](std::uint32_t) { return 3u; };
  ProgramRun run;
  run.classes = 3;
  run.class_of = {0, 1, 2, 1};
  run.spans = {span(0, 3), span(3, 4), span(4, 5), span(0, 1), span(1, 4),
               span(4, 5), span(0, 1), span(1, 4), span(4, 6)};
  const auto path = critical_path(program, run);
  ASSERT_EQ(path.size(), 3U);
  EXPECT_EQ(path[0].rank, 0U);
  EXPECT_EQ(path[1].rank, 0U);
  EXPECT_EQ(path[1].waiting, 2U);
  EXPECT_EQ(path[1].begin.value(), 3);
  EXPECT_EQ(path[2].rank, 2U);
}

TEST(CriticalPath, CoversTheMakespanWithoutGaps) {
  const Program program = ring(2);
  ProgramRun run;
  run.classes = 1;
  run.class_of = {0, 0};
  run.spans = {span(0, 2), span(2, 5), span(5, 6)};
  const auto path = critical_path(program, run);
  ASSERT_EQ(path.size(), 3U);
  EXPECT_EQ(path.front().begin.value(), 0);
  for (std::size_t i = 1; i < path.size(); ++i) EXPECT_EQ(path[i].begin, path[i - 1].end);
  EXPECT_EQ(path.back().end.value(), 6);
}

TEST(CriticalPath, TellsTheStreamFromADependency) {
  Program program;
  program.ranks = 1;
  program.streams = {"compute"};
  program.labels = {"a"};
  program.tasks = {compute(0), compute(0)};
  program.after.add({});
  program.after.add({});
  ProgramRun run;
  run.classes = 1;
  run.class_of = {0};
  run.spans = {span(0, 1), span(1, 2)};
  EXPECT_EQ(critical_path(program, run)[1].waited_for, Waits::stream);
}

TEST(CriticalPath, AtABarrierTheLastRankDecides) {
  Program program = ring(3);
  program.tasks[1].kind = Task::Kind::barrier;
  ProgramRun run;
  run.classes = 2;
  run.class_of = {0, 0, 1};
  run.spans = {span(0, 1), span(1, 5), span(5, 6), span(0, 5), span(5, 5), span(5, 6)};
  const auto path = critical_path(program, run);
  EXPECT_EQ(path[0].rank, 2U);
  EXPECT_EQ(path[2].rank, 0U);
}

// The second stage computes until 6 on what the first one, there since 2, sends until 4; before it computed until 1.
TEST(CriticalPath, LeadsFromStageToStage) {
  Program program = test::program(2);
  program.stage_of = {0, 1};
  program.exchanges = {test::exchange_of({{0, 1, Bytes{200}}})};
  program.tasks = {test::compute(2), test::exchange(0, 1), test::compute(1), test::compute(2)};
  program.tasks[1].peer = program.tasks[2].stage = program.tasks[3].stage = 1;
  program.tasks[1].peer_stream = 1;
  for (const auto& after : std::vector<std::vector<std::uint32_t>>{{}, {0}, {}, {1}}) program.after.add(after);
  const test::Machine machine(test::star(2), Routing::deterministic);
  const auto run = run_program(program, machine.router);
  ASSERT_TRUE(run) << run.error();
  const auto path = critical_path(program, *run);
  ASSERT_EQ(path.size(), 3U);
  EXPECT_EQ(path[0].rank, 0U);
  EXPECT_EQ(path[1].task, 1U);
  EXPECT_EQ(path[1].rank, 0U);
  EXPECT_EQ(path[1].waiting, 1U);
  EXPECT_EQ(path[2].task, 3U);
  EXPECT_DOUBLE_EQ(path[2].end.value(), 6);
}

TEST(CriticalPath, NothingToFollow) { EXPECT_TRUE(critical_path(Program{}, ProgramRun{}).empty()); }

}  // namespace
}  // namespace ithaca
