#include "cli/sweep/mpi_crew.hpp"

#include <mpi.h>

#include <algorithm>
#include <array>
#include <thread>

namespace ithaca {
namespace {

enum Tag { kReady = 1, kResult, kChunk, kDismissed };

constexpr int kDepth = 2;             // chunks that a rank holds, so that it need not wait for the next
constexpr std::uint64_t kAhead = 8;   // chunks a rank may be ahead of the one that is written
constexpr double kLeastPatience = 2;  // seconds until a chunk is given to a second rank,
constexpr double kPatience = 4;       // or so many times the longest chunk so far
constexpr auto kNap = std::chrono::microseconds(100);

/// A message that has come, of any length.
struct Message {
  int from = 0, tag = 0;
  std::string bytes;
};
std::optional<Message> next_message(int from) {
  MPI_Status status;
  MPI_Message handle;
  int there = 0;
  if (MPI_Improbe(from, MPI_ANY_TAG, MPI_COMM_WORLD, &there, &handle, &status) != MPI_SUCCESS || there == 0)
    return std::nullopt;
  int size = 0;
  MPI_Get_count(&status, MPI_BYTE, &size);
  Message message{status.MPI_SOURCE, status.MPI_TAG, std::string(static_cast<std::size_t>(size), '\0')};
  MPI_Mrecv(message.bytes.data(), size, MPI_BYTE, &handle, &status);
  return message;
}

/// Short ones are on their way at once, even to a rank that does not listen any more.
void send_short(int to, int tag, const std::array<std::uint64_t, 3>& words) {
  MPI_Send(words.data(), static_cast<int>(sizeof words), MPI_BYTE, to, tag, MPI_COMM_WORLD);
}

}  // namespace

MpiCrew::MpiCrew() {
  MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &size_);
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
}

void MpiCrew::send_chunk(const SweepChunks& chunks, std::uint64_t chunk, int rank) {
  Task& task = tasks_[chunk];
  if (task.ranks.empty()) task.since = Clock::now();
  task.ranks.insert(rank);
  ++owing_[rank];
  send_short(rank, kChunk, {chunk, chunks.begin_of(chunk), chunks.end_of(chunk)});
}

/// The chunk that holds all others up, if its rank is late and this one does not work on it already.
std::optional<std::uint64_t> MpiCrew::overdue(int rank) const {
  const auto first = tasks_.find(taken_);
  if (first == tasks_.end() || first->second.ranks.count(rank) > 0) return std::nullopt;
  const double waited = std::chrono::duration<double>(Clock::now() - first->second.since).count();
  const double patience =
      std::max(kLeastPatience, kPatience * longest_) * static_cast<double>(first->second.ranks.size());
  return waited > patience ? std::optional(taken_) : std::nullopt;
}

void MpiCrew::assign(const SweepChunks& chunks) {
  std::vector<int> still_idle;
  for (const int rank : idle_) {
    const std::uint64_t window = taken_ + kAhead * static_cast<std::uint64_t>(workers());
    if (const auto late = overdue(rank)) {
      send_chunk(chunks, *late, rank);
    } else if (next_ < std::min(chunks.count(), window)) {
      send_chunk(chunks, next_++, rank);
    } else {
      still_idle.push_back(rank);
    }
  }
  idle_ = std::move(still_idle);
}

void MpiCrew::receive(const SweepChunks& chunks) {
  for (auto message = next_message(MPI_ANY_SOURCE); message; message = next_message(MPI_ANY_SOURCE)) {
    idle_.push_back(message->from);
    if (message->tag != kResult || message->bytes.size() < sizeof(std::uint64_t)) continue;
    if (--owing_[message->from] == 0) owing_.erase(message->from);
    std::uint64_t chunk = 0;
    std::copy_n(message->bytes.data(), sizeof chunk, reinterpret_cast<char*>(&chunk));
    const auto task = tasks_.find(chunk);
    if (task == tasks_.end() || chunk >= chunks.count()) continue;  // another rank was sooner
    longest_ = std::max(longest_, std::chrono::duration<double>(Clock::now() - task->second.since).count());
    auto part = unpack(std::string_view(message->bytes).substr(sizeof chunk));
    if (!part) continue;  // it stays a task, which another rank will do
    tasks_.erase(task);
    parts_.emplace(chunk, std::move(*part));
  }
}

SweepEnd MpiCrew::lead(const SweepChunks& chunks, const TakePart& take, const WantsStop& stop) {
  while (taken_ < chunks.count()) {
    if (stop()) return SweepEnd::stopped;
    receive(chunks);
    assign(chunks);
    const auto ready = parts_.find(taken_);
    if (ready == parts_.end()) {
      std::this_thread::sleep_for(kNap);
      continue;
    }
    SweepPart part = std::move(ready->second);
    parts_.erase(ready);
    ++taken_;
    if (!take(std::move(part))) return SweepEnd::stopped;
  }
  return SweepEnd::done;
}

void MpiCrew::follow(const SweepPlan& plan) {
  HeldSignals signals;  // the leader ends the work in order
  SweepWorker worker(plan);
  for (int i = 0; i < kDepth; ++i) send_short(0, kReady, {});
  while (true) {
    const auto message = next_message(0);
    if (!message) {
      std::this_thread::sleep_for(kNap);
      continue;
    }
    if (message->tag == kDismissed) return;
    std::array<std::uint64_t, 3> words{};
    std::copy_n(message->bytes.data(), std::min(message->bytes.size(), sizeof words),
                reinterpret_cast<char*>(words.data()));
    std::string result(reinterpret_cast<const char*>(words.data()), sizeof words[0]);
    result += pack(worker.work(words[1], words[2]));
    MPI_Send(result.data(), static_cast<int>(result.size()), MPI_BYTE, 0, kResult, MPI_COMM_WORLD);
  }
}

/// Ranks that are late get a moment to bring what they owe, so that MPI can end in order.
void MpiCrew::dismiss() {
  for (int rank = 1; rank < size_; ++rank) send_short(rank, kDismissed, {});
  const auto begin = Clock::now();
  const auto patience = std::chrono::duration<double>(std::max(kLeastPatience, kPatience * longest_));
  while (!owing_.empty() && Clock::now() - begin < patience) {
    receive({});
    std::this_thread::sleep_for(kNap);
  }
}

}  // namespace ithaca
