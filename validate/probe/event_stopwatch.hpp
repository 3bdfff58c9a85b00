#pragma once
// Times a job by CUDA events: as many calls between two events as take 2 ms, as one CUDA graph where there is more than
// one, behind a kernel that keeps the GPU busy until all is queued.

#include <functional>

#include "validate/probe/job.hpp"
#include "validate/probe/nvml.hpp"
#include "validate/probe/sampling.hpp"

struct CUevent_st;
struct CUgraphExec_st;

namespace ithaca {

class EventStopwatch : public Stopwatch {
 public:
  /// `meter` may be null.
  static Result<std::unique_ptr<EventStopwatch>, std::string> make(const Device& device, const ClockMeter* meter,
                                                                   Job job);
  EventStopwatch(const EventStopwatch&) = delete;
  EventStopwatch& operator=(const EventStopwatch&) = delete;
  ~EventStopwatch() override;

  Result<Timing, std::string> time() override;
  /// A single call from an idle GPU, launch included: the median of nine.
  Result<Seconds, std::string> time_launched();
  bool uses_graph() const { return graph_ != nullptr; }

  /// Around all calls: `before` what is enqueued beside them, `after` whether it lasted.
  void beside(std::function<Trouble()> before) { before_ = std::move(before); }

 private:
  EventStopwatch(const Device& device, const ClockMeter* meter, Job job)
      : device_(device), meter_(meter), job_(std::move(job)) {}
  Trouble prepare();
  Trouble capture();
  Trouble enqueue_all();
  Trouble enqueue_next();
  Result<Seconds, std::string> between_events(const std::function<Trouble()>& enqueue, bool busy_first, int calls,
                                              ClockMeter::Reading* reading);

  const Device& device_;
  const ClockMeter* meter_;
  Job job_;
  int calls_ = 1;
  int next_set_ = 0;
  CUevent_st* start_ = nullptr;
  CUevent_st* end_ = nullptr;
  CUgraphExec_st* graph_ = nullptr;
  std::function<Trouble()> before_;
};

}  // namespace ithaca
