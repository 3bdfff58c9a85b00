#include "cli/fabric_svg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "cli/fabric_cables.hpp"
#include "cli/fabric_picture.hpp"
#include "cli/markup.hpp"
#include "model/units.hpp"

namespace ithaca {
namespace {

constexpr std::string_view kStyle = R"(<style>
svg{--ink:#1b1f24;--soft:#667;--paper:#fff;--box:#f3f4f7;--edge:#c4c8d0;--gpu:#2a7d46;--fast:#4a9c65;--slot:#8a6d2f;--net:#2f6fb3;background:var(--paper)}
@media (prefers-color-scheme:dark){svg{--ink:#e8eaee;--soft:#9aa3b2;--paper:#15181d;--box:#1e232b;--edge:#3a4250;--gpu:#5fc383;--fast:#4fa872;--slot:#c9a75a;--net:#6fa8e6}}
text{font:12px system-ui,sans-serif;fill:var(--ink)}.title{font-size:16px;font-weight:600}.soft{fill:var(--soft)}.mid{text-anchor:middle}
.box{fill:var(--box);stroke:var(--edge)}.paper{fill:var(--paper)}
path{fill:none;stroke-opacity:.75}.fast{stroke:var(--fast)}.slot{stroke:var(--slot)}.net{stroke:var(--net)}
.gpu{fill:var(--gpu)}.nvswitch{fill:var(--fast)}.nic,.leaf,.spine,.core,.router{fill:var(--net)}.pcie_switch,.cpu{fill:var(--slot)}
</style>
)";

bool is_network(NodeKind kind) {
  return kind == NodeKind::leaf || kind == NodeKind::spine || kind == NodeKind::core || kind == NodeKind::router;
}

/// The colour of a cable: NVLink, PCIe and its like, or the network.
std::string_view wire(NodeKind a, NodeKind b) {
  if (is_network(a) || is_network(b)) return "net";
  const auto joins = [](NodeKind k) { return k == NodeKind::gpu || k == NodeKind::nvswitch; };
  return joins(a) && joins(b) ? "fast" : "slot";
}

/// From 1 for 10 GB/s and less to 3.5 for 1 TB/s.
double thickness(BytesPerSecond capacity) {
  return std::min(3.5, std::max(1.0, 1.25 * std::log10(capacity.value() / 1e9) - 0.25));
}

std::string cable_text(const FabricGraph& graph, const Cable& cable) {
  const int count = std::max(cable.there, cable.back);
  return fmt::format("{} {} {}: {}{}{}", graph.nodes[cable.a].name, cable.there == cable.back ? "-" : "->",
                     graph.nodes[cable.b].name, count > 1 ? fmt::format("{} x ", count) : "", print(cable.capacity),
                     cable.there == cable.back ? " each way" : "");
}

/// Load of each pair of nodes, either way.
using CableLoads = std::map<std::pair<std::uint32_t, std::uint32_t>, double>;

constexpr int kLoadClasses = 5;
/// 0: nothing; then up to 25, 50, 75 and 100 %.
int load_class(double load) { return load > 0 ? std::min(kLoadClasses - 1, 1 + static_cast<int>(load * 4 - 1e-9)) : 0; }

/// `crowded`: so many cables run beside each other that only fine lines can be told apart.
std::string draw(const FabricGraph& graph, const Cable& cable, Picture::Spot a, Picture::Spot b, bool crowded,
                 const CableLoads* loads) {
  const double bow = a.y == b.y ? std::min(30.0, 8 + std::abs(a.x - b.x) / 12) : 0;  // around what stands between
  const std::string line = bow > 0 ? fmt::format("M{:.1f} {:.1f}Q{:.1f} {:.1f} {:.1f} {:.1f}", a.x, a.y,
                                                 (a.x + b.x) / 2, a.y + 2 * bow, b.x, b.y)
                                   : fmt::format("M{:.1f} {:.1f}L{:.1f} {:.1f}", a.x, a.y, b.x, b.y);
  if (loads != nullptr) {
    const double load = loads->at(std::minmax(cable.a, cable.b));
    return fmt::format("<path class=\"b{}\" stroke-width=\"{:.2f}\" d=\"{}\"><title>{}; load {:.0f} %</title></path>\n",
                       load_class(load), (crowded ? 0.4 : 0.8) + (crowded ? 1.2 : 2.4) * load, line,
                       escaped(cable_text(graph, cable)), 100 * load);
  }
  return fmt::format("<path class=\"{}\" stroke-width=\"{:.2f}\" d=\"{}\"><title>{}</title></path>\n",
                     wire(graph.nodes[cable.a].kind, graph.nodes[cable.b].kind),
                     crowded ? 0.5 : thickness(cable.capacity), line, escaped(cable_text(graph, cable)));
}

/// GPUs, NICs and switches differ in shape too.
std::string draw(const FabricGraph::Node& node, Picture::Spot at) {
  const double wide = node.kind == NodeKind::gpu ? 20 : node.kind == NodeKind::nic ? 14 : 24;
  const double high = node.kind == NodeKind::gpu ? 20 : 12, round = node.kind == NodeKind::gpu ? 3 : 6;
  return fmt::format(
      "<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\" rx=\"{}\"><title>{}</title></rect>\n",
      name(node.kind), at.x - wide / 2, at.y - high / 2, wide, high, round, escaped(node.name));
}

/// Cables with both ends in the picture.
std::vector<Cable> drawn_cables(const FabricGraph& graph, const Picture& picture) {
  std::vector<Cable> cables = cables_of(graph);
  const auto hidden = [&](const Cable& cable) { return !picture.spots[cable.a] || !picture.spots[cable.b]; };
  cables.erase(std::remove_if(cables.begin(), cables.end(), hidden), cables.end());
  return cables;
}

std::string legend(const FabricGraph& graph, double& y) {
  std::string svg;
  for (const Tier& tier : tiers_of(graph)) {
    svg += fmt::format("<path class=\"{}\" stroke-width=\"3\" d=\"M20 {:.1f}h28\"/>\n", wire(tier.a, tier.b), y - 4);
    svg += svg_text(56, y, "",
                    fmt::format("{} - {}: {} links of {}{}", name(tier.a), name(tier.b), tier.links,
                                print(tier.capacity), tier.latency > Seconds{} ? ", " + print(tier.latency) : ""));
    y += 19;
  }
  return svg;
}

std::string body_of(const FabricGraph& graph, const Picture& picture, const CableLoads* loads) {
  std::string body;
  for (const Picture::Box& box : picture.boxes) {
    if (box.host < 0) continue;
    body += fmt::format("<rect class=\"box\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"8\"/>\n",
                        box.x, box.y, box.width, box.height);
    body += svg_text(box.x + box.width / 2, box.y + box.height + 15, "soft mid",
                     box.width < 90 ? std::to_string(box.host) : fmt::format("server {}", box.host));
  }
  constexpr std::size_t kCrowd = 100;
  const std::vector<Cable> cables = drawn_cables(graph, picture);
  std::map<std::pair<NodeKind, NodeKind>, std::size_t> beside;
  const auto kinds = [&](const Cable& cable) {
    return std::pair{graph.nodes[cable.a].kind, graph.nodes[cable.b].kind};
  };
  for (const Cable& cable : cables) ++beside[kinds(cable)];
  for (const Cable& cable : cables)
    body += draw(graph, cable, *picture.spots[cable.a], *picture.spots[cable.b], beside[kinds(cable)] > kCrowd, loads);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (picture.spots[i]) body += draw(graph.nodes[i], *picture.spots[i]);
  }
  for (const Picture::Row& row : picture.rows) body += svg_text(16, row.y + 4, "soft", row.label);
  return body;
}

std::string shown_words(const Picture& picture) {
  if (picture.shown < picture.servers)
    return fmt::format("{} of {} servers drawn, {} left out", picture.shown, picture.servers,
                       picture.servers - picture.shown);
  return fmt::format("{} server{}", picture.servers, picture.servers == 1 ? "" : "s");
}

CableLoads cable_loads(const FabricGraph& graph, const std::vector<double>& loads) {
  CableLoads all;
  for (std::size_t i = 0; i < graph.links.size(); ++i) {
    double& load = all[std::minmax(graph.links[i].from, graph.links[i].to)];
    load = std::max(load, loads[i]);
  }
  return all;
}

}  // namespace

std::string write_svg(const FabricGraph& graph, const std::string& title) {
  const Picture picture = arrange(graph);
  std::string body = body_of(graph, picture, nullptr);
  double y = picture.height + 24;
  body += legend(graph, y);
  const std::string shown = shown_words(picture);
  return fmt::format(
             "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
             "height=\"{1:.0f}\" "
             "role=\"img\" aria-labelledby=\"t d\">\n<title id=\"t\">{2}</title>\n<desc id=\"d\">{3}</desc>\n",
             picture.width, y, escaped(title), escaped(shown)) +
         std::string(kStyle) + "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n" +
         svg_text(16, 26, "title", title) + svg_text(16, 46, "soft", shown) + body + "</svg>\n";
}

FabricDrawing draw_fabric(const FabricGraph& graph, const std::vector<double>& loads) {
  constexpr double kAbove = 40;  // where the other picture has its title
  const Picture picture = arrange(graph);
  const CableLoads by_cable = cable_loads(graph, loads);
  const std::string shown = shown_words(picture);
  FabricDrawing drawing{
      fmt::format("<svg class=\"fabric\" viewBox=\"0 {0:.0f} {1:.0f} {2:.0f}\" width=\"{1:.0f}\" role=\"img\" "
                  "aria-label=\"The network, cables by their load: {3}\">\n",
                  kAbove, picture.width, picture.height - kAbove + 10, shown) +
          body_of(graph, picture, &by_cable) + "</svg>\n",
      "<ul class=\"legend\">\n", shown};
  constexpr const char* kWords[kLoadClasses] = {"nothing", "up to 25 %", "up to 50 %", "up to 75 %", "up to 100 %"};
  for (int i = 0; i < kLoadClasses; ++i)
    drawing.legend += fmt::format(
        "<li><svg class=\"swatch fabric\" viewBox=\"0 0 10 10\" aria-hidden=\"true\"><path class=\"b{}\" "
        "stroke-width=\"{}\" d=\"M0 5h10\"/></svg>{}</li>\n",
        i, 1 + i, kWords[i]);
  drawing.legend += "</ul>\n";
  return drawing;
}

}  // namespace ithaca
