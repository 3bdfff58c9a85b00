#pragma once
// `ithaca inspect`: what Ithaca knows, and where each figure comes from.

#include <string>
#include <vector>

#include "cli/section.hpp"
#include "cli/terminal.hpp"
#include "configs/reader/load_hardware.hpp"
#include "configs/reader/load_model.hpp"

namespace ithaca {

Section describe(const LoadedModel& model);
Section describe(const LoadedCluster& cluster);
Section describe(const LoadedGpu& gpu);

std::string write_sections(const std::vector<Section>& sections, const Style& style);

}  // namespace ithaca
