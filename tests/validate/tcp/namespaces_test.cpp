// Real traffic between network namespaces, predicted by the event engine from ping-pongs alone. Needs root and a
// machine with nothing else to do, so that it runs only where ITHACA_NAMESPACES=1 asks for it.

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "configs/reader/load_collectives.hpp"
#include "sim/run_program.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

const std::string kScript = ITHACA_SOURCE_DIR "/tests/validate/tcp/namespaces.sh";

/// Hosts that are there until the end of the test.
class Hosts {
 public:
  explicit Hosts(const std::string& how) {
    std::system((kScript + " down").c_str());
    up = std::system((kScript + " " + how).c_str()) == 0;
  }
  ~Hosts() { std::system((kScript + " down").c_str()); }
  bool up = false;
};

/// Starts `ithaca measure` on these hosts, rank by rank; each that fails leaves a line in FILE.lost.
std::string start_ranks(const std::vector<int>& hosts, const std::string& flags, const std::string& file) {
  std::string script;
  for (std::size_t rank = 0; rank < hosts.size(); ++rank) {
    script += "(ip netns exec ithaca" + std::to_string(hosts[rank]) +
              " " ITHACA_COMMAND " measure --backend tcp --rank " + std::to_string(rank) + " --ranks " +
              std::to_string(hosts.size()) + " --meet 10.86.0." + std::to_string(10 + hosts[0]) +
              ":29500 --token test " + flags + (rank == 0 ? " -o " + file : std::string()) +
              " > /dev/null 2>&1 || echo $? >> " + file + ".lost) & ";
  }
  return script;
}

std::vector<CollectiveSample> samples_of(const std::string& file) {
  const auto samples = load_collectives(file, {});
  EXPECT_TRUE(samples) << print(samples.error());
  return samples ? samples->samples : std::vector<CollectiveSample>{};
}

std::vector<CollectiveSample> measure(const std::vector<int>& hosts, const std::string& flags) {
  const std::string file = test::temporary_path("tcp.yaml");
  std::system((start_ranks(hosts, flags, file) + "wait").c_str());
  std::vector<CollectiveSample> samples = samples_of(file);
  std::remove(file.c_str());
  return samples;
}

/// A ping-pong's line through two sizes.
struct Wires {
  double rate = 0, latency = 0;
};
Wires calibrate(const std::vector<CollectiveSample>& ping_pongs) {
  const CollectiveSample &small = ping_pongs.front(), &large = ping_pongs.back();
  const double rate = (large.message - small.message).value() / (large.time - small.time).value();
  return {rate, std::max(0.0, small.time.value() - small.message.value() / rate)};
}

/// Rank r sends `bytes` to r + `step`, for each of the steps at once.
Exchange shifts(int ranks, std::vector<int> steps, double bytes, double latency) {
  Exchange exchange;
  exchange.sends = [=](std::uint32_t rank, std::vector<Message>& messages) {
    for (const int step : steps) {
      messages.push_back(
          {rank, (rank + static_cast<std::uint32_t>(step)) % static_cast<std::uint32_t>(ranks), Bytes{bytes}});
    }
  };
  exchange.wires.push_back({Seconds{latency}, 1});
  return exchange;
}

/// The rounds of a measured pattern.
Program program(const CollectiveSample& sample, double latency) {
  const double block = sample.message.value() / (sample.op == Op::send_recv ? 1 : sample.ranks);
  Program program;
  program.ranks = static_cast<std::uint32_t>(sample.ranks);
  program.streams = {"comm"};
  program.labels = {"round"};
  std::vector<int> all;
  for (int step = 1; step < sample.ranks; ++step) all.push_back(step);
  const auto add = [&](const std::vector<int>& steps) {
    program.tasks.push_back(
        {.kind = Task::Kind::exchange, .exchange = static_cast<std::uint32_t>(program.exchanges.size())});
    program.after.add({});
    program.exchanges.push_back(shifts(sample.ranks, steps, block, latency));
  };
  if (sample.op == Op::send_recv) add({1});
  if (sample.algorithm == Algorithm::direct) add(all);
  for (const int step : all) {
    if (sample.algorithm == Algorithm::pairwise) add({step});
    if (sample.algorithm == Algorithm::ring && sample.op != Op::send_recv) add({1});
  }
  return program;
}

double predicted(const CollectiveSample& sample, const FabricGraph& graph, double latency) {
  const test::Machine machine(graph, Routing::deterministic);
  const auto run = run_program(program(sample, latency), machine.router);
  EXPECT_TRUE(run) << run.error();
  return run ? run->makespan.value() : 0;
}

