#pragma once
// NCCL's functions among threads of this process, on host memory: what the code around NCCL does is then tested for
// real. Sends never block, receives wait; a communicator that is aborted lets its rank go.

#include <chrono>
#include <cstring>
#include <memory>
#include <vector>

#include "validate/probe/accelerator.hpp"
#include "validate/probe/nccl_library.hpp"

namespace ithaca::test {

/// "ncclAllGather" and so on; without ncclAlltoAll where `has_all_to_all` is false.
SymbolLookup fake_nccl(bool has_all_to_all = true);
/// Communicators that were aborted so far, by all tests.
int aborted_communicators();

/// Host memory; marks by the clock. The stream never becomes idle once `hangs` is set.
class HostAccelerator final : public Accelerator {
 public:
  bool hangs = false;
  Bytes limit{1e9};   ///< of one piece of memory
  int corrupted = 0;  ///< elements of whatever is read

  std::string name() const override { return "host"; }
  std::string place() const override { return "0000:00:00.0"; }
  device::Stream stream() const override { return nullptr; }
  Result<std::shared_ptr<void>, std::string> take(Bytes size) override {
    if (size > limit) return std::string("memory: out of memory");
    auto memory = std::make_shared<std::vector<float>>(static_cast<std::size_t>(size.value()) / sizeof(float) + 1);
    return std::shared_ptr<void>(memory, memory->data());
  }
  Trouble write(void* to, std::span<const float> from) override {
    std::memcpy(to, from.data(), from.size_bytes());
    return std::nullopt;
  }
  Trouble read(const void* from, std::span<float> to) override {
    std::memcpy(to.data(), from, to.size_bytes());
    for (int i = 0; i < corrupted; ++i) to[static_cast<std::size_t>(i)] += 0.5F;
    return std::nullopt;
  }
  Trouble keep_busy() override { return std::nullopt; }
  Trouble mark_start() override { return start_ = Clock::now(), std::nullopt; }
  Trouble mark_end() override { return end_ = Clock::now(), std::nullopt; }
  Result<bool, std::string> is_idle() override { return !hangs; }
  Result<Seconds, std::string> between_marks() override {
    return Seconds{std::chrono::duration<double>(end_ - start_).count()};
  }
  ClockMeter::Reading clocks() const override { return {1980, 2619, 400, 0}; }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_, end_;
};

}  // namespace ithaca::test
