#pragma once
// The table of `nvidia-smi topo -m`: how near any two devices of a server are.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "configs/reader/document.hpp"

namespace ithaca {

/// How near two devices are; `nvlinks` joins them directly.
enum class Nearness : std::uint8_t { self, pix, pxb, phb, node, sys, nvlink };
struct DevicePair {
  Nearness nearness{};
  int nvlinks = 0;
  friend bool operator==(const DevicePair&, const DevicePair&) = default;
};

struct DeviceTable {
  std::vector<std::string> names;              ///< GPU0, ..., NICs
  std::vector<std::string> affinity;           ///< by device: cores of the CPU; empty where it is not said
  std::vector<std::vector<DevicePair>> pairs;  ///< by device and device, the same both ways
};

bool is_gpu(std::string_view name);
/// Whether a line of the text begins such a table.
bool has_device_table(std::string_view text);
/// What a NIC's missing row would say is taken from its column.
Result<DeviceTable, Diagnostics> read_device_table(const Document& document);

}  // namespace ithaca
