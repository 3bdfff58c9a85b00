#pragma once
// What measuring collectives needs of a GPU: memory, one stream and two marks in it. One thread uses it.

#include <memory>
#include <optional>
#include <span>

#include "model/quantity.hpp"
#include "validate/probe/device_kernels.hpp"
#include "validate/probe/nvml.hpp"

namespace ithaca {

using Trouble = std::optional<std::string>;  ///< none: it went well

class Accelerator {
 public:
  virtual ~Accelerator() = default;
  virtual std::string name() const = 0;
  /// What tells the GPUs of one host apart: the PCI bus id.
  virtual std::string place() const = 0;
  virtual device::Stream stream() const = 0;

  /// Freed with the last owner.
  virtual Result<std::shared_ptr<void>, std::string> take(Bytes size) = 0;
  virtual Trouble write(void* to, std::span<const float> from) = 0;
  virtual Trouble read(const void* from, std::span<float> to) = 0;

  /// Enqueues something short that keeps the stream busy while more is enqueued.
  virtual Trouble keep_busy() = 0;
  virtual Trouble mark_start() = 0;
  virtual Trouble mark_end() = 0;
  /// Whether the stream is through with all that was enqueued; does not wait.
  virtual Result<bool, std::string> is_idle() = 0;
  /// Between the marks, once the stream is idle.
  virtual Result<Seconds, std::string> between_marks() = 0;
  virtual ClockMeter::Reading clocks() const = 0;
};

}  // namespace ithaca
