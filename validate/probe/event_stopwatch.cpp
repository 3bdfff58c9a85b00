#include "validate/probe/event_stopwatch.hpp"

#include <cuda_runtime.h>

#include <algorithm>

#include "validate/probe/batch_plan.hpp"

namespace ithaca {

Bytes buffer_budget(const Device& device) { return device.free_memory() * 0.9; }

Result<std::unique_ptr<EventStopwatch>, std::string> EventStopwatch::make(const Device& device, const ClockMeter* meter,
                                                                          Job job) {
  std::unique_ptr<EventStopwatch> stopwatch(new EventStopwatch(device, meter, std::move(job)));
  if (const Trouble trouble = stopwatch->prepare()) return *trouble;
  return stopwatch;
}

EventStopwatch::~EventStopwatch() {
  cudaStreamSynchronize(device_.stream());
  if (graph_ != nullptr) cudaGraphExecDestroy(graph_);
  if (start_ != nullptr) cudaEventDestroy(start_);
  if (end_ != nullptr) cudaEventDestroy(end_);
}

Trouble EventStopwatch::prepare() {
  Trouble trouble = cuda_trouble(cudaEventCreate(&start_), "an event");
  if (!trouble) trouble = cuda_trouble(cudaEventCreate(&end_), "an event");
  if (!trouble) trouble = enqueue_next();  // the first call loads the kernel
  if (!trouble) trouble = device_.wait();
  if (trouble) return trouble;
  const auto one = between_events([this] { return enqueue_next(); }, true, 1, nullptr);
  if (!one) return one.error();
  calls_ = calls_per_timing(*one);
  if (calls_ == 1 || !job_.in_graph) return std::nullopt;
  calls_ = std::max(calls_, job_.sets);  // every replay goes through all buffers
  return capture();
}

Trouble EventStopwatch::capture() {
  cudaGraph_t graph = nullptr;
  const device::Stream stream = device_.stream();
  Trouble trouble = cuda_trouble(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "a graph's capture");
  if (trouble) return trouble;
  for (int i = 0; i < calls_ && !trouble; ++i) trouble = job_.enqueue(i % job_.sets);
  const Trouble ended = cuda_trouble(cudaStreamEndCapture(stream, &graph), "a graph");
  if (!trouble) trouble = ended;
  if (!trouble) trouble = cuda_trouble(cudaGraphInstantiate(&graph_, graph, 0), "a graph's instance");
  if (graph != nullptr) cudaGraphDestroy(graph);
  return trouble;
}

Trouble EventStopwatch::enqueue_next() {
  const int set = next_set_;
  next_set_ = (next_set_ + 1) % job_.sets;
  return job_.enqueue(set);
}

Trouble EventStopwatch::enqueue_all() {
  if (graph_ != nullptr) return cuda_trouble(cudaGraphLaunch(graph_, device_.stream()), "a graph's launch");
  Trouble trouble;
  for (int i = 0; i < calls_ && !trouble; ++i) trouble = enqueue_next();
  return trouble;
}

Result<Seconds, std::string> EventStopwatch::between_events(const std::function<Trouble()>& enqueue, bool busy_first,
                                                            int calls, ClockMeter::Reading* reading) {
  constexpr std::int64_t kQueueing = 50'000;  // ns: more than it takes to queue a graph or a few kernels
  if (busy_first) device::spin(kQueueing, device_.stream());
  Trouble trouble = launch_trouble("keeping the GPU busy");
  if (!trouble) trouble = cuda_trouble(cudaEventRecord(start_, device_.stream()), "an event");
  if (!trouble) trouble = enqueue();
  if (!trouble) trouble = cuda_trouble(cudaEventRecord(end_, device_.stream()), "an event");
  if (!trouble && reading != nullptr && meter_ != nullptr) *reading = meter_->read();
  if (!trouble) trouble = cuda_trouble(cudaEventSynchronize(end_), "the kernel");
  float milliseconds = 0;
  if (!trouble) trouble = cuda_trouble(cudaEventElapsedTime(&milliseconds, start_, end_), "the events");
  if (trouble) return *trouble;
  return Seconds{milliseconds * 1e-3 / calls};
}

Result<Timing, std::string> EventStopwatch::time() {
  if (before_)
    if (const Trouble trouble = before_()) return *trouble;
  ClockMeter::Reading reading;
  const auto time = between_events([this] { return enqueue_all(); }, true, calls_, &reading);
  if (!time) return time.error();
  return Timing{*time, static_cast<double>(reading.sm_mhz), reading.throttle, calls_};
}

Result<Seconds, std::string> EventStopwatch::time_launched() {
  constexpr int kTimes = 9;
  std::vector<double> times;
  for (int i = 0; i < kTimes; ++i) {
    if (const Trouble trouble = device_.wait()) return *trouble;
    const auto time = between_events([this] { return enqueue_next(); }, false, 1, nullptr);
    if (!time) return time.error();
    times.push_back(time->value());
  }
  std::sort(times.begin(), times.end());
  return Seconds{quantile(times, 0.5)};
}

}  // namespace ithaca
