#pragma once
// The command line of `ithaca simulate collective` as values.

#include <optional>
#include <string>
#include <vector>

#include "cli/compare_flags.hpp"
#include "cli/machine_flags.hpp"
#include "model/collective.hpp"

namespace ithaca {

struct CollectiveRequest {
  Op op{};
  std::string cluster;  ///< name or file
  int gpus = 1;
  Group group;  ///< size and stride are those of the command line; the default is one group of all
  std::optional<Algorithm> algorithm;
  std::vector<Bytes> sizes;
  bool step_by_step = false, barrier = false;
  std::optional<Bytes> mtu;
  MachineRequest machine;
  Format format = Format::table;
  ColorWhen color = ColorWhen::automatic;
  std::string file;  ///< -o
};

extern const std::span<const Flag> kCollectiveFlags;

CollectiveRequest read_collective_flags(const Arguments& arguments, Diagnostics& problems);

}  // namespace ithaca
