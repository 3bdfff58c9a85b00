#pragma once
// Documents packed into the sequences of a global batch. Attention stays inside a document, so its work goes by the sum
// of squares of their lengths, and ranks that share a sequence by tokens, like replicas that have different sequences,
// wait for the one with most of it (WLB-LLM, arXiv 2503.17924 section 3; FlexSP, arXiv 2412.01523 section 3).

#include <cstdint>
#include <span>
#include <vector>

#include "model/layout.hpp"
#include "model/quantity.hpp"

namespace ithaca {

struct Packing {
  std::vector<std::int64_t> ends;      ///< of all documents, each counted from its sequence's first token
  std::vector<double> areas;           ///< sums of l^2/2 in the sequence up to there
  std::vector<std::size_t> sequences;  ///< index into `ends` of each sequence's first document, and behind the last
  std::int64_t seq_len = 0;
  std::int64_t documents = 0, longest = 0;
  double area = 0;    ///< scores under the causal masks of all sequences, l^2/2 a document
  double filled = 0;  ///< share of the tokens that belong to a document

  std::int64_t count() const { return static_cast<std::int64_t>(sequences.size()) - 1; }
  /// Share of a whole causal mask's area.
  double share() const;
  /// Area of a sequence's mask over its first `position` tokens.
  double area_before(std::int64_t sequence, double position) const;
};

/// Documents go in order into the sequence that is being filled, or into the next one where there is no room, and begin
/// again from the first until `sequences` are full. Each length is between 1 and `seq_len`; there is at least one.
Packing pack(std::span<const std::int64_t> lengths, std::int64_t seq_len, std::int64_t sequences);

/// Areas as shares of what each rank has of a whole sequence's mask (without zigzag: the last rank).
struct PackedShare {
  double mean = 1;
  double slowest = 1;  ///< of the ranks and replicas that wait for each other
};

/// Rank i of a ring holds chunks i and 2r-1-i of the packed sequence (without zigzag: the i-th part). Replicas wait for
/// each other in every micro-batch where ZeRO gathers or reduces per layer, else once a step.
PackedShare packed_share(const Packing& packing, const Layout& layout, std::int64_t micro_batch,
                         std::int64_t padded_seq);

}  // namespace ithaca
