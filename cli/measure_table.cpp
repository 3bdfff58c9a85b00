#include "cli/measure_table.hpp"

#include <fmt/format.h>

#include "cli/text.hpp"
#include "model/units.hpp"

namespace ithaca {

std::string measure_table(std::span<const CollectiveSample> samples) {
  std::string out =
      fmt::format("{:<24}{:>6}{:>12}{:>12}{:>17}\n", "collective", "ranks", "size", "time, us", "size/time, GB/s");
  for (const CollectiveSample& s : samples) {
    std::string what(name(s.op));
    if (s.algorithm) what += " " + std::string(name(*s.algorithm));
    out += fmt::format("{:<24}{:>6}{:>12}{:>12}{:>17}\n", what, s.ranks, print(s.message),
                       significant(s.time.value() * 1e6), significant((s.message / s.time).value() / 1e9));
  }
  return out;
}

}  // namespace ithaca
