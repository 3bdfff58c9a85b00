#include "validate/probe/nvml.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <map>

namespace ithaca {
namespace {

/// A library of functions with NVML's signatures and codes: 0 success, 3 not supported, 6 not found.
int start() { return 0; }
int start_fails() { return 9; }
const char* error_text(int status) { return status == 9 ? "Driver Not Loaded" : "Not Found"; }
int by_bus_id(const char* id, void** device) {
  static int the_device = 0;
  if (std::strcmp(id, "0000:19:00.0") != 0) return 6;
  *device = &the_device;
  return 0;
}
int clock_info(void*, int type, unsigned* mhz) {
  *mhz = type == 1 ? 1980 : 2619;  // 1: multiprocessors, 2: memory
  return type == 1 || type == 2 ? 0 : 3;
}
int throttle(void*, unsigned long long* reasons) {
  *reasons = 0x24;
  return 0;
}
int power(void*, unsigned* milliwatts) {
  *milliwatts = 412500;
  return 0;
}
int driver(char* text, unsigned size) {
  std::strncpy(text, "580.65.06", size);
  return 0;
}

using Symbols = std::map<std::string, void*>;
Symbols library() {
  return {{"nvmlInit_v2", reinterpret_cast<void*>(start)},
          {"nvmlShutdown", reinterpret_cast<void*>(start)},
          {"nvmlErrorString", reinterpret_cast<void*>(error_text)},
          {"nvmlDeviceGetHandleByPciBusId_v2", reinterpret_cast<void*>(by_bus_id)},
          {"nvmlDeviceGetClockInfo", reinterpret_cast<void*>(clock_info)},
          {"nvmlDeviceGetCurrentClocksThrottleReasons", reinterpret_cast<void*>(throttle)},
          {"nvmlDeviceGetPowerUsage", reinterpret_cast<void*>(power)},
          {"nvmlSystemGetDriverVersion", reinterpret_cast<void*>(driver)}};
}
SymbolLookup lookup(const Symbols& symbols) {
  return [symbols](const char* name) -> void* {
    const auto found = symbols.find(name);
    return found == symbols.end() ? nullptr : found->second;
  };
}

TEST(Nvml, ReadsAGpu) {
  const auto meter = ClockMeter::open(lookup(library()), "0000:19:00.0");
  ASSERT_TRUE(meter) << meter.error();
  const ClockMeter::Reading reading = meter->read();
  EXPECT_EQ(reading.sm_mhz, 1980u);
  EXPECT_EQ(reading.memory_mhz, 2619u);
  EXPECT_EQ(reading.power_watts, 412.5);
  EXPECT_EQ(throttle_words(reading.throttle), "power cap, thermal slowdown");  // 0x4 + 0x20
  EXPECT_EQ(meter->driver(), "580.65.06");
}

TEST(Nvml, GoesWithoutWhatAnOldDriverLacks) {
  Symbols old = library();
  old.erase("nvmlDeviceGetCurrentClocksThrottleReasons");
  old.erase("nvmlDeviceGetPowerUsage");
  old.erase("nvmlSystemGetDriverVersion");
  const auto meter = ClockMeter::open(lookup(old), "0000:19:00.0");
  ASSERT_TRUE(meter);
  EXPECT_EQ(meter->read().throttle, 0u);
  EXPECT_EQ(meter->read().power_watts, 0);
  EXPECT_EQ(meter->driver(), "");
}

TEST(Nvml, SaysWhatIsWrong) {
  EXPECT_EQ(ClockMeter::open(lookup(library()), "0000:20:00.0").error(),
            "NVML does not know GPU 0000:20:00.0: Not Found");
  Symbols broken = library();
  broken["nvmlInit_v2"] = reinterpret_cast<void*>(start_fails);
  EXPECT_EQ(ClockMeter::open(lookup(broken), "0000:19:00.0").error(), "NVML does not start: Driver Not Loaded");
  broken.erase("nvmlInit_v2");
  EXPECT_EQ(ClockMeter::open(lookup(broken), "0000:19:00.0").error(), "libnvidia-ml.so.1 lacks a function");
}

TEST(Nvml, AnIdleGpuIsNotThrottled) {
  EXPECT_EQ(throttle_words(0), "none");
  EXPECT_EQ(throttle_words(1), "none");
  EXPECT_EQ(throttle_words(0x8), "hardware slowdown");
}

TEST(Nvml, OpensOrSaysThatThereIsNoDriver) {
  const auto opened = open_nvml();
  if (opened) {
    EXPECT_NE((*opened)("nvmlInit_v2"), nullptr);
  } else {
    EXPECT_NE(opened.error().find("no NVIDIA driver"), std::string::npos);
  }
}

}  // namespace
}  // namespace ithaca
