#include "sim/flow_engine.hpp"

#include <algorithm>
#include <numeric>

#include "sim/fair_shares.hpp"
#include "sim/flow_check.hpp"
#include "sim/flow_clocks.hpp"

namespace ithaca {
namespace {

constexpr double kSameTime = 0x1p-46;

double at(const auto& values, std::size_t index) { return values.empty() ? 0 : values[index].value(); }

/// Links and routes, with a link of its own for every flow that has a rate cap.
struct Resources {
  std::vector<double> capacity, own_usage;
  IndexRows own_routes;
  const IndexRows* routes;
  Usage usage;

  explicit Resources(const FlowSystem& s) : routes(&s.route), usage{s.usage} {
    for (const BytesPerSecond c : s.capacity) capacity.push_back(c.value());
    if (std::none_of(s.rate_cap.begin(), s.rate_cap.end(), [](BytesPerSecond c) { return c.value() > 0; })) return;
    std::vector<std::uint32_t> route;
    for (std::size_t f = 0; f < s.size.size(); ++f) {
      route.assign(s.route[f].begin(), s.route[f].end());
      if (s.rate_cap[f].value() > 0) {
        route.push_back(static_cast<std::uint32_t>(capacity.size()));
        capacity.push_back(s.rate_cap[f].value());
      }
      own_routes.add(route);
      if (s.usage.empty()) continue;
      own_usage.insert(own_usage.end(), s.usage.begin() + s.route.begin[f], s.usage.begin() + s.route.begin[f + 1]);
      own_usage.resize(own_routes.items.size(), 1);
    }
    routes = &own_routes;
    usage.values = own_usage;
  }
  Resources(const Resources&) = delete;
  Resources& operator=(const Resources&) = delete;
};

/// The flows that have not begun, by the time at which they move their first byte.
class Beginnings {
 public:
  explicit Beginnings(const FlowSystem& system) : system_(system), waits_for_(system.after.size(), 0) {
    for (std::uint32_t f = 0; f < system.after.size(); ++f)
      waits_for_[f] = static_cast<std::uint32_t>(system.after[f].size());
    collect_followers();
    const auto nobody = std::count(waits_for_.begin(), waits_for_.end(), 0u);
    free_.reserve(waits_for_.empty() ? system.size.size() : static_cast<std::size_t>(nobody));
    for (std::uint32_t f = 0; f < system.size.size(); ++f) {
      if (waits_for_.empty() || waits_for_[f] == 0) free_.push_back(f);
    }
    const auto earlier = [&](std::uint32_t a, std::uint32_t b) {
      const double begins_a = begins(a, 0), begins_b = begins(b, 0);
      return begins_a < begins_b || (begins_a == begins_b && a < b);
    };
    if (!std::is_sorted(free_.begin(), free_.end(), earlier)) std::sort(free_.begin(), free_.end(), earlier);
  }

  double next() const {
    const double first = next_free_ < free_.size() ? begins(free_[next_free_], 0) : kUnbounded;
    return later_.empty() ? first : std::min(first, later_.front().time);
  }

  /// Takes the flow that begins at next() out.
  std::uint32_t take() {
    if (later_.empty() || (next_free_ < free_.size() && begins(free_[next_free_], 0) <= later_.front().time))
      return free_[next_free_++];
    std::pop_heap(later_.begin(), later_.end(), is_later);
    const std::uint32_t flow = later_.back().flow;
    later_.pop_back();
    return flow;
  }

  void finished(std::uint32_t flow, double now) {
    if (flow >= followers_.size()) return;
    for (const std::uint32_t f : followers_[flow]) {
      if (--waits_for_[f] > 0) continue;
      later_.push_back({begins(f, now), f});
      std::push_heap(later_.begin(), later_.end(), is_later);
    }
  }

 private:
  struct Later {
    double time;
    std::uint32_t flow;
  };
  static bool is_later(const Later& a, const Later& b) {
    return a.time > b.time || (a.time == b.time && a.flow > b.flow);
  }

  double begins(std::uint32_t f, double released) const {
    double time = std::max(released, at(system_.start, f)) + at(system_.delay, f);
    if (system_.latency.empty()) return time;
    for (const std::uint32_t k : system_.route[f]) time += system_.latency[k].value();
    return time;
  }

  /// Each row is filled from its end.
  void collect_followers() {
    const IndexRows& after = system_.after;
    auto& begin = followers_.begin;
    begin.assign(after.size() + 1, 0);
    for (const std::uint32_t other : after.items) ++begin[other];
    std::partial_sum(begin.begin(), begin.end(), begin.begin());
    followers_.items.resize(after.items.size());
    for (auto f = static_cast<std::uint32_t>(after.size()); f-- > 0;) {
      for (const std::uint32_t other : after[f]) followers_.items[--begin[other]] = f;
    }
  }

