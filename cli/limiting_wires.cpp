#include "cli/limiting_wires.hpp"

#include <fmt/format.h>

namespace ithaca {
namespace {

constexpr double kFaster = 1000;

struct FasterWire {
  std::string name;
  Cluster cluster;
};

std::string port_name(const Cluster& cluster) {
  switch (cluster.scale_up) {
    case ScaleUp::switched: return "NVLink";
    case ScaleUp::mesh: return "GPU mesh links";
    case ScaleUp::pcie: break;
  }
  return "PCIe";
}

std::string uplink_name(const Domain& domain) {
  switch (domain.uplink) {
    case Domain::Uplink::socket: return "socket link";
    case Domain::Uplink::nics: return "NICs";
    case Domain::Uplink::tier: break;
  }
  return fmt::format("tier above {} GPUs", domain.gpus);
}

std::vector<FasterWire> faster_wires(const Cluster& cluster) {
  std::vector<FasterWire> wires{{port_name(cluster), cluster}};
  Cluster& port = wires[0].cluster;
  port.port_achieved = port.port_achieved * kFaster;
  port.port_achieved_all_to_all = port.port_achieved_all_to_all * kFaster;
  port.port_achieved_nvls = port.port_achieved_nvls * kFaster;
  for (std::size_t i = 0; i < cluster.domains.size(); ++i) {
    wires.push_back({uplink_name(cluster.domains[i]), cluster});
    Domain& domain = wires.back().cluster.domains[i];
    domain.achieved = domain.achieved * kFaster;
    domain.achieved_all_to_all = domain.achieved_all_to_all * kFaster;
  }
  return wires;
}

void note(std::vector<std::string>& limits, const LayerTraffic& now, const LayerTraffic& faster,
          const std::string& wire) {
  limits.resize(now.collectives.size());
  for (std::size_t i = 0; i < now.collectives.size(); ++i) {
    const double ratio = faster.collectives[i].cost.transfer / now.collectives[i].cost.transfer;
    if (ratio < 0.99 && limits[i].empty()) limits[i] = wire;
  }
}

}  // namespace

LimitingWires limiting_wires(const Question& q, const Layout& layout) {
  LimitingWires limits;
  const auto now = estimate_step(q.model, q.work, q.cluster, layout);
  if (!now) return limits;
  for (const FasterWire& wire : faster_wires(q.cluster)) {
    const auto faster = estimate_step(q.model, q.work, wire.cluster, layout);
    note(limits.forward, now->forward, faster->forward, wire.name);
    note(limits.backward, now->backward, faster->backward, wire.name);
    note(limits.parameters, now->parameters, faster->parameters, wire.name);
  }
  return limits;
}

}  // namespace ithaca