/// Nodes of `ranks` hosts; a hub in each, joined through a core where there are several.
FabricGraph nodes(int count, int ranks, double intra, double nic) {
  FabricGraph graph;
  for (int i = 0; i < count * ranks; ++i) test::add_node(graph, NodeKind::gpu, "gpu" + std::to_string(i), i);
  const std::uint32_t core = test::add_node(graph, NodeKind::spine, "core");
  for (int n = 0; n < count; ++n) {
    const std::uint32_t hub = test::add_node(graph, NodeKind::leaf, "leaf" + std::to_string(n));
    test::add_cable(graph, hub, core, nic);
    for (int r = 0; r < ranks; ++r) test::add_cable(graph, static_cast<std::uint32_t>(n * ranks + r), hub, intra);
  }
  return graph;
}

bool asked_for() {
  const char* asked = std::getenv("ITHACA_NAMESPACES");
  return asked != nullptr && std::string(asked) == "1" && geteuid() == 0;
}

constexpr const char* kWhySkipped = "needs root and an otherwise idle machine: set ITHACA_NAMESPACES=1 as root";

std::string what(const CollectiveSample& s) {
  return std::string(name(s.op)) + (s.algorithm ? " " + std::string(name(*s.algorithm)) : "") + " of " +
         std::to_string(s.message.value());
}

TEST(Namespaces, AStarIsPredictedFromItsPingPong) {
  if (!asked_for()) GTEST_SKIP() << kWhySkipped;
  const Hosts hosts("up 4 50mbit");
  ASSERT_TRUE(hosts.up);
  const auto samples = measure({0, 1, 2, 3}, "--sizes [1MiB,4MiB]");
  ASSERT_EQ(samples.size(), 12u);
  const Wires wires = calibrate({samples[0], samples[1]});
  // What tbf lets through: 50 Mbit/s of frames of 1,514 bytes, of which 1,448 are payload.
  EXPECT_NEAR(wires.rate, 50e6 / 8 * 1448 / 1514, 0.05 * 50e6 / 8);
  for (std::size_t i = 2; i < samples.size(); ++i) {
    const double time = predicted(samples[i], nodes(1, 4, wires.rate, 1e12), wires.latency);
    const double error = time / samples[i].time.value() - 1;
    std::printf("%-40s measured %.3f s, predicted %.3f s: %+.1f %%\n", what(samples[i]).c_str(),
                samples[i].time.value(), time, 100 * error);
    EXPECT_LT(std::abs(error), samples[i].algorithm == Algorithm::direct ? 0.15 : 0.05) << what(samples[i]);
  }
}

TEST(Namespaces, ASharedNicIsPredictedFromTwoPingPongs) {
  if (!asked_for()) GTEST_SKIP() << kWhySkipped;
  const Hosts hosts("up2 2 4 50mbit 200mbit");
  ASSERT_TRUE(hosts.up);
  const Wires intra = calibrate(measure({0, 1}, "--sizes [1MiB,4MiB] --patterns ping_pong"));
  const Wires nic = calibrate(measure({0, 4}, "--sizes [1MiB,4MiB] --patterns ping_pong"));
  const auto samples = measure({0, 1, 2, 3, 4, 5, 6, 7}, "--sizes [8MiB] --patterns all_gather,all_to_all,pairwise");
  ASSERT_EQ(samples.size(), 3u);
  std::vector<double> times;
  for (const CollectiveSample& sample : samples) {
    times.push_back(predicted(sample, nodes(2, 4, intra.rate, nic.rate), nic.latency));
    const double error = times.back() / sample.time.value() - 1;
    std::printf("%-40s measured %.3f s, predicted %.3f s: %+.1f %%\n", what(sample).c_str(), sample.time.value(),
                times.back(), 100 * error);
    EXPECT_LT(std::abs(error), 0.12) << what(sample);
  }
  const double measured_ratio = samples[1].time / samples[0].time, predicted_ratio = times[1] / times[0];
  EXPECT_NEAR(predicted_ratio / measured_ratio, 1, 0.10) << "all-to-all to all-gather";
}

// Ping-pongs take 39 ms with 256 KiB and 0.7 s with 4 MiB, each some five times: after 5 s the second is under way.
// Rank 2 loses its cable; all ranks give it up after their patience of 4 s, within some rounds of each other.
TEST(Namespaces, ACutCableEndsAllRanksAndWhatWasMeasuredIsKept) {
  if (!asked_for()) GTEST_SKIP() << kWhySkipped;
  const Hosts hosts("up 3 50mbit");
  ASSERT_TRUE(hosts.up);
  const std::string file = test::temporary_path("cut.yaml");
  const auto begin = std::chrono::steady_clock::now();
  std::system((start_ranks({0, 1, 2}, "--sizes [256KiB,4MiB] --patience 4s", file) +
               "sleep 5; ip -n ithaca-switch link set port2 down; wait")
                  .c_str());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
  std::ifstream lost(file + ".lost");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(lost), {}), "1\n1\n1\n");
  const auto samples = samples_of(file);
  ASSERT_GE(samples.size(), 1u);
  EXPECT_LT(samples.size(), 12u);  // six patterns, two sizes
  EXPECT_EQ(samples[0].message, Bytes{256 << 10});
  for (const std::string& name : {file, file + ".lost"}) std::remove(name.c_str());
}

}  // namespace
}  // namespace ithaca
