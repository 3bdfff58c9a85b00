#include "cli/trace_writer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/support/programs.hpp"
#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

using nlohmann::json;

json written(const Trace& trace) {
  std::ostringstream out;
  write_trace(out, trace);
  return json::parse(out.str());
}

struct Slice {
  double begin, end;
  std::string name, category;
};
using Thread = std::pair<int, int>;

/// What a viewer asks of the file: every rank with a name, all times finite, slices of a thread one behind the other,
/// also when they are cut off to nanoseconds. Gives the slices by thread.
std::map<Thread, std::vector<Slice>> validated(const json& document) {
  std::map<Thread, std::vector<Slice>> threads;
  std::set<int> named, used;
  std::set<Thread> named_threads;
  for (const json& event : document["traceEvents"]) {
    const std::string phase = event["ph"];
    const int process = event["pid"];
    EXPECT_GT(process, 0);
    if (phase == "M") {
      if (event["name"] == "process_name") {
        EXPECT_TRUE(named.insert(process).second);
      }
      if (event["name"] == "thread_name") named_threads.insert({process, event["tid"]});
      continue;
    }
    used.insert(process);
    EXPECT_TRUE(event["ts"].is_number() && std::isfinite(event["ts"].get<double>()) && event["ts"] >= 0) << event;
    if (phase == "C") continue;
    EXPECT_EQ(phase, "X");
    const double begin = event["ts"], duration = event["dur"];
    EXPECT_TRUE(std::isfinite(duration) && duration > 0) << event;
    threads[{process, event["tid"]}].push_back({begin, begin + duration, event["name"], event["cat"]});
  }
  for (const int process : used) EXPECT_TRUE(named.count(process)) << process;
  for (auto& [thread, slices] : threads) {
    EXPECT_TRUE(named_threads.count(thread));
    for (std::size_t i = 1; i < slices.size(); ++i) {
      EXPECT_LE(slices[i - 1].end, slices[i].begin) << slices[i].name;
      const auto ns = [](double us) { return static_cast<std::int64_t>(us * 1000); };
      EXPECT_LE(ns(slices[i - 1].begin) + ns(slices[i - 1].end - slices[i - 1].begin), ns(slices[i].begin));
    }
  }
  return threads;
}

ProgramRun run_of(const Program& program, const Router& router, const Slowdown& slowdown = {}) {
  auto run = run_program(program, router, slowdown);
  EXPECT_TRUE(run) << run.error();
  return std::move(run).value();
}

/// 1 s of compute, then 300 B around the star of 100 B/s: 3 s, beside 2 s of compute.
Program two_streams(std::uint32_t ranks) {
  Program p = test::program(ranks);
  p.exchanges.push_back(test::shift(ranks, 1, 1, 300));
  test::add(p, test::compute(1));
  test::add(p, test::exchange(0, 1), {0});
  test::add(p, test::compute(2));
  return p;
}

TEST(WriteTrace, StreamsAreThreadsOfRanks) {
  const test::Machine machine(test::star(2), Routing::deterministic);
  const Program program = two_streams(2);
  const ProgramRun run = run_of(program, machine.router);
  const json document = written({program, run, {0, 1}, {}, {}, {"ithaca", "simulate"}});
  const auto threads = validated(document);
  ASSERT_EQ(threads.size(), 4u);
  const auto& compute = threads.at({2, 1});
  ASSERT_EQ(compute.size(), 2u);
  EXPECT_EQ(compute[0].begin, 0);
  EXPECT_EQ(compute[0].end, 1e6);
  EXPECT_EQ(compute[1].end, 3e6);
  EXPECT_EQ(compute[0].category, "compute");
  const auto& comm = threads.at({2, 2});
  ASSERT_EQ(comm.size(), 1u);
  EXPECT_EQ(comm[0].begin, 1e6);
  EXPECT_NEAR(comm[0].end, 4e6, 1e-3);
  EXPECT_EQ(comm[0].category, "exchange");
  EXPECT_EQ(document["otherData"]["argv"], (json{"ithaca", "simulate"}));
  EXPECT_EQ(document["otherData"]["ranks"], 2);
  EXPECT_EQ(document["traceEvents"][0]["args"]["name"], "GPU 0");
}

TEST(WriteTrace, HostileLabelsAreEscaped) {
  const test::Machine machine(test::star(2), Routing::deterministic);
  Program program = two_streams(2);
  const std::string hostile = "\"},{\"ph\":\"X\"\\\n\t\x01</script>\xC3\xA9";
  program.labels[0] = hostile;
  program.streams[0] = hostile;
  const ProgramRun run = run_of(program, machine.router);
  const json document = written({program, run, {0}, {}, {{hostile, {{Seconds{0}, 1}}}}, {hostile}});
  const auto threads = validated(document);
  EXPECT_EQ(threads.at({1, 1})[0].name, hostile);
  EXPECT_EQ(document["otherData"]["argv"][0], hostile);
  program.labels[0] = "\xFF no UTF-8";
  EXPECT_EQ(validated(written({program, run, {0}, {}, {}, {}})).at({1, 1})[0].name, "\xEF\xBF\xBD no UTF-8");
}

