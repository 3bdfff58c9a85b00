#pragma once
// The page of `ithaca report`: one HTML file that asks the network for nothing. Without live data it
// has no script, and is XML as well.

#include <string>
#include <vector>

#include "cli/page_facts.hpp"
#include "configs/reader/load_hardware.hpp"
#include "model/around.hpp"

namespace ithaca {

/// What only the scenario itself has, beside a comparison's JSON.
struct PageScenario {
  Question question;
  std::vector<CommCurve> curves;
  WinnerMap winners;
  std::vector<FigureSource> figures;  ///< of the cluster and its GPU
  std::string more;                   ///< further figures, as HTML
  std::string live;                   ///< of live_data(); empty for a page without sliders
};

/// Without a scenario the page says which command makes the charts that are missing.
std::string write_page(const PageFacts& facts, const PageScenario* scenario = nullptr);

/// A page of other sections (HTML) with the same head, style and footer; of `made_by` command, version and inputs
/// count.
std::string page_of(const std::string& title, const std::string& body, const PageFacts& made_by);

}  // namespace ithaca
