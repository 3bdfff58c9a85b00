#include "cli/sweep/pool.hpp"

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <thread>

namespace ithaca {
namespace {

constexpr std::uint64_t kAhead = 8;  // chunks a thread may be ahead of the one that is written

struct Board {
  std::mutex mutex;
  std::condition_variable ready, room;
  std::uint64_t next = 0;   ///< chunk that nobody has
  std::uint64_t taken = 0;  ///< chunks handed on
  bool stop = false;
  std::map<std::uint64_t, SweepPart> parts;
};

void work(const SweepPlan& plan, const SweepChunks& chunks, std::uint64_t ahead, Board& board) {
  SweepWorker worker(plan);
  std::unique_lock lock(board.mutex);
  while (true) {
    board.room.wait(lock, [&] { return board.stop || board.next < board.taken + ahead; });
    if (board.stop || board.next >= chunks.count()) return;
    const std::uint64_t chunk = board.next++;
    lock.unlock();
    SweepPart part = worker.work(chunks.begin_of(chunk), chunks.end_of(chunk));
    lock.lock();
    board.parts.emplace(chunk, std::move(part));
    board.ready.notify_one();
  }
}

/// Hands on what is ready until all is, or until nobody wants more.
SweepEnd hand_on(const SweepChunks& chunks, Board& board, const TakePart& take, const WantsStop& stop) {
  std::unique_lock lock(board.mutex);
  while (board.taken < chunks.count()) {
    const auto is_ready = [&] { return board.parts.count(board.taken) > 0; };
    const bool found = board.ready.wait_for(lock, std::chrono::milliseconds(50), is_ready);
    if (stop()) return SweepEnd::stopped;
    if (!found) continue;
    SweepPart part = std::move(board.parts.extract(board.taken).mapped());
    ++board.taken;
    board.room.notify_all();
    lock.unlock();
    if (!take(std::move(part))) return SweepEnd::stopped;
    lock.lock();
  }
  return SweepEnd::done;
}

}  // namespace

SweepEnd run_on_threads(const SweepPlan& plan, const SweepChunks& chunks, int threads, const TakePart& take,
                        const WantsStop& stop) {
  Board board;
  std::vector<std::jthread> workers;
  workers.reserve(static_cast<std::size_t>(threads));
  const std::uint64_t ahead = kAhead * static_cast<std::uint64_t>(threads);
  for (int i = 0; i < threads; ++i) workers.emplace_back([&] { work(plan, chunks, ahead, board); });
  const SweepEnd end = hand_on(chunks, board, take, stop);
  {
    const std::scoped_lock lock(board.mutex);
    board.stop = true;
  }
  board.room.notify_all();
  return end;
}

struct HeldSignals::Mask {
  sigset_t signals{};
};

HeldSignals::HeldSignals() : before_(std::make_unique<Mask>()) {
  sigset_t held;
  sigemptyset(&held);
  sigaddset(&held, SIGINT);
  sigaddset(&held, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &held, &before_->signals);
}

HeldSignals::~HeldSignals() { pthread_sigmask(SIG_SETMASK, &before_->signals, nullptr); }

bool HeldSignals::arrived() {
  if (arrived_) return true;
  sigset_t held;
  sigemptyset(&held);
  sigaddset(&held, SIGINT);
  sigaddset(&held, SIGTERM);
  const timespec now{};
  arrived_ = sigtimedwait(&held, nullptr, &now) > 0;
  return arrived_;
}

}  // namespace ithaca
