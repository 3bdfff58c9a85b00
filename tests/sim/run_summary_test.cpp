#include "sim/run_summary.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

TEST(RunSummary, TheLongestComputingRankCounts) {
  Program program;
  program.tasks = {{.kind = Task::Kind::compute}, {.kind = Task::Kind::barrier}, {.kind = Task::Kind::compute}};
  ProgramRun run;
  run.classes = 2;
  run.class_of = {0, 1};
  const auto span = [](double begin, double end) { return ProgramRun::Span{Seconds{begin}, Seconds{end}}; };
  // 1 + 1 and 2 + 3; the wait at the barrier does not count.
  run.spans = {span(0, 1), span(1, 2), span(2, 3), span(0, 2), span(2, 2), span(2, 5)};
  EXPECT_EQ(compute_time(program, run).value(), 5);
}

TEST(RunSummary, LinksByUtilisation) {
  FabricGraph graph;
  graph.nodes = {{"gpu0", NodeKind::gpu, 0}, {"gpu1", NodeKind::gpu, 0}};
  for (const double capacity : {10.0, 20.0, 10.0, 10.0}) graph.links.push_back({0, 1, BytesPerSecond{capacity}, {}});
  const auto fabric = Fabric::make(graph);
  ASSERT_TRUE(fabric) << fabric.error();
  ProgramRun run;
  run.makespan = Seconds{2};
  run.carried = {Bytes{5}, Bytes{20}, Bytes{10}, Bytes{}};
  // Of 20, 40, 20 and 20 bytes in two seconds: 25, 50, 50 and 0 %.
  const auto uses = busiest_links(*fabric, run, 10);
  ASSERT_EQ(uses.size(), 3U);
  EXPECT_EQ(uses[0].link, 1U);
  EXPECT_EQ(uses[1].link, 2U);
  EXPECT_EQ(uses[2].utilisation, 0.25);
  EXPECT_EQ(busiest_links(*fabric, run, 1).size(), 1U);
}

}  // namespace
}  // namespace ithaca
