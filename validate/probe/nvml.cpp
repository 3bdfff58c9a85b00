#include "validate/probe/nvml.hpp"

#include <dlfcn.h>

namespace ithaca {
namespace {

using Status = int;
using Device = void*;
constexpr Status kSuccess = 0;
constexpr int kClockSm = 1, kClockMemory = 2;

template <class F>
bool find(const SymbolLookup& lookup, const char* symbol, F& function) {
  function = reinterpret_cast<F>(lookup(symbol));
  return function != nullptr;
}

}  // namespace

struct ClockMeter::Library {
  Status (*init)() = nullptr;
  Status (*shutdown)() = nullptr;
  const char* (*error_text)(Status) = nullptr;
  Status (*by_bus_id)(const char*, Device*) = nullptr;
  Status (*clock)(Device, int, unsigned*) = nullptr;
  Status (*throttle)(Device, unsigned long long*) = nullptr;
  Status (*power)(Device, unsigned*) = nullptr;
  Status (*driver)(char*, unsigned) = nullptr;
  Device device = nullptr;
  bool is_open = false;

  Library() = default;
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library() {
    if (is_open) shutdown();
  }
};

Result<SymbolLookup, std::string> open_nvml() {
  void* library = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return std::string("libnvidia-ml.so.1 cannot be opened: no NVIDIA driver");
  return SymbolLookup([library](const char* symbol) { return dlsym(library, symbol); });
}

Result<ClockMeter, std::string> ClockMeter::open(const SymbolLookup& lookup, const std::string& pci_bus_id) {
  auto nvml = std::make_shared<Library>();
  const bool complete = find(lookup, "nvmlInit_v2", nvml->init) && find(lookup, "nvmlShutdown", nvml->shutdown) &&
                        find(lookup, "nvmlErrorString", nvml->error_text) &&
                        find(lookup, "nvmlDeviceGetHandleByPciBusId_v2", nvml->by_bus_id) &&
                        find(lookup, "nvmlDeviceGetClockInfo", nvml->clock);
  if (!complete) return std::string("libnvidia-ml.so.1 lacks a function");
  find(lookup, "nvmlDeviceGetCurrentClocksThrottleReasons", nvml->throttle);
  find(lookup, "nvmlDeviceGetPowerUsage", nvml->power);
  find(lookup, "nvmlSystemGetDriverVersion", nvml->driver);
  const Status started = nvml->init();
  if (started != kSuccess) return std::string("NVML does not start: ") + nvml->error_text(started);
  nvml->is_open = true;
  const Status found = nvml->by_bus_id(pci_bus_id.c_str(), &nvml->device);
  if (found != kSuccess) return "NVML does not know GPU " + pci_bus_id + ": " + nvml->error_text(found);
  return ClockMeter(std::move(nvml));
}

ClockMeter::Reading ClockMeter::read() const {
  const Library& nvml = *library_;
  Reading reading;
  unsigned value = 0;
  unsigned long long reasons = 0;
  if (nvml.clock(nvml.device, kClockSm, &value) == kSuccess) reading.sm_mhz = value;
  if (nvml.clock(nvml.device, kClockMemory, &value) == kSuccess) reading.memory_mhz = value;
  if (nvml.power != nullptr && nvml.power(nvml.device, &value) == kSuccess) reading.power_watts = value / 1000.0;
  if (nvml.throttle != nullptr && nvml.throttle(nvml.device, &reasons) == kSuccess) reading.throttle = reasons;
  return reading;
}

std::string ClockMeter::driver() const {
  char text[96] = "";
  if (library_->driver == nullptr || library_->driver(text, sizeof text) != kSuccess) return "";
  return text;
}

std::string throttle_words(std::uint64_t reasons) {
  struct Reason {
    std::uint64_t bit;
    const char* word;
  };
  // nvmlClocksThrottleReason*; 1, an idle GPU, slows nothing down.
  constexpr Reason kReasons[] = {{0x02, "clock setting"},     {0x04, "power cap"},
                                 {0x08, "hardware slowdown"}, {0x10, "sync boost"},
                                 {0x20, "thermal slowdown"},  {0x40, "hardware thermal slowdown"},
                                 {0x80, "power brake"},       {0x100, "display clock"}};
  std::string words;
  for (const Reason& reason : kReasons)
    if ((reasons & reason.bit) != 0) words += (words.empty() ? "" : ", ") + std::string(reason.word);
  return words.empty() ? "none" : words;
}

}  // namespace ithaca