  const FlowSystem& system_;
  std::vector<std::uint32_t> waits_for_;  ///< flows by flow; empty where nobody waits
  IndexRows followers_;
  std::vector<std::uint32_t> free_;  ///< wait for nobody; in order
  std::size_t next_free_ = 0;
  std::vector<Later> later_;  ///< a heap
};

double largest(const FlowSystem& s) {
  const auto most = std::max_element(s.size.begin(), s.size.end());
  return most == s.size.end() ? 0 : most->value();
}

class Simulation {
 public:
  Simulation(const FlowSystem& system, const FlowOptions& options)
      : system_(system),
        options_(options),
        resources_(system),
        beginnings_(system),
        shares_(resources_.capacity, *resources_.routes, resources_.usage),
        clocks_(shares_, resources_.capacity.size(), largest(system), options.merge) {
    if (options.from_scratch) shares_.always_from_scratch();
    run_.finish.assign(system.size.size(), Seconds{kUnbounded});
  }

  Result<FlowRun, std::string> run() {
    for (;;) {
      const double now = std::min(clocks_.next(), beginnings_.next());
      if (now == kUnbounded) break;
      event(now);
    }
    const auto missing = std::find(run_.finish.begin(), run_.finish.end(), Seconds{kUnbounded});
    if (missing != run_.finish.end())
      return "flow " + std::to_string(missing - run_.finish.begin()) + ": it takes longer than numbers can say";
    run_.carried.resize(system_.capacity.size());
    for (std::size_t f = 0; f < system_.size.size(); ++f) {
      run_.makespan = max(run_.makespan, run_.finish[f]);
      for (std::uint32_t i = system_.route.begin[f]; i < system_.route.begin[f + 1]; ++i) {
        run_.carried[system_.route.items[i]] += system_.size[f] * (system_.usage.empty() ? 1 : system_.usage[i]);
      }
    }
    return std::move(run_);
  }

 private:
  void event(double now) {
    const double limit = now + now * kSameTime;
    finished_.clear();
    clocks_.take_finished(limit, finished_);
    shares_.remove(finished_);
    for (const std::uint32_t slot : finished_) finish(shares_.flow(slot), now);
    if (options_.observe)
      std::erase_if(moving_, [&](std::uint32_t slot) {
        return std::find(finished_.begin(), finished_.end(), slot) != finished_.end();
      });
    while (beginnings_.next() <= limit) begin();
    shares_.update();
    clocks_.follow(now);
    shares_.forget_changes();
    ++run_.events;
    if (options_.observe) observe(now);
  }

  void begin() {
    const double time = beginnings_.next();
    const std::uint32_t f = beginnings_.take();
    if (system_.size[f].value() == 0 || (*resources_.routes)[f].empty()) return finish(f, time);
    const std::uint32_t slot = shares_.add(f);
    clocks_.start(slot, system_.size[f].value());
    if (options_.observe) moving_.push_back(slot);
  }

  void finish(std::uint32_t f, double now) {
    run_.finish[f] = Seconds{now};
    beginnings_.finished(f, now);
  }

  void observe(double now) {
    flows_.clear();
    rates_.clear();
    for (const std::uint32_t slot : moving_) {
      flows_.push_back(shares_.flow(slot));
      rates_.emplace_back(shares_.rate(slot));
    }
    options_.observe({Seconds{now}, flows_, rates_});
  }

  const FlowSystem& system_;
  const FlowOptions& options_;
  Resources resources_;
  Beginnings beginnings_;
  FairShares shares_;
  FlowClocks clocks_;
  FlowRun run_;
  std::vector<std::uint32_t> finished_;        ///< slots
  std::vector<std::uint32_t> moving_, flows_;  ///< slots, and the flows in them; only to be observed
  std::vector<BytesPerSecond> rates_;
};

}  // namespace

Result<FlowRun, std::string> run_flows(const FlowSystem& system, const FlowOptions& options) {
  if (auto wrong = check(system)) return std::move(*wrong);
  if (!(options.merge >= 0 && options.merge < 1))
    return std::string("merged completions: the error must be 0 or more and below 1");
  return Simulation(system, options).run();
}

double utilisation(const FlowSystem& system, const FlowRun& run, std::size_t link) {
  if (run.makespan.value() == 0) return 0;
  return run.carried[link] / (system.capacity[link] * run.makespan);
}

double error_bound(const FlowRun& run) { return 1e-13 + kSameTime + static_cast<double>(run.events) * 0x1p-52; }

}  // namespace ithaca
