#pragma once
// The command line of `ithaca compare` as values.

#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/terminal.hpp"
#include "model/compare.hpp"

namespace ithaca {

enum class Format { table, json, csv };

struct CompareRequest {
  std::string model, cluster;  ///< names or files
  int gpus = 0;
  Workload work;
  std::string attention_kernel;  ///< fa2, fa3 or cudnn; empty for the GPU's default
  Degrees degrees;
  std::vector<Strategy> strategies{kStrategies.begin(), kStrategies.end()};
  std::optional<Dollars> price;  ///< per GPU-hour, instead of the profile's
  Format format = Format::table;
  bool explain = false;
  ColorWhen color = ColorWhen::automatic;
  std::string file;                   ///< -o
  std::vector<std::string> defaults;  ///< what was not given and is therefore chosen: "global batch 1"
  std::vector<std::string> notices;
};

extern const std::span<const Flag> kCompareFlags;

CompareRequest read_compare_flags(const Arguments& arguments, Diagnostics& problems);

std::string_view name(Dtype dtype);
std::string_view name(Recompute recompute);

}  // namespace ithaca
