#include "cli/fabric_view.hpp"

#include <fmt/format.h>

#include "cli/fabric_cables.hpp"
#include "cli/text.hpp"
#include "model/units.hpp"

namespace ithaca {

FabricView view_of(const Fabric& fabric, const FabricSpec& spec) {
  return {spec.kind, spec.routing, fabric.graph(), fabric_bounds(fabric)};
}

std::string title_of(const FabricView& view) {
  const auto gpus = static_cast<std::int64_t>(count_nodes(view.graph)[static_cast<std::size_t>(NodeKind::gpu)]);
  const auto servers = static_cast<std::int64_t>(count_servers(view.graph));
  return fmt::format("{}, {} GPU{} in {} server{}", name(view.kind), grouped(gpus), gpus == 1 ? "" : "s",
                     grouped(servers), servers == 1 ? "" : "s");
}

Section describe(const FabricView& view) {
  Section section{"fabric", "Fabric " + title_of(view), {}};
  const auto add = [&](std::string name, std::string value) {
    section.items.push_back({std::move(name), std::move(value), "", ""});
  };
  add("routing", std::string(name(view.routing)));
  std::vector<std::string> nodes;
  const std::vector<std::size_t> counts = count_nodes(view.graph);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0)
      nodes.push_back(
          fmt::format("{} {}", grouped(static_cast<std::int64_t>(counts[i])), name(static_cast<NodeKind>(i))));
  }
  add("nodes", join_words(nodes));
  for (const Tier& tier : tiers_of(view.graph)) {
    add(fmt::format("{} - {}", name(tier.a), name(tier.b)),
        fmt::format("{} links of {}{}", grouped(static_cast<std::int64_t>(tier.links)), print(tier.capacity),
                    tier.latency > Seconds{} ? " and " + print(tier.latency) : ""));
  }
  add("port bound", print(view.bounds.port) + " out of a GPU");
  if (view.bounds.injection > BytesPerSecond{})
    add("injection bound", print(view.bounds.injection) + " out of a server");
  add("bisection bound", print(view.bounds.bisection) + " from the first half of the GPUs to the second");
  return section;
}

}  // namespace ithaca
