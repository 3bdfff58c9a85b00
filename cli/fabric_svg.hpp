#pragma once
// A network as an SVG picture without scripts, in light and dark: core, spine and leaf switches in rows, below them
// servers as boxes with NICs, PCIe, NVSwitch and GPUs. Of a large network it shows the first and the last servers, as
// many as are readable, the switches next to them, and says what is left out.

#include <string>
#include <vector>

#include "model/fabric.hpp"

namespace ithaca {

std::string write_svg(const FabricGraph& graph, const std::string& title);

/// The same for the page's style sheet, cables by their load.
struct FabricDrawing {
  std::string svg, legend;  ///< HTML
  std::string shown;        ///< "4 of 8 servers drawn, 4 left out"
};
/// `loads` by link, the busiest 1; a cable shows that of its busiest link.
FabricDrawing draw_fabric(const FabricGraph& graph, const std::vector<double>& loads);

}  // namespace ithaca
