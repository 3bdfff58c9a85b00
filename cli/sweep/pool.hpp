#pragma once
// Chunks of a sweep worked out by several threads or processes and handed on in order.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>

#include "cli/sweep/answers.hpp"

namespace ithaca {

/// Points first to end, `size` at a time.
struct SweepChunks {
  std::uint64_t first = 0, end = 0, size = 1;
  std::uint64_t count() const { return (end - first + size - 1) / size; }
  std::uint64_t begin_of(std::uint64_t chunk) const { return first + chunk * size; }
  std::uint64_t end_of(std::uint64_t chunk) const { return std::min(end, begin_of(chunk) + size); }
};

/// Takes the next part; false: no more of them.
using TakePart = std::function<bool(SweepPart)>;
/// Asked often: whether somebody wants the work to stop.
using WantsStop = std::function<bool()>;

enum class SweepEnd { done, stopped };

/// Parts come to `take` in order, on the calling thread; threads run ahead by a few chunks, so that memory does not
/// grow with their number.
SweepEnd run_on_threads(const SweepPlan& plan, const SweepChunks& chunks, int threads, const TakePart& take,
                        const WantsStop& stop);

/// Processes that share a sweep, of which one leads. Without it a sweep is one process's.
class SweepCrew {
 public:
  virtual ~SweepCrew() = default;
  virtual bool leads() const = 0;
  virtual int workers() const = 0;
  /// The leader's part, as run_on_threads: every chunk goes to whoever is free.
  virtual SweepEnd lead(const SweepChunks& chunks, const TakePart& take, const WantsStop& stop) = 0;
  /// Everybody else's, until the leader dismisses them.
  virtual void follow(const SweepPlan& plan) = 0;
  virtual void dismiss() = 0;
  /// What the user should know about processes that die; may be empty.
  virtual std::string advice() const = 0;
};

/// Holds SIGINT and SIGTERM back while it lives, so that a sweep can come to an orderly end.
class HeldSignals {
 public:
  HeldSignals();
  ~HeldSignals();
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;
  bool arrived();

 private:
  struct Mask;
  std::unique_ptr<Mask> before_;
  bool arrived_ = false;
};

}  // namespace ithaca
