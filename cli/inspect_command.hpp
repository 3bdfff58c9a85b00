#pragma once
// `ithaca inspect`: what Ithaca knows, and where each figure comes from.

#include <string>
#include <vector>

#include "cli/terminal.hpp"
#include "configs/reader/load_hardware.hpp"
#include "configs/reader/load_model.hpp"

namespace ithaca {

/// A titled list of named values; `mark` and `source` may be empty.
struct Section {
  struct Item {
    std::string name, value, mark, source;
  };
  std::string key;  ///< in JSON: "models"
  std::string title;
  std::vector<Item> items;
};

Section describe(const LoadedModel& model);
Section describe(const LoadedCluster& cluster);
Section describe(const LoadedGpu& gpu);

std::string write_sections(const std::vector<Section>& sections, const Style& style);

}  // namespace ithaca
