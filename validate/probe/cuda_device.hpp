#pragma once
// One GPU: its memory, its two streams, and what it says of itself.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/quantity.hpp"
#include "model/result.hpp"
#include "validate/probe/device_kernels.hpp"

namespace ithaca {

using Trouble = std::optional<std::string>;  ///< none: it went well

/// Of a cudaError_t; `what` was tried.
Trouble cuda_trouble(int status, const char* what);
/// What the last kernel launch ran into.
Trouble launch_trouble(const char* what);

/// Of this machine, at least one; the error says in one sentence what is missing.
Result<int, std::string> count_gpus();

/// Memory of the GPU or, pinned, of the host; freed with the last owner.
class Buffer {
 public:
  enum class Where { device, host };
  static Result<std::shared_ptr<Buffer>, std::string> take(Bytes size, Where where = Where::device);
  Buffer(void* memory, Where where) : memory_(memory), where_(where) {}
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer();
  void* at(std::int64_t byte) const { return static_cast<char*>(memory_) + byte; }

 private:
  void* memory_;
  Where where_;
};

class Device {
 public:
  /// The error says in one sentence what is missing.
  static Result<std::unique_ptr<Device>, std::string> open(int index);
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  ~Device();

  device::Stream stream() const { return stream_; }
  device::Stream side_stream() const { return side_; }
  const std::string& name() const { return name_; }
  const std::string& pci_bus_id() const { return pci_bus_id_; }
  Bytes l2() const { return l2_; }
  Bytes free_memory() const;
  std::string cuda() const;  ///< "runtime 13.0, driver's 13.1"
  Trouble wait() const;

  /// Random bf16 numbers, each buffer others.
  Result<std::shared_ptr<Buffer>, std::string> random(std::int64_t count);
  Result<std::shared_ptr<Buffer>, std::string> upload(const std::vector<float>& numbers);  ///< as bf16
  Result<std::vector<float>, std::string> download(const Buffer& buffer, std::size_t count) const;
  Result<std::vector<float>, std::string> download_fp32(const Buffer& buffer, std::size_t count) const;

 private:
  Device() = default;
  device::Stream stream_ = nullptr, side_ = nullptr;
  std::string name_, pci_bus_id_;
  Bytes l2_{};
  std::uint64_t seed_ = 1;
};

}  // namespace ithaca
