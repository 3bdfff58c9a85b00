#include "cli/machine.hpp"

#include "configs/reader/load_fabric.hpp"

namespace ithaca {
namespace {

/// What a misspelt part may have meant: links, cables or nodes, as it is written itself.
std::vector<std::string> names_like(const Fabric& fabric, std::string_view part) {
  std::vector<std::string> names;
  const bool directed = part.find("->") != part.npos;
  if (directed || part.find('-') != part.npos) {
    for (std::uint32_t i = 0; i < fabric.links().size(); ++i) {
      std::string link = fabric.link_name(i);
      if (!directed) link.erase(link.find("->") + 1, 1);
      names.push_back(std::move(link));
    }
  }
  if (!directed) {
    for (const FabricGraph::Node& node : fabric.nodes()) names.push_back(node.name);
  }
  return names;
}

/// "gpu0 ... gpu63, nic0 ... nic63, leaf0; a cable is gpu0-nic0"
std::string parts_of(const Fabric& fabric) {
  std::string text;
  for (int kind = 0; kind <= static_cast<int>(NodeKind::router); ++kind) {
    const FabricGraph::Node *first = nullptr, *last = nullptr;
    for (const FabricGraph::Node& node : fabric.nodes()) {
      if (static_cast<int>(node.kind) != kind) continue;
      if (first == nullptr) first = &node;
      last = &node;
    }
    if (first == nullptr) continue;
    text += (text.empty() ? "" : ", ") + first->name + (first == last ? "" : " ... " + last->name);
  }
  if (fabric.links().empty()) return text;
  const FabricGraph::Link& link = fabric.links().back();
  return text + "; a cable is " + fabric.nodes()[link.from].name + "-" + fabric.nodes()[link.to].name;
}

std::vector<std::string> gpu_names(const Fabric& fabric) {
  std::vector<std::string> names;
  for (const std::uint32_t gpu : fabric.gpus()) names.push_back(fabric.nodes()[gpu].name);
  return names;
}

Diagnostics explain(const Fabric& fabric, const std::vector<Fault>& faults, const std::vector<std::string>& flags,
                    const FaultProblems& problems) {
  Diagnostics diagnostics;
  for (const FaultProblem& p : problems) {
    const std::string& part = faults[p.index].part;
    diagnostics.push_back(mistake(flags[p.index], p.what, p.unknown ? "the fabric has " + parts_of(fabric) : "",
                                  p.unknown ? suggestion(part, names_like(fabric, part)) : ""));
  }
  return diagnostics;
}

Diagnostics explain_stragglers(const Fabric& fabric, const MachineRequest& request, const FaultProblems& problems) {
  const std::vector<std::string> names = gpu_names(fabric);
  Diagnostics diagnostics;
  for (const FaultProblem& p : problems) {
    const std::string next = "give a GPU from " + names.front() + " to " + names.back() + ", a rank or a server: host0";
    diagnostics.push_back(mistake(request.straggler_flags[p.index], p.what, p.unknown ? next : "",
                                  p.unknown ? suggestion(request.stragglers[p.index].gpu, names) : ""));
  }
  return diagnostics;
}

Result<LoadedFabric, Diagnostics> choose_fabric(const MachineRequest& request, const LoadedCluster& cluster) {
  LoadedFabric fabric{cluster.fabric, cluster.file, cluster.fabric_notices};
  if (!request.fabric.empty()) {
    auto loaded = load_fabric(request.fabric, &cluster.cluster);
    if (!loaded) return loaded.error();
    fabric = std::move(loaded).value();
  }
  fabric.spec.routing = request.routing.value_or(fabric.spec.routing);
  return fabric;
}

/// A second run would be like the first.
bool is_certain(const MachineRequest& request, Routing routing) { return request.jitter == 0 && !is_hashed(routing); }

/// "--fail leaf0 --fail leaf1"
std::optional<std::string> failed_flags(const MachineRequest& request) {
  std::string flags;
  for (std::size_t i = 0; i < request.faults.size(); ++i) {
    if (request.faults[i].share == 0) flags += (flags.empty() ? "" : " ") + request.fault_flags[i];
  }
  return flags.empty() ? std::nullopt : std::optional(flags);
}

}  // namespace

Result<Machine, Diagnostics> make_machine(const MachineRequest& request, const LoadedCluster& cluster, int gpus) {
  auto loaded = choose_fabric(request, cluster);
  if (!loaded) return loaded.error();
  if (request.seeds > 1 && is_certain(request, loaded->spec.routing)) {
    return Diagnostics{mistake("--seeds " + std::to_string(request.seeds), "nothing is left to chance",
                               "add --jitter 5% or --routing ecmp, or leave --seeds out")};
  }
  const std::string flag = request.fabric.empty() ? "--cluster " + cluster.cluster.name : "--fabric " + request.fabric;
  if (auto reason = Router::check_size(cluster.cluster, loaded->spec, gpus))
    return Diagnostics{mistake(flag, std::move(*reason), "")};
  auto fabric = build_fabric(cluster.cluster, loaded->spec, gpus);
  if (!fabric)
    return Diagnostics{mistake(flag, fabric.error(), "see 'ithaca inspect --help' for the fabric's numbers")};
  auto damaged = damage(*fabric, request.faults);
  if (!damaged) return explain(*fabric, request.faults, request.fault_flags, damaged.error());
  auto times = slow_gpus(*damaged, request.stragglers, static_cast<std::uint32_t>(gpus));
  if (!times) return explain_stragglers(*damaged, request, times.error());
  const auto kept = std::make_shared<const Fabric>(std::move(damaged).value());
  auto router = Router::make(*kept, loaded->spec.routing, request.seed);
  if (!router) {
    const auto failed = failed_flags(request);
    const char* next =
        failed ? "leave a little of the part: --degrade PART=10%, or simulate the GPUs that are left" : "";
    return Diagnostics{mistake(failed.value_or(flag), router.error(), next)};
  }
  return Machine{loaded->spec,
                 kept,
                 std::move(router).value(),
                 {std::move(times).value(), request.jitter, request.seed},
                 loaded->notices};
}

Result<Machine, std::string> with_seed(const Machine& machine, std::uint64_t seed) {
  auto router = Router::make(*machine.fabric, machine.router.routing(), seed);
  if (!router) return router.error();
  Slowdown slowdown = machine.slowdown;
  slowdown.seed = seed;
  return Machine{machine.spec, machine.fabric, std::move(router).value(), std::move(slowdown), machine.notices};
}

}  // namespace ithaca
