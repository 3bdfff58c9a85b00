#pragma once
// Numbers that look random and are the same each time.

#include <bit>
#include <cstdint>

namespace ithaca {

/// Spreads bits; the constants are those of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
constexpr std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

constexpr std::uint64_t bits(double value) { return std::bit_cast<std::uint64_t>(value); }

/// From 0 up to but not including 1.
constexpr double unit(std::uint64_t x) { return static_cast<double>(x >> 11) * 0x1p-53; }

}  // namespace ithaca
