#pragma once
// What NCCL takes a link inside a server to carry, one way: NVIDIA/nccl v2.28.9-1 src/graph/topo.h and topo.cc;
// xGMI: ROCm/rccl src/graph/topo.h.

#include <string_view>

#include "model/quantity.hpp"

namespace ithaca::nccl {

constexpr BytesPerSecond gigabytes(double rate) { return BytesPerSecond{rate * 1e9}; }

/// Of one NVLink, by the GPU's compute capability: 70, 80, 86, 90, 100.
constexpr BytesPerSecond nvlink_rate(int sm) {
  if (sm >= 100) return gigabytes(40.1);
  if (sm >= 90) return gigabytes(20.6);
  if (sm == 86) return gigabytes(12);
  if (sm >= 60 && sm < 70) return gigabytes(18);
  return gigabytes(20);
}

/// Of one xGMI link, by the GPU's GCN version: 910 is MI200, 94x MI300, 95x MI350.
constexpr BytesPerSecond xgmi_rate(std::string_view gcn) {
  if (gcn.starts_with("gfx")) gcn.remove_prefix(3);
  if (gcn.starts_with("94") || gcn.starts_with("95")) return gigabytes(48);
  return gigabytes(gcn == "910" || gcn == "90a" ? 36 : 24);
}

/// By GT/s of a lane and lanes; what no generation has counts as 8 GT/s, no lanes as 16. 24 GB/s for PCIe 4 x16.
constexpr BytesPerSecond pcie_rate(double transfers, double lanes) {
  const bool known =
      transfers == 2.5 || transfers == 5 || transfers == 8 || transfers == 16 || transfers == 32 || transfers == 64;
  const double speed = known ? transfers : 8;
  return gigabytes((lanes > 0 ? lanes : 16) * speed * (speed < 8 ? 6 : 7.5) / 80);
}

/// Within a device: more than any wire carries.
inline constexpr BytesPerSecond kLocalRate = gigabytes(5000);

/// Between two CPUs of a server; `vendor` as CPUID has it.
constexpr BytesPerSecond cpu_rate(std::string_view arch, std::string_view vendor, int family, int model) {
  if (arch == "ppc64") return gigabytes(32);
  if (arch == "arm64") return gigabytes(6);
  if (arch != "x86_64") return kLocalRate;
  if (vendor == "GenuineIntel") {
    if (family == 6 && model >= 0xCF) return gigabytes(40);
    if (family == 6 && model >= 0x8F) return gigabytes(22);
    return gigabytes(family == 6 && model >= 0x55 ? 10 : 6);
  }
  if (vendor == "AuthenticAMD") return gigabytes(16);
  if (vendor == "CentaurHauls" || vendor == "  Shanghai  ") return gigabytes(family == 7 && model == 0x5B ? 9 : 6);
  return kLocalRate;
}

}  // namespace ithaca::nccl
