#include "model/what_if.hpp"

#include <algorithm>

namespace ithaca {
namespace {

constexpr std::int64_t kMostCounted = std::int64_t{1} << 40;
constexpr int kMostDegree = 1 << 30;

void scale(Domain& domain, double by) {
  domain.peak = domain.peak * by;
  domain.achieved = domain.achieved * by;
  domain.achieved_all_to_all = domain.achieved_all_to_all * by;
}

/// What NICs or ports do not have was not measured.
void mark(Cluster& cluster) { cluster.link_mark = worst(cluster.link_mark, Mark::extrapolated); }

double open_or(const std::optional<int>& degree, double open) { return degree ? *degree : open; }

bool turn_degree(std::optional<int>& degree, double value) {
  degree = value < 1 ? std::nullopt : std::optional<int>(static_cast<int>(std::min<double>(value, kMostDegree)));
  return true;
}

bool turn_count(std::int64_t& count, double value) {
  if (!(value >= 1 && value <= real(kMostCounted))) return false;
  count = static_cast<std::int64_t>(value);
  return true;
}

bool turn_gpus(int& gpus, double value) {
  if (!(value >= 1 && value <= kMostDegree)) return false;
  gpus = static_cast<int>(value);
  return true;
}

bool turn_recompute(Recompute& recompute, double value) {
  if (!(value >= 0 && value <= 2)) return false;
  recompute = static_cast<Recompute>(static_cast<int>(value));
  return true;
}

bool turn_zero(std::optional<int>& zero, double value) {
  zero = value < 0 ? std::nullopt : std::optional<int>(static_cast<int>(std::min<double>(value, kMostDegree)));
  return true;
}

bool turn_kv_heads(Transformer& model, double value) {
  std::int64_t heads = 0;
  if (model.is_latent() || !turn_count(heads, value) || model.heads % heads != 0) return false;
  model.kv_heads = heads;
  return true;
}

bool turn_price(Dollars& price, double value) {
  if (!(value >= 0)) return false;
  price = Dollars{value};
  return true;
}

}  // namespace

std::optional<std::size_t> nic_domain(const Cluster& cluster) {
  for (std::size_t i = 0; i < cluster.domains.size(); ++i) {
    if (cluster.domains[i].uplink == Domain::Uplink::nics) return i;
  }
  return std::nullopt;
}

bool set_nic_rate(Cluster& cluster, BytesPerSecond rate) {
  const auto nics = nic_domain(cluster);
  if (!nics) return false;
  const Domain& node = cluster.domains[*nics];
  const double by = rate.value() * node.ports / node.peak.value();
  for (std::size_t i = *nics; i < cluster.domains.size(); ++i) scale(cluster.domains[i], by);
  mark(cluster);
  return true;
}

bool set_port_rate(Cluster& cluster, BytesPerSecond rate) {
  if (cluster.scale_up == ScaleUp::pcie) return false;
  const double by = rate / cluster.port_peak;
  cluster.port_peak = rate;
  cluster.port_achieved = cluster.port_achieved * by;
  cluster.port_achieved_all_to_all = cluster.port_achieved_all_to_all * by;
  cluster.port_achieved_nvls = cluster.port_achieved_nvls * by;
  mark(cluster);
  return true;
}

bool set_heads(Transformer& model, std::int64_t heads) {
  if (model.is_latent() || heads < 1 || model.query_width() % heads != 0) return false;
  if (model.kv_heads == model.heads) model.kv_heads = heads;
  model.head_dim = model.query_width() / heads;
  model.heads = heads;
  return true;
}

std::optional<double> knob_value(const Question& q, Knob knob) {
  const bool latent = q.model.is_latent();
  const auto nics = nic_domain(q.cluster);
  switch (knob) {
    case Knob::gpus: return q.gpus;
    case Knob::seq_len: return real(q.work.seq_len.count);
    case Knob::micro_batch: return real(q.work.micro_batch);
    case Knob::global_batch: return real(q.work.global_batch);
    case Knob::recompute: return static_cast<double>(q.work.recompute);
    case Knob::zero: return open_or(q.degrees.zero, -1);
    case Knob::tp: return open_or(q.degrees.tp, 0);
    case Knob::pp: return open_or(q.degrees.pp, 1);
    case Knob::dp: return open_or(q.degrees.dp, 0);
    case Knob::ulysses: return open_or(q.degrees.ulysses, 0);
    case Knob::ring: return open_or(q.degrees.ring, 0);
    case Knob::heads: return latent ? std::nullopt : std::optional<double>(real(q.model.heads));
    case Knob::kv_heads: return latent ? std::nullopt : std::optional<double>(real(q.model.kv_heads));
    case Knob::nvlink:
      return q.cluster.scale_up == ScaleUp::pcie ? std::nullopt : std::optional<double>(q.cluster.port_peak.value());
    case Knob::nic:
      return nics ? std::optional<double>(q.cluster.domains[*nics].peak.value() / q.cluster.domains[*nics].ports)
                  : std::nullopt;
    case Knob::price: break;
  }
  return q.cluster.price_per_gpu_hour.value();
}

bool turn(Question& q, Knob knob, double value) {
  switch (knob) {
    case Knob::gpus: return turn_gpus(q.gpus, value);
    case Knob::seq_len: return turn_count(q.work.seq_len.count, value);
    case Knob::micro_batch: return turn_count(q.work.micro_batch, value);
    case Knob::global_batch: return turn_count(q.work.global_batch, value);
    case Knob::recompute: return turn_recompute(q.work.recompute, value);
    case Knob::zero: return turn_zero(q.degrees.zero, value);
    case Knob::tp: return turn_degree(q.degrees.tp, value);
    case Knob::pp: return turn_degree(q.degrees.pp, value);
    case Knob::dp: return turn_degree(q.degrees.dp, value);
    case Knob::ulysses: return turn_degree(q.degrees.ulysses, value);
    case Knob::ring: return turn_degree(q.degrees.ring, value);
    case Knob::heads: return set_heads(q.model, static_cast<std::int64_t>(value));
    case Knob::kv_heads: return turn_kv_heads(q.model, value);
    case Knob::nvlink: return value > 0 && set_port_rate(q.cluster, BytesPerSecond{value});
    case Knob::nic: return value > 0 && set_nic_rate(q.cluster, BytesPerSecond{value});
    case Knob::price: break;
  }
  return turn_price(q.cluster.price_per_gpu_hour, value);
}

}  // namespace ithaca
