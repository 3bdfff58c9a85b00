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
};

NcclTestsText read_nccl_tests_text(const std::string& file, std::string_view text, const CollectiveHints& hints);

/// The collective that a test's or a file's name speaks of: all_reduce_perf, sb_a100_8_allgather.txt.
std::optional<Op> op_in_name(std::string_view name);

}  // namespace ithaca
