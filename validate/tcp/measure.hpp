#pragma once
// Times collectives on a mesh: after a warm-up as often as their median needs, the slowest rank counting.

#include <vector>

#include "configs/reader/load_collectives.hpp"
#include "validate/tcp/mesh.hpp"

namespace ithaca {

/// ping_pong: half of a round trip between ranks 0 and 1. shift: each rank to the next, all at once. The collectives as
/// in validate/tcp/collectives.hpp.
enum class Pattern : std::uint8_t { ping_pong, shift, all_gather, reduce_scatter, all_to_all, pairwise };
std::string_view name(Pattern pattern);
inline constexpr Pattern kPatterns[] = {Pattern::ping_pong,      Pattern::shift,      Pattern::all_gather,
                                        Pattern::reduce_scatter, Pattern::all_to_all, Pattern::pairwise};

struct MeasurePlan {
  std::vector<Pattern> patterns{std::begin(kPatterns), std::end(kPatterns)};
  std::vector<Bytes> messages;  ///< as nccl-tests counts; cut to whole floats a rank
  int least = 5, most = 50;     ///< repetitions
  double error = 0.02;          ///< of the median, at which repeating ends
  Seconds budget{10};           ///< of one pattern and size, after `least` repetitions
};

struct Measured {
  std::vector<CollectiveSample> samples;
  Trouble trouble;  ///< why it ended early; what was measured before is whole
};

/// Every rank calls it, with the same plan; all get the same samples.
Measured measure(const Mesh& mesh, const MeasurePlan& plan);

/// Standard error of the median over the median, from the median absolute deviation (1.2533 x 1.4826 x MAD / sqrt(n)).
double median_standard_error(std::vector<double> times);
double median(std::vector<double> values);

}  // namespace ithaca
