#include "validate/probe/collective_overlap.hpp"

#include <cuda_runtime.h>

#include "model/units.hpp"
#include "validate/probe/event_stopwatch.hpp"

namespace ithaca {
namespace {

/// All-gathers on the side stream; the main stream goes on when the first is through.
class AllGathers {
 public:
  AllGathers(const Ensemble& e, const Device& device, std::size_t block) : e_(e), device_(device), block_(block) {}
  AllGathers(const AllGathers&) = delete;
  AllGathers& operator=(const AllGathers&) = delete;
  ~AllGathers() {
    if (started_ != nullptr) cudaEventDestroy(started_);
  }

  Trouble prepare() {
    const double bytes = 2.0 * static_cast<double>(block_);
    auto from = e_.accelerator.take(Bytes{bytes}), to = e_.accelerator.take(Bytes{bytes * e_.mesh.ranks()});
    if (!from) return from.error();
    if (!to) return to.error();
    from_ = *from;
    to_ = *to;
    return cuda_trouble(cudaEventCreateWithFlags(&started_, cudaEventDisableTiming), "an event");
  }

  Trouble enqueue() { return e_.group.all_gather(from_.get(), to_.get(), block_, nccl::kBfloat16); }
  Trouble enqueue(int count) {
    Trouble trouble = enqueue();
    if (!trouble) trouble = cuda_trouble(cudaEventRecord(started_, e_.accelerator.stream()), "an event");
    for (int i = 1; i < count && !trouble; ++i) trouble = enqueue();
    if (!trouble)
      trouble = cuda_trouble(cudaStreamWaitEvent(device_.stream(), started_, 0), "waiting for a collective");
    return trouble;
  }

 private:
  const Ensemble& e_;
  const Device& device_;
  const std::size_t block_;
  std::shared_ptr<void> from_, to_;
  cudaEvent_t started_ = nullptr;
};

/// A timing counts if on all ranks collectives still ran when the GEMMs were through; all take the same number of them.
/// Alone: the GEMMs begin when as many are through, so that the GPU rests as long as before and runs at the same clock.
class BesideStopwatch : public Stopwatch {
 public:
  BesideStopwatch(const Ensemble& e, EventStopwatch& gemm, AllGathers& gathers) : e_(e), gemm_(gemm) {
    gemm_.beside([this, &gathers] {
      const Trouble trouble = gathers.enqueue(count_);
      return trouble || !is_alone_ ? trouble : e_.group.wait();
    });
  }
  void leave_alone() { is_alone_ = true; }

  Result<Timing, std::string> time() override {
    constexpr int kMost = 4096;
    for (; count_ <= kMost; count_ *= 2) {
      RankReport report, ended;
      {
        const auto step = e_.watchdog.watch("a GEMM beside all-gathers");
        const auto timing = gemm_.time();
        if (!timing) report.trouble = timing.error();
        if (timing) report = {timing->time.value(), timing->clock_mhz, timing->throttle, {}};
        const auto idle = e_.accelerator.is_idle();
        ended.time = idle && *idle ? 1 : 0;
        if (!report.trouble) report.trouble = e_.group.wait();
      }
      const auto all = summarise(e_.mesh, report);
      if (!all) return all.error().why;
      const auto any_ended = summarise(e_.mesh, ended);
      if (!any_ended) return any_ended.error().why;
      if (is_alone_ || any_ended->slowest == 0) return Timing{Seconds{all->slowest}, all->clock_mhz, all->throttle};
    }
    return std::string("the all-gathers end before the GEMM does");
  }

 private:
  const Ensemble& e_;
  EventStopwatch& gemm_;
  int count_ = 2;
  bool is_alone_ = false;
};

}  // namespace

Result<KernelSample, std::string> measure_gemm_beside(const Ensemble& e, Device& device, const Transformer& model,
                                                      std::int64_t tokens, const StoppingRule& rule) {
  const std::int64_t slice = (tokens + e.mesh.ranks() - 1) / e.mesh.ranks();
  KernelSample s;
  s.op = KernelSample::Op::gemm_beside;
  s.gemm = {slice, model.ffn * (model.gated_ffn ? 2 : 1), model.hidden, 1};
  s.use = model.name + " up forward";
  AllGathers gathers(e, device, static_cast<std::size_t>(slice * model.hidden));
  RankReport ready{.trouble = gathers.prepare()};  // before the GEMM takes what memory is left
  if (!ready.trouble) ready.trouble = check_gemm(device);
  auto job = ready.trouble ? Result<Job, std::string>(*ready.trouble) : gemm_job(device, s);
  if (!job) ready.trouble = job.error();
  if (const auto all = summarise(e.mesh, ready); !all) return all.error().why;
  const Bytes gathered{2.0 * static_cast<double>(slice * model.hidden) * e.mesh.ranks()};
  s.beside = "all_gather of " + print(gathered) + " on " + std::to_string(e.mesh.ranks()) + " ranks";
  auto stopwatch = EventStopwatch::make(device, nullptr, *job);
  if (!stopwatch) return stopwatch.error();
  BesideStopwatch beside(e, **stopwatch, gathers);
  const auto busy = measure(beside, rule);
  if (!busy) return busy.error();
  beside.leave_alone();
  const auto alone = measure(beside, rule);
  if (!alone) return alone.error();
  s.alone = alone->median;
  s.time = busy->median;
  s.spread = KernelSample::Spread{busy->p10, busy->p90, busy->timings, busy->marked, busy->error, busy->clock_mhz};
  s.doubt = busy->doubt.empty() ? alone->doubt : busy->doubt;
  return s;
}

}  // namespace ithaca
