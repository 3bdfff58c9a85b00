#pragma once
// Flow systems for tests: written out, or drawn at random from a seed.

#include <algorithm>

#include "model/flows.hpp"

namespace ithaca::test {

struct TestFlow {
  double size = 0;
  std::vector<std::uint32_t> route{};
  double start = 0;
  double rate_cap = 0;
  std::vector<std::uint32_t> after{};
  double delay = 0;
  std::vector<double> usage{};  ///< by link of `route`; empty: once each
};

inline FlowSystem flow_system(const std::vector<double>& capacity, const std::vector<TestFlow>& flows,
                              const std::vector<double>& latency = {}) {
  FlowSystem system;
  for (const double c : capacity) system.capacity.push_back(BytesPerSecond{c});
  for (const double l : latency) system.latency.push_back(Seconds{l});
  for (const TestFlow& f : flows) {
    system.size.push_back(Bytes{f.size});
    system.route.add(f.route);
    system.start.push_back(Seconds{f.start});
    system.rate_cap.push_back(BytesPerSecond{f.rate_cap});
    system.after.add(f.after);
    system.delay.push_back(Seconds{f.delay});
    system.usage.insert(system.usage.end(), f.usage.begin(), f.usage.end());
    system.usage.resize(system.route.items.size(), 1);
  }
  if (std::all_of(system.usage.begin(), system.usage.end(), [](double u) { return u == 1; })) system.usage.clear();
  return system;
}

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): the same numbers everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t x = state_ += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
  }
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(next() % n); }
  double share() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

/// Routes of 1 to 5 links. Every third system has round numbers only, so that many levels and times are equal; some
/// have late starts, latencies, rate caps, links that are crossed more or less than once, and flows that wait for
/// earlier ones.
inline FlowSystem random_system(std::uint64_t seed, std::uint32_t links, std::uint32_t flows) {
  Random random(seed);
  const bool round = seed % 3 == 0, late = seed % 2 == 0, capped = seed % 5 == 0, waits = seed % 4 == 1,
             weighted = seed % 7 < 2;
  const auto amount = [&](double most) {
    return round ? most * (1 + random.below(4)) / 4 : most * (0.01 + random.share());
  };
  std::vector<double> capacity, latency;
  for (std::uint32_t k = 0; k < links; ++k) capacity.push_back(amount(50e9));
  for (std::uint32_t k = 0; late && k < links; ++k) latency.push_back(amount(2e-6));
  std::vector<TestFlow> list;
  for (std::uint32_t f = 0; f < flows; ++f) {
    TestFlow flow;
    flow.size = amount(4e6);
    const std::uint32_t hops = std::min(links, 1 + random.below(5));
    while (flow.route.size() < hops) {
      const std::uint32_t k = random.below(links);
      if (std::find(flow.route.begin(), flow.route.end(), k) == flow.route.end()) flow.route.push_back(k);
    }
    while (weighted && flow.usage.size() < hops) flow.usage.push_back(amount(4));
    if (late) flow.start = amount(2e-3) * random.below(3);
    if (capped && random.below(3) == 0) flow.rate_cap = amount(5e9);
    if (waits && f > 0 && random.below(2) == 0) flow.after = {random.below(f)};
    list.push_back(flow);
  }
  return flow_system(capacity, list, latency);
}

}  // namespace ithaca::test
