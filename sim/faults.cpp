#include "sim/faults.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "model/units.hpp"

namespace ithaca {
namespace {

struct Part {
  std::optional<std::uint32_t> node;
  std::vector<std::uint32_t> links;
};

std::optional<Part> find_node_part(const Fabric& fabric, std::string_view name) {
  const auto node = fabric.find_node(name);
  if (!node) return std::nullopt;
  Part part{node, {}};
  for (const auto& links : {fabric.leaving(*node), fabric.entering(*node)}) {
    part.links.insert(part.links.end(), links.begin(), links.end());
  }
  return part;
}

std::string link_name(std::string_view from, std::string_view to, std::string_view number) {
  return std::string(from).append("->").append(to).append(number);
}

/// "a-b#1" is a->b#1 and b->a#1, as far as they exist. Nodes may have '-' in their names.
std::optional<Part> find_cable(const Fabric& fabric, std::string_view name) {
  const std::size_t hash = std::min(name.find('#'), name.size());
  const std::string_view number = name.substr(hash);
  name = name.substr(0, hash);
  for (std::size_t dash = name.find('-'); dash != name.npos; dash = name.find('-', dash + 1)) {
    const std::string_view a = name.substr(0, dash), b = name.substr(dash + 1);
    Part part;
    for (const auto& link : {fabric.find_link(link_name(a, b, number)), fabric.find_link(link_name(b, a, number))}) {
      if (link) part.links.push_back(*link);
    }
    if (!part.links.empty()) return part;
  }
  return std::nullopt;
}

std::optional<Part> find_part(const Fabric& fabric, std::string_view name) {
  if (auto node = find_node_part(fabric, name)) return node;
  if (const auto link = fabric.find_link(name)) return Part{std::nullopt, {*link}};
  return find_cable(fabric, name);
}

std::optional<std::string> check(const Fabric& fabric, const Fault& fault, const Part& part) {
  if (!(fault.share >= 0 && fault.share <= 1)) return "what is left must be between nothing and all of it";
  const bool fails = fault.share == 0 && !(fault.rate.value() > 0);
  if (fails && part.node && fabric.nodes()[*part.node].kind == NodeKind::gpu)
    return "a GPU that fails stops the job: simulate the GPUs that are left";
  BytesPerSecond most{};
  for (const std::uint32_t link : part.links) most = max(most, fabric.links()[link].capacity);
  if (fault.rate.value() > 0 && fault.rate > most) return "it has " + exact(most) + " when healthy";
  return std::nullopt;
}

void apply(const Fault& fault, const Part& part, std::vector<FabricGraph::Link>& links) {
  for (const std::uint32_t i : part.links) {
    BytesPerSecond& capacity = links[i].capacity;
    capacity = fault.rate.value() > 0 ? min(capacity, fault.rate) : capacity * fault.share;
  }
}

std::optional<std::uint32_t> number_after(std::string_view prefix, std::string_view text) {
  if (text.substr(0, prefix.size()) != prefix) return std::nullopt;
  text.remove_prefix(prefix.size());
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

/// Ranks that a straggler's name means; none where nothing is called so.
std::vector<std::uint32_t> find_ranks(const Fabric& fabric, std::string_view name) {
  const auto rank = number_after("", name);
  const auto node = fabric.find_node(name);
  const auto host = number_after("host", name);
  std::vector<std::uint32_t> ranks;
  for (std::uint32_t r = 0; r < fabric.gpus().size(); ++r) {
    const std::uint32_t gpu = fabric.gpus()[r];
    const bool in_host = host && fabric.nodes()[gpu].host == static_cast<std::int32_t>(*host);
    if (rank == r || node == gpu || (in_host && !node)) ranks.push_back(r);
  }
  return ranks;
}

FaultProblem explain_no_gpu(const Fabric& fabric, const std::string& called, std::size_t index) {
  const auto node = fabric.find_node(called);
  if (!node) return {index, true, "no GPU of the fabric is called so"};
  return {index, false, "it is a " + std::string(name(fabric.nodes()[*node].kind)) + ", and only GPUs compute"};
}

}  // namespace

Result<Fabric, FaultProblems> damage(const Fabric& fabric, std::span<const Fault> faults) {
  FaultProblems problems;
  FabricGraph graph = fabric.graph();
  for (std::size_t i = 0; i < faults.size(); ++i) {
    const auto part = find_part(fabric, faults[i].part);
    if (!part) {
      problems.push_back({i, true, "no link or node of the fabric is called so"});
    } else if (auto wrong = check(fabric, faults[i], *part)) {
      problems.push_back({i, false, std::move(*wrong)});
    } else {
      apply(faults[i], *part, graph.links);
    }
  }
  if (!problems.empty()) return problems;
  std::erase_if(graph.links, [](const FabricGraph::Link& link) { return !(link.capacity.value() > 0); });
  auto damaged = Fabric::make(std::move(graph));
  if (!damaged) return FaultProblems{{0, false, damaged.error()}};
  return std::move(damaged).value();
}

Result<std::vector<double>, FaultProblems> slow_gpus(const Fabric& fabric, std::span<const Straggler> stragglers,
                                                     std::uint32_t ranks) {
  FaultProblems problems;
  std::vector<double> times(stragglers.empty() ? 0 : ranks, 1);
  for (std::size_t i = 0; i < stragglers.size(); ++i) {
    const auto slow = find_ranks(fabric, stragglers[i].gpu);
    if (!(stragglers[i].times >= 1) || !std::isfinite(stragglers[i].times)) {
      problems.push_back({i, false, "a straggler takes at least 1 times as long"});
    } else if (slow.empty()) {
      problems.push_back(explain_no_gpu(fabric, stragglers[i].gpu, i));
    } else if (slow.front() >= ranks) {
      problems.push_back({i, false, "it takes no part: there are " + std::to_string(ranks) + " ranks"});
    }
    if (!problems.empty()) continue;
    for (const std::uint32_t rank : slow) {
      if (rank < ranks) times[rank] *= stragglers[i].times;
    }
  }
  if (!problems.empty()) return problems;
  return times;
}

}  // namespace ithaca
