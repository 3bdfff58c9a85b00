#include "validate/probe/overlap.hpp"

#include <cuda_runtime.h>

#include "validate/probe/event_stopwatch.hpp"

namespace ithaca {
namespace {

/// Copies on the side stream, to and fro between two buffers.
class Copies {
 public:
  static Result<std::unique_ptr<Copies>, std::string> make(const Device& device, KernelSample::Path path) {
    using Path = KernelSample::Path;
    auto from = Buffer::take(kBytes, path == Path::to_device ? Buffer::Where::host : Buffer::Where::device);
    auto to = Buffer::take(kBytes, path == Path::to_host ? Buffer::Where::host : Buffer::Where::device);
    if (!from) return from.error();
    if (!to) return to.error();
    std::unique_ptr<Copies> copies(new Copies(device, *from, *to));
    if (const Trouble trouble =
            cuda_trouble(cudaEventCreateWithFlags(&copies->started_, cudaEventDisableTiming), "an event"))
      return *trouble;
    return copies;
  }
  Copies(const Copies&) = delete;
  Copies& operator=(const Copies&) = delete;
  ~Copies() {
    cudaStreamSynchronize(device_.side_stream());
    if (started_ != nullptr) cudaEventDestroy(started_);
  }

  /// The main stream goes on once the first copy is through.
  Trouble enqueue(int count) {
    const device::Stream side = device_.side_stream();
    Trouble trouble;
    for (int i = 0; i < count && !trouble; ++i) {
      trouble = cuda_trouble(
          cudaMemcpyAsync(to_->at(0), from_->at(0), static_cast<std::size_t>(kBytes.value()), cudaMemcpyDefault, side),
          "a copy");
      if (i == 0 && !trouble) trouble = cuda_trouble(cudaEventRecord(started_, side), "an event");
    }
    if (!trouble) trouble = cuda_trouble(cudaStreamWaitEvent(device_.stream(), started_, 0), "waiting for the copies");
    return trouble;
  }
  bool still_run() const {
    const bool busy = cudaStreamQuery(device_.side_stream()) == cudaErrorNotReady;
    cudaGetLastError();  // "not ready" is no error to keep
    return busy;
  }
  Trouble wait() const { return cuda_trouble(cudaStreamSynchronize(device_.side_stream()), "the copies"); }

 private:
  static constexpr Bytes kBytes{64.0 * (1 << 20)};
  Copies(const Device& device, std::shared_ptr<Buffer> from, std::shared_ptr<Buffer> to)
      : device_(device), from_(std::move(from)), to_(std::move(to)) {}
  const Device& device_;
  std::shared_ptr<Buffer> from_, to_;
  cudaEvent_t started_ = nullptr;
};

/// Beside the copies, or alone when they are through: a GPU that rests as long as before runs at the same clock.
class BesideStopwatch : public Stopwatch {
 public:
  BesideStopwatch(EventStopwatch& gemm, Copies& copies) : gemm_(gemm), copies_(copies) {
    gemm_.beside([this] {
      const Trouble trouble = copies_.enqueue(count_);
      return trouble || !is_alone_ ? trouble : copies_.wait();
    });
  }
  void leave_alone() { is_alone_ = true; }
  Result<Timing, std::string> time() override {
    constexpr int kMost = 4096;
    if (is_alone_) return gemm_.time();
    while (count_ <= kMost) {
      auto timing = gemm_.time();
      if (!timing) return timing;
      const bool lasted = copies_.still_run();
      if (const Trouble trouble = copies_.wait()) return *trouble;
      if (lasted) return timing;
      count_ *= 2;
    }
    return std::string("the copies end before the GEMM does");
  }

 private:
  EventStopwatch& gemm_;
  Copies& copies_;
  int count_ = 4;
  bool is_alone_ = false;
};

}  // namespace

Result<Overlapped, std::string> measure_overlap(Device& device, const ClockMeter* meter, const KernelSample& sample,
                                                const StoppingRule& rule) {
  auto copies = Copies::make(device, sample.path);  // first: the GEMM takes what memory is left
  if (!copies) return copies.error();
  auto job = gemm_job(device, sample);
  if (!job) return job.error();
  auto stopwatch = EventStopwatch::make(device, meter, *job);
  if (!stopwatch) return stopwatch.error();
  BesideStopwatch beside(**stopwatch, **copies);
  const auto busy = measure(beside, rule);
  if (!busy) return busy.error();
  beside.leave_alone();
  const auto alone = measure(beside, rule);
  if (!alone) return alone.error();
  return Overlapped{*alone, *busy};
}

}  // namespace ithaca
