#pragma once
// All-to-all on a two-level fat tree: k hosts a leaf, k leaves, `spines` spines, 400 Gb/s a link and direction. A flow
// to host d goes through spine d mod `spines`.

#include "model/flows.hpp"

namespace ithaca::bench {

/// Spreads bits; the constants are those of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
inline std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

/// Links: host i up = 2 i, down = 2 i + 1; then leaf l to spine s and back. Sizes are 1 MB, times 1 - jitter .. 1 +
/// jitter.
inline FlowSystem fat_tree_all_to_all(std::uint32_t k, std::uint32_t spines, double jitter) {
  const std::uint32_t hosts = k * k, links = 2 * (hosts + k * spines);
  FlowSystem system;
  system.capacity.assign(links, BytesPerSecond{50e9});
  const auto up = [&](std::uint32_t leaf, std::uint32_t spine) { return 2 * (hosts + leaf * spines + spine); };
  for (std::uint32_t i = 0; i < hosts; ++i) {
    for (std::uint32_t j = 0; j < hosts; ++j) {
      if (i == j) continue;
      const double part = static_cast<double>(mix(i * 1000003ull + j) >> 11) * 0x1p-53;
      system.size.push_back(Bytes{
          jitter > 0 ? static_cast<double>(static_cast<std::uint64_t>(1e6 * (1 - jitter + 2 * jitter * part))) : 1e6});
      if (i / k == j / k) {
        system.route.add(std::vector<std::uint32_t>{2 * i, 2 * j + 1});
      } else {
        const std::uint32_t spine = j % spines;
        system.route.add(std::vector<std::uint32_t>{2 * i, up(i / k, spine), up(j / k, spine) + 1, 2 * j + 1});
      }
    }
  }
  return system;
}

}  // namespace ithaca::bench
