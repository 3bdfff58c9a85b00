#include "configs/reader/topo_matrix.hpp"

#include <algorithm>
#include <numeric>

#include "configs/reader/device_table.hpp"
#include "configs/reader/nccl_rates.hpp"
#include "configs/reader/server_graph.hpp"

namespace ithaca {
namespace {

constexpr int kMostNvlinks = 18;  ///< of a GPU, in every generation so far

/// Groups of devices that grow together.
class Groups {
 public:
  explicit Groups(std::size_t size) : parent_(size) { std::iota(parent_.begin(), parent_.end(), std::size_t{0}); }
  std::size_t find(std::size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  /// The lower number stands for both.
  void join(std::size_t a, std::size_t b) {
    a = find(a);
    b = find(b);
    parent_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<std::size_t> parent_;
};

/// What the matrix does not say.
struct Rates {
  BytesPerSecond nvlink, pcie, cpu;
};
Rates rates_for(int sm, CpuVendor cpu) {
  const double transfers = sm >= 90 || sm == 0 ? 32 : sm >= 80 ? 16 : 8;
  const BytesPerSecond between = cpu == CpuVendor::arm ? nccl::cpu_rate("arm64", "", 0, 0)
                                 : cpu == CpuVendor::amd
                                     ? nccl::cpu_rate("x86_64", "AuthenticAMD", 0, 0)
                                     : nccl::cpu_rate("x86_64", "GenuineIntel", 6, sm >= 90 ? 0x8F : 0x6A);
  return {nccl::nvlink_rate(sm), nccl::pcie_rate(transfers, 16), between};
}

class MatrixGraph {
 public:
  MatrixGraph(const DeviceTable& table, const Cluster* cluster) : table_(table), size_(table.names.size()) {
    const int sm = cluster != nullptr ? cluster->gpu.arch : most_nvlinks() > 12 ? 90 : 80;
    rates_ = rates_for(sm, cluster != nullptr ? cluster->cpu : CpuVendor::intel);
    if (cluster == nullptr)
      graph_.notice(std::string("the matrix names no rates: taken as ") + (sm == 90 ? "H100" : "A100") +
                    " on Intel CPUs; --cluster says otherwise");
    graph_.notice("rates are those that NCCL computes with, below the wire's");
  }

  LoadedGraph build() {
    for (std::size_t i = 0; i < size_; ++i) {
      if (is_gpu(table_.names[i])) way_up_.push_back(graph_.add_node(NodeKind::gpu, 0));
      if (!is_gpu(table_.names[i])) way_up_.push_back(graph_.add_node(NodeKind::nic, 0));
    }
    join_nvlinks();
    Groups cpus = group_by_cpu();
    Groups near = group([](Nearness n) { return n == Nearness::pix; });
    add_switches(near);
    Groups far = group([](Nearness n) { return n == Nearness::pix || n == Nearness::pxb; });
    add_switches(far);
    add_cpus(cpus);
    return std::move(graph_).finish();
  }

 private:
  using Wire = ServerGraph::Wire;
  bool gpu(std::size_t i) const { return is_gpu(table_.names[i]); }

  int most_nvlinks() const {
    int most = 0;
    for (const auto& row : table_.pairs) {
      for (const DevicePair& cell : row) most = std::max(most, cell.nvlinks);
    }
    return most;
  }

  /// The NVLinks of each GPU into NVSwitches; 0 where GPUs are joined directly.
  int switched_nvlinks() const {
    int each = -1, gpus = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      if (gpu(i)) ++gpus;
      for (std::size_t j = 0; j < size_; ++j) {
        if (i == j || !gpu(i) || !gpu(j)) continue;
        if (each >= 0 && table_.pairs[i][j].nvlinks != each) return 0;
        each = table_.pairs[i][j].nvlinks;
      }
    }
    return each * (gpus - 1) > kMostNvlinks ? each : 0;
  }

  void join_nvlinks() {
    if (const int each = switched_nvlinks(); each > 0) {
      const std::uint32_t hub = graph_.add_node(NodeKind::nvswitch, 0);
      for (std::size_t i = 0; i < size_; ++i) {
        if (gpu(i)) graph_.add_cable(way_up_[i], hub, rates_.nvlink * each, Wire::nvlink);
      }
      return;
    }
    for (std::size_t i = 0; i < size_; ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (table_.pairs[i][j].nvlinks > 0)
          graph_.add_cable(way_up_[j], way_up_[i], rates_.nvlink * table_.pairs[i][j].nvlinks, Wire::nvlink);
      }
    }
  }

