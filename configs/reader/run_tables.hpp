#pragma once
// Tables of published runs as cases, so that one reader knows what the figures mean:
//   tables:
//   - {prefix: paper-, common: {source: paper, dtype: fp16}, columns: [tp, num_gpus, iter_time_s], rows: [[8,
//   64, 1.5]]}
// A column is a key of a case, of its `parallel` or `measured` map, or of its model's shape; null cells are left out.
// Without a column `id`, rows count from 1.

#include <string>
#include <vector>

#include "configs/reader/document.hpp"
#include "model/result.hpp"

namespace ithaca {

/// One case a row.
std::vector<Node> expand_run_table(const Document& document, const Node& table, Diagnostics& problems);

/// A CSV of the layout of vTrain's ground truth, header first, as a document of that schema. `cluster` is the machine;
/// if empty, an A100 as that table has it.
Result<Document, Diagnostics> csv_runs(const std::string& file, std::string text, const std::string& cluster);

}  // namespace ithaca
