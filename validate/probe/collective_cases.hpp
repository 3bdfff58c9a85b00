#pragma once
// Which collectives are measured, and what each element must be: fp32 numbers whose sums over the ranks are exact in
// any order, so that every element can be checked.

#include <cstdint>
#include <span>
#include <vector>

#include "model/collective.hpp"

namespace ithaca {

struct CollectiveCase {
  Op op{};
  int ranks = 1;
  std::size_t count = 0;  ///< elements of one rank's block; of the whole buffer for all-reduce and send/recv

  Bytes message() const;         ///< as nccl-tests counts
  std::size_t sent() const;      ///< elements of the buffer that a rank brings
  std::size_t received() const;  ///< elements of the buffer that a rank gets
};

/// Each op at each size, cut to whole elements a rank; at least one.
std::vector<CollectiveCase> collective_cases(const std::vector<Op>& ops, const std::vector<Bytes>& sizes, int ranks);

/// What `rank` brings: whole numbers within 1,024 of zero, so that the sums of 8,192 ranks are exact.
std::vector<float> brought(const CollectiveCase& c, int rank);
/// How many elements of what `rank` got are not what they should be.
std::size_t count_wrong(const CollectiveCase& c, int rank, std::span<const float> got);

}  // namespace ithaca