  template <class Near>
  Groups group(Near near) const {
    Groups groups(size_);
    for (std::size_t i = 0; i < size_; ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (near(table_.pairs[i][j].nearness)) groups.join(i, j);
      }
    }
    return groups;
  }

  /// NVLink hides how near two GPUs are by PCIe; their CPU affinity tells.
  Groups group_by_cpu() {
    Groups cpus = group([](Nearness n) { return n != Nearness::sys && n != Nearness::nvlink && n != Nearness::self; });
    for (std::size_t i = 0; i < size_; ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        const std::string &a = table_.affinity[i], &b = table_.affinity[j];
        const bool hidden = a.empty() && b.empty() && table_.pairs[i][j].nearness == Nearness::nvlink;
        if (!hidden && (a.empty() || a != b)) continue;
        cpus.join(i, j);
        if (table_.pairs[i][j].nearness == Nearness::sys)
          graph_.notice("GPUs with the same CPU affinity are taken to share that CPU, though the matrix says SYS");
      }
    }
    return cpus;
  }

  /// A PCIe switch above every group whose devices have different ways up.
  void add_switches(Groups& groups) {
    for (std::size_t first = 0; first < size_; ++first) {
      std::vector<std::uint32_t> below;
      for (std::size_t i = 0; i < size_; ++i) {
        if (groups.find(i) == first && std::find(below.begin(), below.end(), way_up_[i]) == below.end())
          below.push_back(way_up_[i]);
      }
      if (groups.find(first) != first || below.size() < 2) continue;
      const std::uint32_t hub = graph_.add_node(NodeKind::pcie_switch, 0);
      for (const std::uint32_t node : below) graph_.add_cable(node, hub, rates_.pcie, Wire::pcie);
      for (std::size_t i = 0; i < size_; ++i) {
        if (groups.find(i) == first) way_up_[i] = hub;
      }
    }
  }

  void add_cpus(Groups& groups) {
    std::vector<std::uint32_t> cpus;
    for (std::size_t first = 0; first < size_; ++first) {
      if (groups.find(first) != first) continue;
      const std::uint32_t cpu = graph_.add_node(NodeKind::cpu, 0);
      for (const std::uint32_t other : cpus) graph_.add_cable(other, cpu, rates_.cpu, Wire::other);
      cpus.push_back(cpu);
      std::vector<std::uint32_t> joined;
      for (std::size_t i = 0; i < size_; ++i) {
        if (groups.find(i) != first || std::find(joined.begin(), joined.end(), way_up_[i]) != joined.end()) continue;
        joined.push_back(way_up_[i]);
        graph_.add_cable(way_up_[i], cpu, rates_.pcie, Wire::pcie);
      }
    }
  }

  const DeviceTable& table_;
  std::size_t size_;
  Rates rates_{};
  ServerGraph graph_;
  std::vector<std::uint32_t> way_up_;  ///< by device: the node that its PCIe has reached
};

}  // namespace

bool is_topo_matrix(std::string_view text) { return has_device_table(text); }

Result<LoadedGraph, Diagnostics> read_topo_matrix(std::string file, std::string text, const Cluster* cluster) {
  if (Diagnostics problems = prepare_text(file, text); !problems.empty()) return problems;
  const auto table = read_device_table({std::move(file), std::move(text), {}});
  if (!table) return table.error();
  return MatrixGraph(*table, cluster).build();
}

}  // namespace ithaca
