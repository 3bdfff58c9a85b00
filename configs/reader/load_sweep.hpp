#pragma once
// Sweep files (schema sweep/1): the flags of `ithaca sweep` as keys, the axes under `set`.
//
//   schema: sweep/1
//   name: heads-against-ulysses
//   question: "How far do the heads carry Ulysses?"
//   model: llama3-8b
//   strategies: [ulysses, usp]
//   tiled_loss: true
//   set:
//     gpus: 8..64*2
//     heads: [16, 32]
//   where: ["step.time_s < 30"]

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "configs/reader/diagnostic.hpp"
#include "model/result.hpp"

namespace ithaca {

/// A flag that a sweep file may hold, "--tiled-loss": its key is tiled_loss.
struct SweepKey {
  std::string_view flag;
  bool is_switch = false;
  bool repeatable = false;  ///< a list is given value by value; of others it is joined by commas
};

struct SweepFile {
  std::string file, name, question;
  std::vector<std::pair<std::string, std::string>> flags;  ///< empty value: a switch
  std::vector<std::pair<std::string, std::string>> axes;   ///< in the file's order, values as on the command line
};

/// A name of the catalogue or a path.
Result<SweepFile, Diagnostics> load_sweep(std::string_view name_or_path, std::span<const SweepKey> keys);

}  // namespace ithaca
