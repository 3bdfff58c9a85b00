#include "validate/run_machine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>

#include "configs/reader/load_kernels.hpp"
#include "model/compute.hpp"

namespace ithaca {
namespace {

/// Which profile stands for a GPU's name. The first row whose words are all in the name is taken.
struct Stand {
  std::string_view first, second, cluster;
  double port_GBps = 0;  ///< where the GPU's NVLink is slower than the profile's
  std::string_view remark{};
};
constexpr Stand kStands[] = {
    {"GH200", "", ""},  // none of the catalogue's
    {"GB200", "", "gb200-nvl72"},
    {"B200", "", "aws-p6-b200"},
    {"H200", "", "dgx-h200"},
    {"H100", "PCI", "h100-pcie-8"},
    {"H100", "NVL", "h100-nvl-8"},
    {"H100", "", "dgx-h100"},
    {"H800", "", "dgx-h100", 200, "an H100 with 400 GB/s of NVLink both ways (its datasheet)"},
    {"A100", "PCI", "a100-pcie-8"},
    {"A100", "40G", "aws-p4d"},
    {"A100", "80G", "dgx-a100"},
    {"A100", "", "dgx-a100", 0, "of 80 GB: the source does not say how large"},
    {"A800", "", "dgx-a100", 200, "an A100 with 400 GB/s of NVLink both ways (its datasheet)"},
    {"V100", "32G", "dgx2-v100"},
    {"V100", "16G", "dgx-v100"},
    {"V100", "", "dgx-v100", 0, "of 16 GB: the source does not say how large"},
    {"L20", "", "l20-pcie-8"},
    {"4090", "", "rtx-4090-pcie-8"},
    {"MI300", "", "mi300x-8"},
    {"MI355", "", "mi355x-8"},
};

/// Capitals without spaces, dashes and the like, so that "H100 SXM5 80 GB" has "80G".
std::string squeezed(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      out += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return out;
}

bool holds(const std::string& text, std::string_view word) { return text.find(word) != std::string::npos; }

/// What a card of about this memory is called.
const char* nominal_size(Bytes memory) {
  const double gb = memory.value() / 1e9;
  return gb < 20 ? "16G" : gb < 36 ? "32G" : gb < 50 ? "40G" : "80G";
}

const Stand* find_stand(const RunHardware& hardware) {
  std::string name = squeezed(hardware.gpu);
  if (hardware.memory) name += std::string(" ") + nominal_size(*hardware.memory);
  for (const Stand& stand : kStands) {
    if (holds(name, stand.first) && holds(name, stand.second)) return stand.cluster.empty() ? nullptr : &stand;
  }
  return nullptr;
}

RunRefusal no_profile(const RunHardware& hardware) {
  std::vector<std::string_view> known;
  for (const Stand& stand : kStands) {
    if (!stand.cluster.empty() && std::find(known.begin(), known.end(), stand.first) == known.end())
      known.push_back(stand.first);
  }
  return {"hardware.gpu", fmt::format("there is no profile of the GPU '{}'", hardware.gpu),
          fmt::format("name one of {}, or give the machine a 'cluster': a catalogue name or a profile of your own",
                      fmt::join(known, ", "))};
}

std::string gb(BytesPerSecond rate) { return fmt::format("{:.4g} GB/s", rate.value() / 1e9); }

void put_rate(BytesPerSecond& rate, double factor) { rate = rate * factor; }

void put_port(Cluster& cluster, BytesPerSecond peak) {
  const double factor = peak / cluster.port_peak;
  for (BytesPerSecond* rate :
       {&cluster.port_peak, &cluster.port_achieved, &cluster.port_achieved_all_to_all, &cluster.port_achieved_nvls})
    put_rate(*rate, factor);
}

Domain* network(Cluster& cluster) {
  for (Domain& domain : cluster.domains) {
    if (domain.uplink == Domain::Uplink::nics) return &domain;
  }
  return nullptr;
}

void put_uplink(Domain& domain, BytesPerSecond peak) {
  const double factor = peak / domain.peak;
  for (BytesPerSecond* rate : {&domain.peak, &domain.achieved, &domain.achieved_all_to_all}) put_rate(*rate, factor);
}

/// Nodes of another size: the uplink grows with it. Sockets and tiers of the profile no longer hold.
void put_node(Cluster& cluster, int gpus) {
  if (gpus == cluster.node_gpus) return;
  Domain* nics = network(cluster);
  if (nics == nullptr) {
    cluster.node_gpus = gpus;
    cluster.domains.clear();
    return;
  }
  Domain changed = *nics;
  put_uplink(changed, changed.peak * (static_cast<double>(gpus) / changed.gpus));
  changed.ports = std::max(1, changed.ports * gpus / changed.gpus);
  changed.gpus = gpus;
  cluster.node_gpus = gpus;
  cluster.domains.clear();
  cluster.domains.push_back(changed);
}

/// Another peak moves the sustained rate and the curves with it.
void put_peak(Gpu& gpu, FlopPerSecond peak) {
  const Gpu before = gpu;
  const auto half = static_cast<std::size_t>(Dtype::bf16);
  const double factor = peak / gpu.peak[half];
  if (factor == 1) return;
  for (const Dtype dtype : {Dtype::bf16, Dtype::fp16}) {
    const auto i = static_cast<std::size_t>(dtype);
    gpu.peak[i] = gpu.peak[i] * factor;
    gpu.sustained[i] = gpu.sustained[i] * factor;
  }
  gpu.gemm = rescale(before.gemm, before, gpu);
  gpu.attention = rescale(before.attention, before, gpu);
}

void put_gpu(Gpu& gpu, const RunHardware& hardware) {
  if (hardware.memory && std::abs(*hardware.memory / gpu.memory - 1) > 0.1) gpu.memory = *hardware.memory;
  if (hardware.memory_rate) gpu.memory_rate = *hardware.memory_rate;
  if (hardware.peak_half && gpu.peak[0] > FlopPerSecond{}) put_peak(gpu, *hardware.peak_half);
  const auto fp8 = static_cast<std::size_t>(Dtype::fp8);
  if (hardware.peak_fp8 && gpu.peak[fp8] > FlopPerSecond{}) {
    gpu.sustained[fp8] = gpu.sustained[fp8] * (*hardware.peak_fp8 / gpu.peak[fp8]);
    gpu.peak[fp8] = *hardware.peak_fp8;
  }
}

/// The kernels' curves, carried over where they were timed on another GPU.
std::optional<RunRefusal> put_kernels(LoadedCluster& loaded, const std::string& name) {
  const auto refuse = [&](const Diagnostics& why) {
    return RunRefusal{"hardware.kernels", why[0].what, "name a kernel file of hw_profiles/kernels"};
  };
  const auto kernels = load_kernels(name);
  if (!kernels) return refuse(kernels.error());
  const auto on = load_gpu(kernels->gpu);
  if (!on) return refuse(on.error());
  Gpu& gpu = loaded.cluster.gpu;
  if (kernels->gemm) gpu.gemm = rescale(*kernels->gemm, on->gpu, gpu);
  if (kernels->streaming) {
    gpu.streaming_efficiency = kernels->streaming->efficiency;
    gpu.host = kernels->streaming->host;
  }
  if (kernels->attention.empty()) return {};
  loaded.attention.clear();
  for (const AttentionKernel& kernel : kernels->attention)
    loaded.attention.push_back({kernel.kernel, rescale(kernel.curve, on->gpu, gpu), kernel.mark, {}});
  gpu.attention = loaded.attention.front().curve;
  return {};
}

void put_network(RunMachine& machine, const RunHardware& hardware, int gpus) {
  Cluster& cluster = machine.loaded.cluster;
  Domain* nics = network(cluster);
  if (nics == nullptr || gpus <= cluster.node_gpus) return;
  if (hardware.uplink) {
    put_uplink(*nics, *hardware.uplink);
    if (hardware.nics_per_node) nics->ports = static_cast<int>(*hardware.nics_per_node);
  } else {
    machine.assumed.push_back(fmt::format("network of {} a node: as in the profile", gb(nics->peak)));
  }
}

}  // namespace

const Result<LoadedCluster, Diagnostics>& RunProfiles::cluster(const std::string& name) {
  const auto found = clusters_.find(name);
  return found != clusters_.end() ? found->second : clusters_.emplace(name, load_cluster(name)).first->second;
}

Result<RunMachine, RunRefusal> run_machine(const RunHardware& hardware, int gpus, RunProfiles& profiles) {
  const Stand* stand = hardware.cluster.empty() ? find_stand(hardware) : nullptr;
  if (hardware.cluster.empty() && stand == nullptr) return no_profile(hardware);
  const std::string name = stand != nullptr ? std::string(stand->cluster) : hardware.cluster;
  const auto& loaded = profiles.cluster(name);
  if (!loaded) return RunRefusal{"hardware.cluster", loaded.error()[0].what, "name a cluster of 'ithaca inspect'"};
  RunMachine machine{loaded.value(), {}};
  Cluster& cluster = machine.loaded.cluster;
  cluster.max_gpus = 0;  // the profile lends its rates, not its size
  if (stand != nullptr) {
    const std::string remark = stand->remark.empty() ? "" : fmt::format(" ({})", stand->remark);
    machine.assumed.push_back(fmt::format("{} stands for {}{}: what the source leaves out comes from its profile", name,
                                          hardware.gpu, remark));
    if (stand->port_GBps > 0) put_port(cluster, BytesPerSecond{stand->port_GBps * 1e9});
  }
  if (!hardware.kernels.empty()) {
    if (const auto refused = put_kernels(machine.loaded, hardware.kernels)) return *refused;
    machine.assumed.push_back("kernels as timed for " + hardware.kernels);
  }
  put_gpu(cluster.gpu, hardware);
  if (hardware.gpus_per_node) put_node(cluster, static_cast<int>(*hardware.gpus_per_node));
  if (hardware.port) put_port(cluster, *hardware.port);
  if (hardware.nvswitch) cluster.scale_up = *hardware.nvswitch ? ScaleUp::switched : ScaleUp::mesh;
  if (hardware.config_port && !hardware.port) {
    machine.assumed.push_back(fmt::format("links inside a node of {} a GPU, not the {} of the peer's settings",
                                          gb(cluster.port_peak), gb(*hardware.config_port)));
  }
  put_network(machine, hardware, gpus);
  return machine;
}

}  // namespace ithaca
