#include <algorithm>

#include "validate/probe/batch_plan.hpp"
#include "validate/probe/measure_collectives.hpp"

namespace ithaca {

Trouble GroupStopwatch::prepare() {
  constexpr int kMostCalls = 100;
  auto token = ensemble_.accelerator.take(Bytes{8});
  if (!token) return token.error();
  token_ = *token;
  for (int i = 0; i < 2; ++i) {  // the first call sets up connections
    const auto once = time();
    if (!once) return once.error();
    if (i == 1) calls_ = std::min(kMostCalls, calls_per_timing(once->time));
  }
  return std::nullopt;
}

Trouble GroupStopwatch::run(double& seconds) {
  Accelerator& accelerator = ensemble_.accelerator;
  auto* const token = static_cast<char*>(token_.get());
  Trouble trouble = accelerator.keep_busy();
  if (!trouble) trouble = ensemble_.group.all_reduce(token, token + 4, 1, nccl::kFloat32);
  if (!trouble) trouble = accelerator.mark_start();
  for (int i = 0; i < calls_ && !trouble; ++i) trouble = enqueue_();
  if (!trouble) trouble = accelerator.mark_end();
  if (!trouble) trouble = ensemble_.group.wait();
  if (trouble) return trouble;
  const auto time = accelerator.between_marks();
  if (!time) return time.error();
  seconds = time->value() / calls_;
  return std::nullopt;
}

Result<Timing, std::string> GroupStopwatch::time() {
  RankReport report;
  {
    const auto step = ensemble_.watchdog.watch(what_);
    report.trouble = run(report.time);
  }
  const ClockMeter::Reading clocks = ensemble_.accelerator.clocks();
  report.clock_mhz = static_cast<double>(clocks.sm_mhz);
  report.throttle = clocks.throttle;
  const auto all = summarise(ensemble_.mesh, report);
  if (!all) return all.error().why;
  means_.push_back(all->mean);
  return Timing{Seconds{all->slowest}, all->clock_mhz, all->throttle, calls_};
}

Seconds GroupStopwatch::mean(int timings) const {
  const auto count = std::min(means_.size(), static_cast<std::size_t>(std::max(1, timings)));
  std::vector<double> last(means_.end() - static_cast<std::ptrdiff_t>(count), means_.end());
  std::sort(last.begin(), last.end());
  return Seconds{last.empty() ? 0 : quantile(last, 0.5)};
}

}  // namespace ithaca
