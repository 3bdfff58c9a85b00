#include "validate/probe/watchdog.hpp"

namespace ithaca {

Watchdog::Watchdog(Seconds patience, Seconds grace, Alarm on_hang, Alarm on_stuck)
    : patience_(patience.value()),
      grace_(grace.value()),
      on_hang_(std::move(on_hang)),
      on_stuck_(std::move(on_stuck)),
      thread_([this] { guard(); }) {}

Watchdog::~Watchdog() {
  {
    const std::scoped_lock lock(mutex_);
    state_ = State::over;
  }
  changed_.notify_one();
  thread_.join();
}

Watchdog::Step Watchdog::watch(std::string step) {
  {
    const std::scoped_lock lock(mutex_);
    state_ = State::running;
    step_ = std::move(step);
    deadline_ = Clock::now() + patience_;
  }
  changed_.notify_one();
  return Step(*this);
}

void Watchdog::end() {
  const std::scoped_lock lock(mutex_);
  state_ = State::idle;
}

void Watchdog::guard() {
  std::unique_lock lock(mutex_);
  while (state_ != State::over) {
    if (state_ == State::idle || state_ == State::stuck) {
      changed_.wait(lock);
      continue;
    }
    changed_.wait_for(lock, std::min(Span(0.5), std::max(Span(1e-3), Span(deadline_ - Clock::now()))));
    const bool late = (state_ == State::running || state_ == State::hanging) && Clock::now() >= deadline_;
    if (!late) continue;
    const bool hangs = state_ == State::running;
    state_ = hangs ? State::hanging : State::stuck;
    deadline_ = Clock::now() + grace_;
    const std::string step = step_;
    lock.unlock();
    (hangs ? on_hang_ : on_stuck_)(step);
    lock.lock();
  }
}

}  // namespace ithaca
