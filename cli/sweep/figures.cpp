#include "cli/sweep/figures.hpp"

#include <fmt/format.h>

#include "cli/text.hpp"
#include "configs/reader/fields.hpp"
#include "model/what_if.hpp"

namespace ithaca {
namespace {

using Problem = std::optional<PointProblem>;

constexpr double kMostHeads = 1e5, kMostLayers = 1e5;
constexpr std::int64_t kLargestHead = 256;  // FlashAttention's README: "all head dimensions up to 256"
constexpr int kUnitHosts = 32;              // of a scalable unit, FabricSpec::leaf_hosts' default
constexpr double kLongest = 0x1p34;

template <auto parse>
Parsed<double> quantity(std::string_view text) {
  const auto parsed = parse(text);
  if (!parsed) return parsed.error();
  return parsed->value();
}
Parsed<double> count(std::string_view text, double most) {
  const auto parsed = parse_size(text);
  if (!parsed) return parsed.error();
  const auto value = static_cast<double>(*parsed);
  if (value > most) return UnitError{"'" + std::string(text) + "' is more than any has", "give less"};
  return value;
}
Parsed<double> heads(std::string_view text) { return count(text, kMostHeads); }
Parsed<double> layers(std::string_view text) { return count(text, kMostLayers); }
Parsed<double> tokens(std::string_view text) {
  const auto parsed = parse_tokens(text);
  if (!parsed) return parsed.error();
  return static_cast<double>(parsed->count);
}
Parsed<double> at_least_one(std::string_view text) {
  const auto parsed = parse_number(text);
  if (!parsed) return parsed.error();
  if (*parsed < 1) return UnitError{"'" + std::string(text) + "' is below 1", "1 is full bisection, 7 is 1:7"};
  return *parsed;
}
Parsed<double> dollars(std::string_view text) { return quantity<parse_dollars>(text); }

/// What NICs or sockets do not have was not measured.
void mark(Cluster& cluster) { cluster.link_mark = worst(cluster.link_mark, Mark::extrapolated); }

PointProblem no_nics(const Cluster& cluster) {
  return {"nic", cluster.name + " has no NICs", "leave it out, or take a cluster of several nodes"};
}

Problem set_nic(Figured at, double value) {
  const auto before = nic_domain(at.cluster);
  if (!before) return no_nics(at.cluster);
  const Domain& node = at.cluster.domains[*before];
  const double by = value * node.ports / node.peak.value();
  set_nic_rate(at.cluster, BytesPerSecond{value});
  if (at.fabric.link_rate > BytesPerSecond{}) at.fabric.link_rate = at.fabric.link_rate * by;
  return std::nullopt;
}

/// Of the tier above the nodes. Where there is none it gets one, around a scalable unit. A tier's achieved rates are
/// the share of its peak that the NICs reach.
Problem set_oversubscription(Figured at, double value) {
  const auto nics = nic_domain(at.cluster);
  if (!nics) return no_nics(at.cluster);
  auto& domains = at.cluster.domains;
  const Domain node = domains[*nics];
  const int hosts = at.fabric.leaf_hosts > 0 ? at.fabric.leaf_hosts : kUnitHosts;
  if (*nics + 1 == domains.size()) domains.push_back({.uplink = Domain::Uplink::tier, .gpus = node.gpus * hosts});
  Domain& tier = domains[*nics + 1];
  const double nodes = static_cast<double>(tier.gpus) / node.gpus;
  tier.peak = node.peak * (nodes / value);
  tier.achieved = node.achieved * (nodes / value);
  tier.achieved_all_to_all = node.achieved_all_to_all * (nodes / value);
  at.fabric.oversubscription = value;
  mark(at.cluster);
  return std::nullopt;
}

Problem set_nvlink(Figured at, double value) {
  if (set_port_rate(at.cluster, BytesPerSecond{value})) return std::nullopt;
  return PointProblem{"nvlink", at.cluster.name + " joins its GPUs by PCIe",
                      "leave it out, or take a cluster with NVLink"};
}

Problem set_nic_latency(Figured at, double value) {
  at.cluster.nic_latency = Seconds{value};
  return std::nullopt;
}

Problem set_gpu_memory(Figured at, double value) {
  at.cluster.gpu.memory = Bytes{value};
  return std::nullopt;
}

Problem set_layers(Figured at, double value) {
  at.model.layers = static_cast<std::int64_t>(value);
  return std::nullopt;
}

Problem change_heads(Figured at, double value) {
  const Transformer& m = at.model;
  const auto heads = static_cast<std::int64_t>(value);
  if (set_heads(at.model, heads)) return std::nullopt;
  if (m.is_latent())
    return PointProblem{"model.heads", m.name + " has latent attention, whose heads do not share a width",
                        "take another model"};
  return PointProblem{"model.heads",
                      fmt::format("{} heads do not divide the width of {}", heads, grouped(m.query_width())),
                      "take a power of two"};
}

Problem set_kv_heads(Figured at, double value) {
  if (at.model.is_latent())
    return PointProblem{"model.kv_heads", at.model.name + " has latent attention, without KV heads",
                        "take another model"};
  at.model.kv_heads = static_cast<std::int64_t>(value);
  return std::nullopt;
}

constexpr FigureAxis kFigures[] = {
    {"layers", "layers of the model", layers, set_layers},
    {"heads", "query heads; their width together stays", heads, change_heads},
    {"kv_heads", "key/value heads", heads, set_kv_heads},
    {"gpu_memory", "memory of a GPU: 80GB", quantity<parse_bytes>, set_gpu_memory},
    {"nvlink", "a GPU's port, one way: 450GBps", quantity<parse_rate>, set_nvlink},
    {"nic", "one NIC: 400Gbps; tiers keep their oversubscription", quantity<parse_rate>, set_nic},
    {"nic_latency", "added to NCCL's at each hop: 2us", quantity<parse_seconds>, set_nic_latency},
    {"oversubscription", "of the tier above the nodes, 1 or more; where there is none, above 32 nodes", at_least_one,
     set_oversubscription},
};

/// Whole nodes for that much an hour.
Problem buy_gpus(Question& q, double value) {
  const double price = q.cluster.price_per_gpu_hour.value();
  const int node = std::max(1, q.cluster.node_gpus);
  if (price <= 0)
    return PointProblem{"budget", "GPU-hours of " + q.cluster.name + " have no price", "give one: --price 2.50USD"};
  const double nodes = std::min(std::floor(value / (price * node)), 1e6 / node);
  if (nodes < 1)
    return PointProblem{"budget", fmt::format("a node of {} costs {} USD an hour", q.cluster.name, price * node),
                        "give more"};
  q.gpus = static_cast<int>(nodes) * node;
  return std::nullopt;
}

Problem spread_tokens(Question& q, double value) {
  const double length = value * q.gpus / static_cast<double>(q.work.global_batch);
  if (length < 1 || length > kLongest)
    return PointProblem{"tokens_per_gpu", fmt::format("makes sequences of {} tokens", significant(length)),
                        "change --global-batch"};
  q.work.seq_len = Tokens{static_cast<std::int64_t>(length)};
  return std::nullopt;
}

constexpr DerivedAxis kDerived[] = {
    {"budget", "--gpus", "dollars an hour: as many whole nodes as it buys", dollars, buy_gpus},
    {"tokens_per_gpu", "--seq", "the length that gives each GPU so many tokens of a step", tokens, spread_tokens},
};

}  // namespace

std::span<const FigureAxis> figure_axes() { return kFigures; }
std::span<const DerivedAxis> derived_axes() { return kDerived; }

std::optional<PointProblem> check_figures(const Transformer& m) {
  if (m.heads % m.kv_heads != 0)
    return PointProblem{"model.kv_heads", fmt::format("{} KV heads do not divide {} heads", m.kv_heads, m.heads),
                        "take a divisor of the heads"};
  if (m.head_dim > kLargestHead)
    return PointProblem{
        "model.heads",
        fmt::format("{} heads are {} wide, above FlashAttention's {}", m.heads, m.head_dim, kLargestHead),
        "take more heads"};
  return std::nullopt;
}

}  // namespace ithaca
