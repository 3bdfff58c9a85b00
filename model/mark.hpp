#pragma once
// How far a figure can be trusted, from best to worst. A result inherits the worst mark of what went into it.

#include <cstdint>
#include <string_view>

namespace ithaca {

enum class Mark : std::uint8_t { measured, calibrated, datasheet, extrapolated };

constexpr Mark worst(Mark a, Mark b) { return a < b ? b : a; }
constexpr std::string_view name(Mark mark) {
  switch (mark) {
    case Mark::measured: return "measured";
    case Mark::calibrated: return "calibrated";
    case Mark::datasheet: return "datasheet";
    case Mark::extrapolated: break;
  }
  return "extrapolated";
}

}  // namespace ithaca
