#pragma once
// Ends what hangs: a thread that looks at the clock while another works through steps that may never return.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "model/quantity.hpp"

namespace ithaca {

class Watchdog {
 public:
  using Alarm = std::function<void(const std::string& step)>;

  /// A step that lasts longer than `patience` gets `on_hang` once, which should make it return; if it has not after
  /// `grace` more, `on_stuck`. Both run on the watchdog's thread, while the step still runs on its own.
  Watchdog(Seconds patience, Seconds grace, Alarm on_hang, Alarm on_stuck);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog();

  /// The step lasts until this goes out of scope. One at a time.
  class Step {
   public:
    explicit Step(Watchdog& dog) : dog_(dog) {}
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;
    ~Step() { dog_.end(); }

   private:
    Watchdog& dog_;
  };
  [[nodiscard]] Step watch(std::string step);

 private:
  enum class State { idle, running, hanging, stuck, over };
  using Clock = std::chrono::steady_clock;
  using Span = std::chrono::duration<double>;
  void end();
  void guard();

  const Span patience_, grace_;
  const Alarm on_hang_, on_stuck_;
  std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::idle;
  std::string step_;
  std::chrono::time_point<Clock, Span> deadline_;
  std::thread thread_;
};

}  // namespace ithaca
