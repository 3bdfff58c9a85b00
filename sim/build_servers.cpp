#include <algorithm>

#include "sim/build_parts.hpp"

namespace ithaca {
namespace {

const Domain* find_nics(const Cluster& cluster) {
  for (const Domain& domain : cluster.domains) {
    if (domain.uplink == Domain::Uplink::nics) return &domain;
  }
  return nullptr;
}

std::vector<Domain> find_sockets(const Cluster& cluster) {
  std::vector<Domain> sockets;
  for (const Domain& domain : cluster.domains) {
    if (domain.uplink == Domain::Uplink::socket) sockets.push_back(domain);
  }
  return sockets;
}

/// Builds one server after another. Numbers of GPUs are within the server.
class ServerBuilder {
 public:
  ServerBuilder(FabricGraph& graph, const Cluster& cluster, const NicPlan& plan, int gpus)
      : graph_(graph), cluster_(cluster), plan_(plan), gpus_(gpus), sockets_(find_sockets(cluster)) {}

  void add(int host, std::vector<Nic>& nics) {
    host_ = host;
    first_ = host * plan_.server_gpus;
    count_ = std::min(plan_.server_gpus, gpus_ - first_);
    way_out_.clear();
    for (int g = 0; g < count_; ++g) {
      way_out_.push_back(gpu(g));
      graph_.nodes[gpu(g)].host = host;
    }
    if (cluster_.scale_up != ScaleUp::pcie) join_boxes();
    if (!sockets_.empty()) {
      join_sockets();
    } else if (cluster_.scale_up == ScaleUp::pcie) {
      gather("cpu", NodeKind::cpu, plan_.server_gpus, cluster_.port_peak);
    }
    for (int i = 0; i < plan_.nics; ++i) add_nic(i, nics);
  }

 private:
  std::uint32_t gpu(int g) const { return static_cast<std::uint32_t>(first_ + g); }

  void join_boxes() {
    const int box = sockets_.empty() ? plan_.server_gpus : sockets_[0].gpus;
    for (int begin = 0; begin < count_ && box > 1; begin += box) {
      const int end = std::min(begin + box, count_);
      if (cluster_.scale_up == ScaleUp::mesh) {
        join_pairs(way_out_.data() + begin, way_out_.data() + end, cluster_.port_peak / (box - 1));
        continue;
      }
      const auto hub = add_node(graph_, "nvswitch" + std::to_string((first_ + begin) / box), NodeKind::nvswitch, host_);
      for (int g = begin; g < end; ++g) add_cable(graph_, gpu(g), hub, cluster_.port_peak);
    }
  }

  void join_pairs(const std::uint32_t* begin, const std::uint32_t* end, BytesPerSecond rate) {
    for (; begin != end; ++begin) {
      for (const auto* other = begin + 1; other != end; ++other) add_cable(graph_, *begin, *other, rate);
    }
  }

  /// The way out counts twice at a GPU with NVLink, which so stays the shorter way to a GPU with the same NIC or
  /// socket.
  void lead_out(std::uint32_t from, std::uint32_t to, BytesPerSecond rate) {
    const bool beside_nvlink = from < static_cast<std::uint32_t>(gpus_) && cluster_.scale_up != ScaleUp::pcie;
    add_cable(graph_, from, to, rate, {}, beside_nvlink ? 2 : 1);
  }

  /// A node for each box of `size` GPUs, on which hangs what was their way out until now.
  std::vector<std::uint32_t> gather(const std::string& name, NodeKind kind, int size, BytesPerSecond rate) {
    std::vector<std::uint32_t> nodes;
    for (int begin = 0; begin < count_; begin += size) {
      nodes.push_back(add_node(graph_, name + std::to_string((first_ + begin) / size), kind, host_));
      const auto box = way_out_.begin() + begin, end = way_out_.begin() + std::min(begin + size, count_);
      for (auto way = box; way != end; ++way) {
        if (way == box || *way != *(way - 1)) lead_out(*way, nodes.back(), rate);
      }
      std::fill(box, end, nodes.back());
    }
    return nodes;
  }

  /// All that leaves a socket crosses its uplink, to its bridge; NICs and the other sockets are behind the bridge.
  void join_sockets() {
    const Domain& outermost = sockets_.back();
    BytesPerSecond rate = cluster_.scale_up == ScaleUp::pcie ? cluster_.port_peak : sockets_[0].peak;
    for (std::size_t i = 0; i + 1 < sockets_.size(); ++i) {
      gather("pcie" + std::to_string(i) + ".", NodeKind::pcie_switch, sockets_[i].gpus, rate);
      rate = sockets_[i].peak;
    }
    gather("cpu", NodeKind::cpu, outermost.gpus, rate);
    const auto bridges = gather("bridge", NodeKind::pcie_switch, outermost.gpus, outermost.peak);
    join_pairs(bridges.data(), bridges.data() + bridges.size(), outermost.peak);
  }

  void add_nic(int i, std::vector<Nic>& nics) {
    const int begin = i * plan_.server_gpus / plan_.nics, end = (i + 1) * plan_.server_gpus / plan_.nics;
    if (begin >= count_) return;
    const auto nic = add_node(graph_, "nic" + std::to_string(host_ * plan_.nics + i), NodeKind::nic, host_);
    nics.push_back({nic, host_, i});
    for (int g = begin; g < std::min(end, count_); ++g) {
      const std::uint32_t way = way_out_[static_cast<std::size_t>(g)];
      if (g == begin || way != way_out_[static_cast<std::size_t>(g - 1)]) lead_out(way, nic, plan_.rate);
    }
  }

  FabricGraph& graph_;
  const Cluster& cluster_;
  const NicPlan plan_;
  const int gpus_;
  const std::vector<Domain> sockets_;  ///< inner to outer
  int host_ = 0, first_ = 0, count_ = 0;
  std::vector<std::uint32_t> way_out_;  ///< by GPU: the outermost node inside the server that its traffic passes
};

}  // namespace

int server_gpus(const Cluster& cluster) {
  const Domain* nics = find_nics(cluster);
  return nics != nullptr ? nics->gpus : cluster.node_gpus;
}

Result<NicPlan, std::string> plan_nics(const Cluster& cluster, const FabricSpec& spec) {
  NicPlan plan;
  plan.server_gpus = server_gpus(cluster);
  if (const Domain* nics = find_nics(cluster)) {
    plan.nics = std::clamp(nics->ports, 1, nics->gpus);
    plan.rate = nics->peak / plan.nics;
  } else {
    plan.nics = plan.server_gpus;
  }
  if (spec.link_rate > BytesPerSecond{}) plan.rate = spec.link_rate;
  if (plan.rate > BytesPerSecond{}) return plan;
  return "a server of " + cluster.name + " has no NIC in its profile: give link_rate, the rate of a NIC for each GPU";
}

std::vector<Nic> add_servers(FabricGraph& graph, const Cluster& cluster, const NicPlan& plan, int gpus) {
  add_nodes(graph, "gpu", NodeKind::gpu, gpus);
  ServerBuilder builder(graph, cluster, plan, gpus);
  std::vector<Nic> nics;
  for (int host = 0; host * plan.server_gpus < gpus; ++host) builder.add(host, nics);
  return nics;
}

}  // namespace ithaca
