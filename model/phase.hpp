#pragma once
// The phases of inference.

#include <cstdint>
#include <string_view>

namespace ithaca {

/// prefill: one pass over a whole prompt. decode: a pass for each token after it.
enum class Phase : std::uint8_t { prefill, decode };

constexpr std::string_view name(Phase phase) { return phase == Phase::prefill ? "prefill" : "decode"; }

}  // namespace ithaca
