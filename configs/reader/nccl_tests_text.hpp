#pragma once
// The text of nccl-tests, table by table: what stands there, before the gaps are filled.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "configs/reader/load_collectives.hpp"

namespace ithaca {

struct NcclTestsText {
  struct Table {
    std::optional<Op> op;
    std::optional<int> ranks, nodes;
    double busbw_over_algbw = 0;  ///< 0 where the table lacks one of them
    std::vector<CollectiveSample> rows;
  };
  std::string gpu, nccl;
  std::vector<Table> tables;
  Diagnostics broken;
  std::size_t more_broken = 0;  ///< rows beyond those
};

/// Adds a row that cannot be taken in, or counts it: a log of another kind may have a million.
template <class Make>
void add_broken(NcclTestsText& text, Make make) {
  constexpr std::size_t kMostNamed = 50;
  if (text.broken.size() < kMostNamed) {
    text.broken.push_back(make());
  } else {
    ++text.more_broken;
  }
}

NcclTestsText read_nccl_tests_text(const std::string& file, std::string_view text, const CollectiveHints& hints);

/// The collective that a test's or a file's name speaks of: all_reduce_perf, sb_a100_8_allgather.txt.
std::optional<Op> op_in_name(std::string_view name);

}  // namespace ithaca