TEST(WriteTrace, SlicesNeverOverlap) {
  // durations that no decimal or binary grid holds, in thousands behind each other
  const test::Machine machine(test::leaf_spine(2, 4, 2), Routing::ecmp);
  Program program = test::program(8);
  program.exchanges.push_back(test::all_to_all(8, 1, 12345.678));
  for (int i = 0; i < 1000; ++i) {
    test::add(program, test::compute(1e-6 / 3 + i * 1e-9 / 7));
    test::add(program, test::compute(i % 3 == 0 ? 1e-13 : 0));
    if (i % 10 == 0) test::add(program, test::exchange(0, static_cast<std::uint8_t>(i % 20 / 10)));
    if (i % 100 == 0) test::add(program, test::barrier());
  }
  const ProgramRun run = run_of(program, machine.router, {{}, 0.3, 5});
  const auto threads = validated(written({program, run, {0, 3, 7}, {}, {}, {}}));
  EXPECT_EQ(threads.size(), 6u);
  for (const int process : {1, 4, 8}) EXPECT_GE(threads.at({process, 1}).size(), 1000u);
  for (const Slice& slice : threads.at({1, 1})) EXPECT_GE(slice.end - slice.begin, 1.0 / 8192);
}

TEST(WriteTrace, MemoryAndLinksAreCounters) {
  const test::Machine machine(test::star(2), Routing::deterministic);
  const Program program = two_streams(2);
  const ProgramRun run = run_of(program, machine.router);
  const auto memory = [](std::uint32_t rank) {
    return std::vector<TracePoint>{{Seconds{0}, 5e9 + rank}, {Seconds{1}, 6e9}};
  };
  const json document = written({program, run, {1}, memory, {{"gpu0->nvswitch0", {{Seconds{1}, 0.5}}}}, {}});
  validated(document);
  std::vector<json> counters;
  for (const json& event : document["traceEvents"]) {
    if (event["ph"] == "C") counters.push_back(event);
  }
  ASSERT_EQ(counters.size(), 3u);
  EXPECT_EQ(counters[0]["pid"], 2);
  EXPECT_EQ(counters[0]["name"], "memory");
  EXPECT_EQ(counters[0]["args"]["bytes"], 5e9 + 1);
  EXPECT_EQ(counters[1]["ts"], 1e6);
  EXPECT_EQ(counters[2]["pid"], 3);
  EXPECT_EQ(counters[2]["args"]["share"], 0.5);
}

TEST(RanksToShow, OneOfEachClass) {
  const test::Machine machine(test::star(100), Routing::deterministic);
  const Program program = two_streams(100);
  const ProgramRun alike = run_of(program, machine.router);
  EXPECT_EQ(ranks_to_show(program, alike, 100).size(), 100u);
  EXPECT_EQ(ranks_to_show(program, alike), std::vector<std::uint32_t>{0});
  const json document = written({program, alike, {0}, {}, {}, {}});
  EXPECT_EQ(document["otherData"]["shown_for"]["GPU 0"], "0-99");
  std::string label;
  for (const json& event : document["traceEvents"]) {
    if (event["name"] == "process_labels") label = event["args"]["labels"];
  }
  EXPECT_EQ(label, "one of 100 that do the same");
}

TEST(RanksToShow, TheLastToFinishIsAmongThem) {
  const test::Machine machine(test::star(100), Routing::deterministic);
  const Program program = two_streams(100);
  Slowdown slow{std::vector<double>(100, 1), 0, 1};
  for (std::size_t rank = 0; rank < 100; ++rank) slow.gpu[rank] = 1 + 0.01 * static_cast<double>(rank);
  slow.gpu[90] = 9;
  const auto ranks = ranks_to_show(program, run_of(program, machine.router, slow), 10);
  ASSERT_EQ(ranks.size(), 10u);
  EXPECT_EQ(ranks.back(), 90u);
}

TEST(TraceLinks, SpreadsBytesOverTheExchange) {
  const test::Machine machine(test::star(2), Routing::deterministic);
  const Program program = two_streams(2);
  const auto links = trace_links(program, run_of(program, machine.router), machine.router, 3);
  ASSERT_EQ(links.size(), 3u);
  EXPECT_EQ(links[0].name, "gpu0->nvswitch0");
  // 300 B from 1 s to 4 s at 100 B/s: the whole link
  ASSERT_EQ(links[0].use.size(), 2u);
  EXPECT_EQ(links[0].use[0].time, Seconds{1});
  EXPECT_NEAR(links[0].use[0].value, 1, 1e-12);
  EXPECT_NEAR(links[0].use[1].time.value(), 4, 1e-12);
  EXPECT_EQ(links[0].use[1].value, 0);
}

TEST(SaveTrace, WritesAFileOrSaysWhyNot) {
  const test::Machine machine(test::star(2), Routing::deterministic);
  const Program program = two_streams(2);
  const ProgramRun run = run_of(program, machine.router);
  const Trace trace{program, run, {0}, {}, {}, {}};
  const std::string path = test::temporary_path("trace.json");
  EXPECT_FALSE(save_trace(path, trace));
  std::ifstream in(path);
  validated(json::parse(in));
  std::remove(path.c_str());
  const auto problem = save_trace("/no/such/folder/trace.json", trace);
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->what, "cannot write: No such file or directory");
}

}  // namespace
}  // namespace ithaca
