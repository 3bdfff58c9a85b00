#pragma once
// The command line of `ithaca sweep`, with the sweep file that it names, as values.

#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/sweep/axes.hpp"
#include "cli/sweep/columns.hpp"
#include "cli/sweep/limits.hpp"
#include "cli/sweep/parts.hpp"
#include "cli/terminal.hpp"

namespace ithaca {

struct SweepShard {
  std::uint64_t index = 1, count = 1;  ///< counted from 1
};

struct SweepRequest {
  Arguments job;  ///< flags of `compare` or `plan` that are no axis
  AxisTexts axes;
  SweepAsks asks = SweepAsks::step;
  SweepKeep keep = SweepKeep::all;
  std::vector<std::string> per;  ///< axes; a choice is made for each combination of their values
  bool has_per = false;
  std::vector<RowLimit> limits;
  std::vector<const SweepField*> columns;  ///< empty: the default ones
  const SweepField* heat = nullptr;
  SweepFormat format = SweepFormat::table;
  std::string file;
  int threads = 1;
  bool resume = false, dry_run = false, progress = true;
  SweepShard shard;
  bool is_shard = false;
  ColorWhen color = ColorWhen::automatic;
  std::vector<std::string> words;  ///< the question alone, for provenance: no files, threads or shards
};

/// A flag on the command line goes before the file's, and before the file's axis of that name; an axis on the command
/// line before the file's flag.
SweepRequest read_sweep(const Arguments& arguments, Diagnostics& problems);

std::string_view name(SweepKeep keep);

}  // namespace ithaca
