#include "cli/page_network.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/fabric_cables.hpp"
#include "cli/fabric_svg.hpp"
#include "cli/fabric_view.hpp"
#include "cli/machine.hpp"
#include "cli/markup.hpp"
#include "cli/page_charts.hpp"
#include "cli/remarks.hpp"
#include "cli/text.hpp"
#include "model/units.hpp"
#include "sim/step_program.hpp"

namespace ithaca {
namespace {

constexpr int kMostGpusRun = 2048;  // a page comes within a second

/// Time that the wire needs for what it carried.
Seconds wire_time(const NetworkLoad& load, std::size_t link) {
  return load.carried[link] / load.graph.links[link].capacity;
}

std::vector<double> relative_loads(const NetworkLoad& load) {
  std::vector<double> loads;
  for (std::size_t i = 0; i < load.carried.size(); ++i) loads.push_back(wire_time(load, i).value());
  const double most = loads.empty() ? 0 : *std::max_element(loads.begin(), loads.end());
  for (double& each : loads) each = most > 0 ? each / most : 0;
  return loads;
}

/// The links of a tier: how many, what they carried together, the busiest.
struct TierLoad {
  Bytes carried{};
  std::size_t busiest = 0, links = 0;
};
TierLoad load_of(const NetworkLoad& load, const Tier& tier) {
  TierLoad sum;
  for (std::size_t i = 0; i < load.graph.links.size(); ++i) {
    const FabricGraph::Link& link = load.graph.links[i];
    const auto [a, b] = std::minmax(load.graph.nodes[link.from].kind, load.graph.nodes[link.to].kind);
    if (a != tier.a || b != tier.b || link.capacity != tier.capacity || link.latency != tier.latency) continue;
    if (sum.links++ == 0 || load.carried[i] > load.carried[sum.busiest]) sum.busiest = i;
    sum.carried += load.carried[i];
  }
  return sum;
}

std::string load_table(const NetworkLoad& load) {
  std::string rows = table_row(
      {"tier", "links", "each", "carried on average", "by the busiest", "its share of the time", "the busiest"}, true);
  for (const Tier& tier : tiers_of(load.graph)) {
    const TierLoad sum = load_of(load, tier);
    const Bytes mean = sum.carried / static_cast<double>(sum.links), most = load.carried[sum.busiest];
    const double share = wire_time(load, sum.busiest) / load.time;
    rows += table_row({fmt::format("{} - {}", name(tier.a), name(tier.b)), std::to_string(sum.links),
                       print(tier.capacity), figure(mean.value(), print(mean)), figure(most.value(), print(most)),
                       figure(share, significant(100 * share) + " %"), escaped(load.names[sum.busiest])});
  }
  return rows;
}

}  // namespace

Result<NetworkLoad, std::string> network_load(const Question& q, const Row& row, const LoadedCluster& cluster) {
  if (q.gpus > kMostGpusRun)
    return fmt::format("it is drawn for up to {} GPUs; 'ithaca simulate layer' has the loads of more", kMostGpusRun);
  const auto machine = make_machine({}, cluster, q.gpus);
  if (!machine) return machine.error().front().what;
  const auto program = layer_program(q.model, q.work, q.cluster, row.layout);
  if (!program) return program.error();
  const auto run = run_program(*program, machine->router);
  if (!run) return run.error();
  NetworkLoad load{title_of(view_of(*machine->fabric, machine->spec)),
                   row_words(row),
                   machine->router.routing(),
                   machine->fabric->graph(),
                   run->carried,
                   {},
                   run->makespan};
  for (std::uint32_t i = 0; i < load.graph.links.size(); ++i) load.names.push_back(machine->fabric->link_name(i));
  return load;
}

std::string network_figure(const Result<NetworkLoad, std::string>& load) {
  if (!load) return "<p class=\"soft\">The network is not drawn: " + escaped(load.error()) + ".</p>\n";
  constexpr std::string_view kCaption = "What a layer puts on the network";
  const FabricDrawing drawing = draw_fabric(load->graph, relative_loads(*load));
  return fmt::format(
      "<figure id=\"network\" class=\"wide\">\n<figcaption>{}<span>{}</span></figcaption>\n<div class=\"scroll\" "
      "role=\"region\" tabindex=\"0\" aria-label=\"{}\">\n{}</div>\n{}<details><summary>The same as a "
      "table</summary>\n{}</details>\n</figure>\n",
      kCaption,
      escaped(fmt::format("{}, {} routing: {} in the event engine, one layer forward and backward in {}, as asked; {}; "
                          "cables by their load, the busiest 100 %",
                          load->title, name(load->routing), load->layout, print(load->time), drawing.shown)),
      escaped(load->title), drawing.svg, drawing.legend, table(load_table(*load), kCaption));
}

}  // namespace ithaca
