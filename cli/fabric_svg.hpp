#pragma once
// A network as an SVG picture without scripts, in light and dark: core, spine and leaf switches in rows, below them
// servers as boxes with NICs, PCIe, NVSwitch and GPUs. Of a large network it shows the first and the last servers, as
// many as are readable, the switches next to them, and says what is left out.

#include <string>

#include "model/fabric.hpp"

namespace ithaca {

std::string write_svg(const FabricGraph& graph, const std::string& title);

}  // namespace ithaca
