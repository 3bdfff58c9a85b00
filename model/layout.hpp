#pragma once
// How the GPUs are divided: the strategy that splits the sequence and the degrees around it.

#include <array>
#include <cstdint>
#include <string_view>

namespace ithaca {

enum class Strategy : std::uint8_t { ulysses, megatron_sp, ring, usp };
inline constexpr std::array kStrategies{Strategy::ulysses, Strategy::megatron_sp, Strategy::ring, Strategy::usp};

std::string_view name(Strategy strategy);

/// Degrees of one job. Ranks are laid out tp innermost, then ulysses, ring, dp, and pp outermost.
/// Megatron-SP splits the sequence over its tp group; the others over ulysses x ring.
struct Layout {
  Strategy strategy = Strategy::ulysses;
  int tp = 1;
  int pp = 1;
  int dp = 1;
  int ulysses = 1;
  int ring = 1;
  int zero = 3;        ///< ZeRO stage 0..3 over dp x ulysses x ring
  bool zigzag = true;  ///< the ring's causal load balance: rank i holds chunks i and 2r-1-i

  constexpr int sequence() const { return ulysses * ring; }
  constexpr int gpus() const { return tp * pp * dp * sequence(); }
  friend constexpr bool operator==(const Layout&, const Layout&) = default;
};

}  // namespace ithaca
