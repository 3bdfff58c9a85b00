#pragma once
// A CUDA GPU as an accelerator for collectives.

#include "validate/probe/accelerator.hpp"
#include "validate/probe/cuda_device.hpp"

struct CUevent_st;

namespace ithaca {

class CudaAccelerator final : public Accelerator {
 public:
  /// `device` must stay, and so must `meter`, which may be null.
  static Result<std::unique_ptr<CudaAccelerator>, std::string> make(const Device& device, const ClockMeter* meter);
  CudaAccelerator(const CudaAccelerator&) = delete;
  CudaAccelerator& operator=(const CudaAccelerator&) = delete;
  ~CudaAccelerator() override;

  /// Collectives on the device's side stream from now on, so that its own stream is free for kernels beside them.
  void use_side_stream() { stream_ = device_.side_stream(); }

  std::string name() const override { return device_.name(); }
  std::string place() const override { return device_.pci_bus_id(); }
  device::Stream stream() const override { return stream_; }
  /// Filled with random bf16 numbers.
  Result<std::shared_ptr<void>, std::string> take(Bytes size) override;
  Trouble write(void* to, std::span<const float> from) override;
  Trouble read(const void* from, std::span<float> to) override;
  Trouble keep_busy() override;
  Trouble mark_start() override;
  Trouble mark_end() override;
  Result<bool, std::string> is_idle() override;
  Result<Seconds, std::string> between_marks() override;
  ClockMeter::Reading clocks() const override { return meter_ == nullptr ? ClockMeter::Reading{} : meter_->read(); }

 private:
  CudaAccelerator(const Device& device, const ClockMeter* meter)
      : device_(device), meter_(meter), stream_(device.stream()) {}

  const Device& device_;
  const ClockMeter* meter_;
  device::Stream stream_;
  CUevent_st *start_ = nullptr, *end_ = nullptr;
  std::uint64_t seed_ = 1;
};

}  // namespace ithaca
