#pragma once
// The page of `ithaca report`: one HTML file without scripts that asks the network for nothing, and is XML as well.

#include <string>
#include <vector>

#include "cli/page_facts.hpp"
#include "cli/page_sweeps.hpp"
#include "configs/reader/load_hardware.hpp"

namespace ithaca {

/// What only the scenario itself has, beside a comparison's JSON.
struct PageScenario {
  Question question;
  std::vector<CommCurve> curves;
  WinnerMap winners;
  std::vector<FigureSource> figures;  ///< of the cluster and its GPU
};

/// Without a scenario the page says which command makes the charts that are missing.
std::string write_page(const PageFacts& facts, const PageScenario* scenario = nullptr);

}  // namespace ithaca
