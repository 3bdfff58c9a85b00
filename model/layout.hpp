#pragma once
// How the GPUs are divided: the strategy that splits the sequence and the degrees around it.

#include <array>
#include <cstdint>
#include <string_view>

namespace ithaca {

/// The first four are compared by default. tensor_parallel: Megatron without sequence parallelism, activations whole on
/// every tp rank. cp_all_gather: K and V of all ranks gathered before attention (Llama 3). loongtrain: Ulysses inside,
/// a double ring outside. fpdt: Ulysses with attention by chunks whose K and V wait in host memory.
/// ring_self_attention: ColossalAI's rings of K, then of V, with whole score rows.
enum class Strategy : std::uint8_t {
  ulysses,
  megatron_sp,
  ring,
  usp,
  tensor_parallel,
  cp_all_gather,
  loongtrain,
  fpdt,
  ring_self_attention,
};
inline constexpr std::array kStrategies{Strategy::ulysses, Strategy::megatron_sp, Strategy::ring, Strategy::usp};
inline constexpr std::array kAllStrategies{Strategy::ulysses,
                                           Strategy::megatron_sp,
                                           Strategy::ring,
                                           Strategy::usp,
                                           Strategy::tensor_parallel,
                                           Strategy::cp_all_gather,
                                           Strategy::loongtrain,
                                           Strategy::fpdt,
                                           Strategy::ring_self_attention};

std::string_view name(Strategy strategy);

/// Whether the strategy has a degree of that kind.
constexpr bool has_ulysses(Strategy s) {
  return s == Strategy::ulysses || s == Strategy::usp || s == Strategy::loongtrain || s == Strategy::fpdt;
}
constexpr bool has_ring(Strategy s) {
  return s == Strategy::ring || s == Strategy::usp || s == Strategy::loongtrain || s == Strategy::cp_all_gather ||
         s == Strategy::ring_self_attention;
}
/// Megatron's, whose degree is tp.
constexpr bool has_tensor(Strategy s) { return s == Strategy::megatron_sp || s == Strategy::tensor_parallel; }

/// Order in which a pipeline's stages work on micro-batches. Interleaving is 1F1B with several chunks a stage.
enum class Schedule : std::uint8_t { one_f_one_b, gpipe };

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
  int ep = 1;          ///< expert-parallel degree, divides dp x ulysses x ring
  int virtual_pp = 1;  ///< chunks of layers a stage (interleaved 1F1B)
  Schedule schedule = Schedule::one_f_one_b;
  bool tp_sequence = true;  ///< norms and residuals split over tp too; false: plain tensor parallelism
  int inner_ring = 1;       ///< loongtrain: ranks of an inner ring, divides ring
  int chunks = 1;           ///< fpdt: chunks of a rank's sequence

  constexpr int sequence() const { return ulysses * ring; }
  constexpr int gpus() const { return tp * pp * dp * sequence(); }
  friend constexpr bool operator==(const Layout&, const Layout&) = default;
};

}  // namespace ithaca
