#include "sim/seeds.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>
#include <thread>

#include "sim/classes.hpp"
#include "sim/lower_messages.hpp"

namespace ithaca {
namespace {

/// Of all seeds together. A message took 2 to 3 us in rings and 7 to 18 us in all-to-alls of 64 to 256 ranks (one core,
/// -O2): one to six minutes.
constexpr double kMostMessages = 20e6;

double count_messages(const Program& program, const Router& router) {
  std::vector<double> by_exchange(program.exchanges.size());
  const std::vector<bool> used = used_exchanges(program);
  MessageReader reader(program.ranks, router);
  double all = 0;
  for (std::size_t e = 0; e < by_exchange.size(); ++e) {
    if (used[e]) by_exchange[e] = reader.count_all(program.exchanges[e]);
  }
  for (const Task& task : program.tasks) {
    if (task.kind == Task::Kind::exchange) all += by_exchange[task.exchange];
  }
  return all;
}

std::string millions(double count) { return std::to_string(static_cast<std::int64_t>(std::ceil(count / 1e6))); }

}  // namespace

int seed_threads(int count) {
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, std::max(1, count));
}

Result<std::vector<Seconds>, std::string> run_seeds(
    std::uint64_t first, int count, const std::function<Result<Seconds, std::string>(std::uint64_t)>& run,
    int threads) {
  std::vector<Result<Seconds, std::string>> results(static_cast<std::size_t>(count), Seconds{});
  std::atomic<int> next{0};
  const auto work = [&] {
    for (int i = next++; i < count; i = next++) {
      results[static_cast<std::size_t>(i)] = run(first + static_cast<std::uint64_t>(i));
      if (!results[static_cast<std::size_t>(i)]) next = count;  // all seeds before it have begun
    }
  };
  std::vector<std::thread> others;
  for (int i = 1; i < (threads > 0 ? threads : seed_threads(count)); ++i) others.emplace_back(work);
  work();
  for (std::thread& thread : others) thread.join();
  std::vector<Seconds> times;
  for (const auto& result : results) {
    if (!result) return result.error();
    times.push_back(*result);
  }
  return times;
}

SeedSpread spread_of_seeds(std::uint64_t first, const std::vector<Seconds>& times) {
  std::vector<std::size_t> order(times.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return times[a] < times[b]; });
  const auto at = [&](std::size_t percent) {
    const Seconds time = times[order[(times.size() * percent + 99) / 100 - 1]];
    const auto seed = std::find(times.begin(), times.end(), time) - times.begin();
    return SeedTime{first + static_cast<std::uint64_t>(seed), time};
  };
  return {at(50), at(95), at(100)};
}

std::optional<std::string> refuse_effort(const Program& program, const Router& router, const Slowdown& slowdown,
                                         int seeds) {
  if (slowdown.jitter == 0) return std::nullopt;
  const double messages = count_messages(program, router);
  if (messages * seeds <= kMostMessages) return std::nullopt;
  std::string text = "with jitter every message is simulated, " + millions(messages) + " million for each of " +
                     std::to_string(seeds) + " seeds, and " + millions(kMostMessages) + " million are allowed: take ";
  if (messages <= kMostMessages)
    text += "at most " + std::to_string(static_cast<int>(kMostMessages / messages)) + " seeds, ";
  return text + "fewer ranks, a layer instead of a step, or no jitter";
}

}  // namespace ithaca
