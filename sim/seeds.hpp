#pragma once
// The same program with one seed after another: how much of a time is chance.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/run_program.hpp"

namespace ithaca {

/// run(seed) for `count` seeds from `first` on, on as many threads as the machine has cores or `threads` if that is
/// not 0; `run` must bear that. Times in the order of the seeds, or the refusal of the first seed that is refused: both
/// do not depend on the threads.
Result<std::vector<Seconds>, std::string> run_seeds(
    std::uint64_t first, int count, const std::function<Result<Seconds, std::string>(std::uint64_t)>& run,
    int threads = 0);
/// How many of `count` runs go on at once, and share the memory.
int seed_threads(int count);

struct SeedTime {
  std::uint64_t seed = 0;
  Seconds time{};
};
/// Times that occurred, with a seed that gives them: the smallest that half, or 95 %, of the runs do not exceed.
struct SeedSpread {
  SeedTime median, p95, worst;
};
/// Of at least one time; the lowest of several seeds.
SeedSpread spread_of_seeds(std::uint64_t first, const std::vector<Seconds>& times);

/// With jitter no two ranks are alike and every message is simulated. Why that would take many minutes, and what would
/// not; nothing if it would not.
std::optional<std::string> refuse_effort(const Program& program, const Router& router, const Slowdown& slowdown,
                                         int seeds);

}  // namespace ithaca
