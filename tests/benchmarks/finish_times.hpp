#pragma once
// What both programs of simgrid.sh share: the flows, the clock and the form of the answer.

#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>

#include "tests/support/fat_tree.hpp"

namespace ithaca::bench {

/// Arguments k, spines, jitter and the latest start in seconds: an all-to-all whose flows start at 0, or at random.
inline FlowSystem flows_of(char** arguments) {
  const auto number = [&](int i) { return static_cast<std::uint32_t>(std::atoi(arguments[i])); };
  FlowSystem system = fat_tree_all_to_all(number(1), number(2), std::atof(arguments[3]));
  const double latest = std::atof(arguments[4]);
  for (std::size_t f = 0; f < system.size.size(); ++f) {
    system.start.push_back(Seconds{latest * static_cast<double>(mix(f) >> 11) * 0x1p-53});
  }
  return system;
}

/// Seconds of CPU time that this process has used.
inline double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/// One line with the CPU time, then one for each flow.
inline void print(double cpu, const std::vector<double>& finish) {
  std::printf("%.6f\n", cpu);
  for (const double time : finish) std::printf("%.17g\n", time);
}

}  // namespace ithaca::bench
