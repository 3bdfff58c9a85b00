#pragma once
// Clocks, power and throttling by NVIDIA's management library, opened at run time: no header or library is needed to
// build. Functions and constants as in the NVML API reference (docs.nvidia.com/deploy/nvml-api).

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "model/result.hpp"

namespace ithaca {

/// A function of the library by name, or null.
using SymbolLookup = std::function<void*(const char*)>;
/// In libnvidia-ml.so.1, or why not.
Result<SymbolLookup, std::string> open_nvml();

class ClockMeter {
 public:
  struct Reading {
    unsigned sm_mhz = 0, memory_mhz = 0;  ///< 0: cannot be read
    double power_watts = 0;
    std::uint64_t throttle = 0;
  };

  /// `pci_bus_id` as cudaDeviceGetPCIBusId gives it.
  static Result<ClockMeter, std::string> open(const SymbolLookup& lookup, const std::string& pci_bus_id);
  Reading read() const;
  std::string driver() const;  ///< its version; empty if unknown

 private:
  struct Library;
  explicit ClockMeter(std::shared_ptr<const Library> library) : library_(std::move(library)) {}
  std::shared_ptr<const Library> library_;
};

/// "power cap, thermal slowdown"; "none" without a reason that slows down.
std::string throttle_words(std::uint64_t reasons);

}  // namespace ithaca
