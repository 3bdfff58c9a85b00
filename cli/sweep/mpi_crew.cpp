#include "cli/sweep/mpi_crew.hpp"

#include <mpi.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <list>
#include <thread>

namespace ithaca {
namespace {

enum Tag { kReady = 1, kResult, kChunk, kDismissed };

constexpr int kDepth = 2;             // chunks that a rank holds, so that it need not wait for the next
constexpr std::uint64_t kAhead = 8;   // chunks a rank may be ahead of the one that is written
constexpr double kLeastPatience = 2;  // seconds until a chunk is given to a second rank,
constexpr double kPatience = 4;       // or so many times the longest chunk so far
constexpr double kLastMoment = 1;     // seconds for the last messages to leave
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

using Words = std::array<std::uint64_t, 3>;

double seconds_since(std::chrono::steady_clock::time_point then) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - then).count();
}

}  // namespace

/// Short messages on their way. Nobody waits for a rank that may not listen any more.
class MpiCrew::Outbox {
 public:
  void send(int to, int tag, const Words& words) {
    all_gone();
    Sent& sent = sent_.emplace_back(Sent{words, MPI_REQUEST_NULL});
    MPI_Isend(sent.words.data(), static_cast<int>(sizeof sent.words), MPI_BYTE, to, tag, MPI_COMM_WORLD, &sent.request);
  }
  /// Lets go of those that have left.
  bool all_gone() {
    sent_.remove_if([](Sent& sent) {
      int gone = 0;
      return MPI_Test(&sent.request, &gone, MPI_STATUS_IGNORE) != MPI_SUCCESS || gone != 0;
    });
    return sent_.empty();
  }

 private:
  struct Sent {
    Words words;
    MPI_Request request;
  };
  std::list<Sent> sent_;
};

MpiCrew::~MpiCrew() = default;

MpiCrew::MpiCrew() : outbox_(std::make_unique<Outbox>()) {
  MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &size_);
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
}

void MpiCrew::send_chunk(const SweepChunks& chunks, std::uint64_t chunk, int rank) {
  Task& task = tasks_[chunk];
  if (task.ranks.empty()) task.since = Clock::now();
  task.ranks.insert(rank);
  Debt& debt = owing_[rank];
  ++debt.chunks;
  debt.since = Clock::now();
  outbox_->send(rank, kChunk, {chunk, chunks.begin_of(chunk), chunks.end_of(chunk)});
}

/// The chunk that holds all others up, if its rank is late and this one does not work on it already.
std::optional<std::uint64_t> MpiCrew::overdue(int rank) const {
  const auto first = tasks_.find(taken_);
  if (first == tasks_.end() || first->second.ranks.count(rank) > 0) return std::nullopt;
  const double waits = static_cast<double>(first->second.ranks.size());
  return seconds_since(first->second.since) > patience() * waits ? std::optional(taken_) : std::nullopt;
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
    if (--owing_[message->from].chunks == 0) owing_.erase(message->from);
    std::uint64_t chunk = 0;
    std::copy_n(message->bytes.data(), sizeof chunk, reinterpret_cast<char*>(&chunk));
    const auto task = tasks_.find(chunk);
    if (task == tasks_.end() || chunk >= chunks.count()) continue;  // another rank was sooner
    longest_ = std::max(longest_, seconds_since(task->second.since));
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
  for (int i = 0; i < kDepth; ++i) outbox_->send(0, kReady, {});
  while (true) {
    const auto message = next_message(0);
    if (!message) {
      std::this_thread::sleep_for(kNap);
      continue;
    }
    Words words{};
    std::copy_n(message->bytes.data(), std::min(message->bytes.size(), sizeof words),
                reinterpret_cast<char*>(words.data()));
    if (message->tag == kDismissed) {
      missing_ = static_cast<int>(words[0]);
      return;
    }
    std::string result(reinterpret_cast<const char*>(words.data()), sizeof words[0]);
    result += pack(worker.work(words[1], words[2]));
    MPI_Send(result.data(), static_cast<int>(result.size()), MPI_BYTE, 0, kResult, MPI_COMM_WORLD);
  }
}

double MpiCrew::patience() const { return std::max(kLeastPatience, kPatience * longest_); }

/// Ranks that are late get the time that a chunk may take to bring what they owe, so that MPI can end in order.
void MpiCrew::dismiss() {
  const auto waits = [&](const auto& debt) { return seconds_since(debt.second.since) < patience(); };
  while (std::any_of(owing_.begin(), owing_.end(), waits)) {
    receive({});
    std::this_thread::sleep_for(kNap);
  }
  missing_ = static_cast<int>(owing_.size());
  for (int rank = 1; rank < size_; ++rank) outbox_->send(rank, kDismissed, {static_cast<std::uint64_t>(missing_)});
  const auto begin = Clock::now();
  while (!outbox_->all_gone() && seconds_since(begin) < kLastMoment) std::this_thread::sleep_for(kNap);
}

std::string MpiCrew::advice() const {
  const bool by_mpirun = std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr;
  if (by_mpirun && std::getenv("OMPI_MCA_orte_enable_recovery") == nullptr)
    return "mpirun ends all ranks when one dies (not with --enable-recovery); then --resume goes on";
  return "";
}

}  // namespace ithaca
