// What `ithaca inspect` shows, as JSON.

#include <nlohmann/json.hpp>

#include "cli/fabric_cables.hpp"
#include "cli/json_writer.hpp"

namespace ithaca {
namespace {

using Json = nlohmann::ordered_json;

Json network(const FabricView& view) {
  Json nodes = Json::object(), tiers = Json::array();
  const std::vector<std::size_t> counts = count_nodes(view.graph);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) nodes[std::string(name(static_cast<NodeKind>(i)))] = counts[i];
  }
  for (const Tier& tier : tiers_of(view.graph)) {
    tiers.push_back({{"between", {name(tier.a), name(tier.b)}},
                     {"links", tier.links},
                     {"capacity_bytes_per_s", tier.capacity.value()},
                     {"latency_s", tier.latency.value()}});
  }
  return {{"kind", name(view.kind)},
          {"routing", name(view.routing)},
          {"gpus", counts[static_cast<std::size_t>(NodeKind::gpu)]},
          {"servers", count_servers(view.graph)},
          {"nodes", nodes},
          {"tiers", tiers},
          {"port_bound_bytes_per_s", view.bounds.port.value()},
          {"injection_bound_bytes_per_s", view.bounds.injection.value()},
          {"bisection_bound_bytes_per_s", view.bounds.bisection.value()}};
}

}  // namespace

std::string write_json(const std::vector<Section>& sections, const FabricView* fabric) {
  Json json = {{"format_version", "1.0"}};
  for (const Section& section : sections) {
    if (fabric != nullptr && section.key == "fabric") {
      json["fabric"] = network(*fabric);
      continue;
    }
    Json items = Json::array();
    for (const Section::Item& item : section.items) {
      Json entry = {{"name", item.name}, {"value", item.value}};
      if (!item.mark.empty()) entry["mark"] = item.mark;
      if (!item.source.empty()) entry["source"] = item.source;
      items.push_back(std::move(entry));
    }
    json[section.key] = std::move(items);
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ithaca
