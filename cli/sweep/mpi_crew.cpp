#include "cli/sweep/mpi_crew.hpp"

#include <mpi.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <list>
#include <string_view>
#include <thread>

namespace ithaca {
namespace {

enum Tag { kReady = 1, kResult, kChunk, kDismissed };

constexpr int kDepth = 2;             // chunks that a rank holds, so that it need not wait for the next
constexpr std::uint64_t kAhead = 8;   // chunks a rank may be ahead of the one that is written
constexpr double kLeastPatience = 2;  // seconds until a chunk is given to a second rank,
constexpr double kPatience = 4;       // or so many times the longest chunk so far
constexpr double kLastMoment = 1;     // seconds for the last messages to leave
constexpr double kGoodbye = 15;       // seconds until a rank that owes nothing else is missed
constexpr double kDeserted = 30;      // seconds of silence of all ranks
constexpr std::uint64_t kNoChunk = ~std::uint64_t{0};
constexpr auto kNap = std::chrono::microseconds(100);
constexpr auto kLongestNap = std::chrono::milliseconds(10);  // more, and this rank was not listening

/// A message of any length.
struct Letter {
  int rank = 0, tag = 0;
  std::string bytes;
};

/// What goes before a result: the chunk and the nanoseconds that it took.
using Heading = std::array<std::uint64_t, 2>;
/// A chunk and its points, or for kDismissed the ranks that are missing.
using Words = std::array<std::uint64_t, 3>;

template <typename Numbers>
std::string bytes_of(const Numbers& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), sizeof numbers};
}
template <typename Numbers>
Numbers numbers_of(std::string_view bytes) {
  Numbers numbers{};
  std::copy_n(bytes.data(), std::min(bytes.size(), sizeof numbers), reinterpret_cast<char*>(numbers.data()));
  return numbers;
}

double seconds(std::chrono::steady_clock::duration duration) { return std::chrono::duration<double>(duration).count(); }
double seconds_since(std::chrono::steady_clock::time_point then) {
  return seconds(std::chrono::steady_clock::now() - then);
}

/// Processes of equal places see each other's process ids; nothing where that is not known.
using Place = std::array<char, 128>;
Place this_place() {
  Place place{};
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  std::error_code unknown;
  const std::string ids = std::filesystem::read_symlink("/proc/self/ns/pid", unknown).string();
  if (boot.empty() || ids.empty()) return place;
  const std::string words = boot + " " + ids;
  std::copy_n(words.data(), std::min(words.size(), place.size() - 1), place.data());
  return place;
}

/// The first rank's process id, for ranks at its place.
std::optional<long> leader_here() {
  Place place = this_place();
  const Place mine = place;
  long pid = getpid();
  MPI_Bcast(place.data(), static_cast<int>(place.size()), MPI_BYTE, 0, MPI_COMM_WORLD);
  MPI_Bcast(&pid, 1, MPI_LONG, 0, MPI_COMM_WORLD);
  return mine[0] != 0 && mine == place ? std::optional(pid) : std::nullopt;
}

}  // namespace

/// Messages on their way here. One that its sender began and did not end, because it died, never comes.
class MpiCrew::Inbox {
 public:
  std::optional<Letter> next() {
    take_on();
    for (auto coming = coming_.begin(); coming != coming_.end();) {
      int here = 0;
      const bool good = MPI_Test(&coming->request, &here, MPI_STATUS_IGNORE) == MPI_SUCCESS;
      if (good && here == 0) {
        ++coming;
        continue;
      }
      Letter message = std::move(coming->message);
      coming = coming_.erase(coming);
      if (good) return message;
    }
    return std::nullopt;
  }

 private:
  struct Coming {
    Letter message;
    MPI_Request request;
  };
  void take_on() {
    MPI_Status status;
    MPI_Message handle = MPI_MESSAGE_NULL;
    int there = 0, size = 0;
    while (MPI_Improbe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &there, &handle, &status) == MPI_SUCCESS &&
           there != 0) {
      MPI_Get_count(&status, MPI_BYTE, &size);
      Coming& coming = coming_.emplace_back(Coming{
          {status.MPI_SOURCE, status.MPI_TAG, std::string(static_cast<std::size_t>(size), '\0')}, MPI_REQUEST_NULL});
      MPI_Imrecv(coming.message.bytes.data(), size, MPI_BYTE, &handle, &coming.request);
    }
  }
  std::list<Coming> coming_;
};

/// Messages on their way to others. Nobody waits for a rank that may not listen any more.
class MpiCrew::Outbox {
 public:
  void send(int to, int tag, std::string bytes) {
    all_gone();
    Sent& sent = sent_.emplace_back(Sent{std::move(bytes), MPI_REQUEST_NULL});
    MPI_Isend(sent.bytes.data(), static_cast<int>(sent.bytes.size()), MPI_BYTE, to, tag, MPI_COMM_WORLD, &sent.request);
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
    std::string bytes;
    MPI_Request request;
  };
  std::list<Sent> sent_;
};

MpiCrew::~MpiCrew() = default;

MpiCrew::MpiCrew() : inbox_(std::make_unique<Inbox>()), outbox_(std::make_unique<Outbox>()) {
  MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &size_);
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  leader_pid_ = leader_here();
}

void MpiCrew::send_chunk(const SweepChunks& chunks, std::uint64_t chunk, int rank) {
  tasks_[chunk][rank] = Clock::now();
  Debt& debt = owing_[rank];
  ++debt.chunks;
  debt.since = Clock::now();
  outbox_->send(rank, kChunk, bytes_of(Words{chunk, chunks.begin_of(chunk), chunks.end_of(chunk)}));
}

/// Whether the chunk that holds all others up is due to this rank too: all that work on it are late.
bool MpiCrew::overdue_for(int rank) {
  const auto first = tasks_.find(taken_);
  if (first == tasks_.end() || first->second.count(rank) > 0) return false;
  for (const auto& [other, since] : first->second)
    if (seconds_since(since) > patience()) late_.insert(other);
  const auto is_late = [&](const auto& work) { return late_.count(work.first) > 0; };
  return std::all_of(first->second.begin(), first->second.end(), is_late);
}

void MpiCrew::assign(const SweepChunks& chunks) {
  std::vector<int> still_idle;
  for (const int rank : idle_) {
    const std::uint64_t window = taken_ + kAhead * static_cast<std::uint64_t>(workers());
    if (late_.count(rank) == 0 && overdue_for(rank)) {
      send_chunk(chunks, taken_, rank);
    } else if (late_.count(rank) == 0 && next_ < std::min(chunks.count(), window)) {
      send_chunk(chunks, next_++, rank);
    } else {
      still_idle.push_back(rank);
    }
  }
  idle_ = std::move(still_idle);
}

void MpiCrew::receive(const SweepChunks& chunks) {
  for (auto message = inbox_->next(); message; message = inbox_->next()) {
    silence_ = {};
    idle_.push_back(message->rank);
    late_.erase(message->rank);
    if (message->tag != kResult || message->bytes.size() < sizeof(Heading)) continue;
    if (--owing_[message->rank].chunks == 0) owing_.erase(message->rank);
    const auto [chunk, nanoseconds] = numbers_of<Heading>(message->bytes);
    longest_ = std::max(longest_, 1e-9 * static_cast<double>(nanoseconds));
    const auto task = tasks_.find(chunk);
    if (task == tasks_.end() || chunk >= chunks.count()) continue;  // another rank was sooner
    auto part = unpack(std::string_view(message->bytes).substr(sizeof(Heading)));
    if (!part) continue;  // it stays a task, which another rank will do
    tasks_.erase(task);
    parts_.emplace(chunk, std::move(*part));
  }
}

/// Whether every rank owes something and none has been heard of for long, though this one listened.
bool MpiCrew::deserted() const {
  return static_cast<int>(owing_.size()) == workers() && seconds(silence_) > kDeserted + 2 * patience();
}

void MpiCrew::nap() {
  std::this_thread::sleep_for(kNap);
  const auto now = Clock::now();
  silence_ += std::min<Clock::duration>(now - napped_, kLongestNap);
  napped_ = now;
}

SweepEnd MpiCrew::lead(const SweepChunks& chunks, const TakePart& take, const WantsStop& stop) {
  while (taken_ < chunks.count()) {
    if (stop()) return SweepEnd::stopped;
    receive(chunks);
    assign(chunks);
    if (deserted()) {
      std::fputs("note: no rank answers any more\n", stderr);
      return SweepEnd::stopped;
    }
    const auto ready = parts_.find(taken_);
    if (ready == parts_.end()) {
      nap();
      continue;
    }
    SweepPart part = std::move(ready->second);
    parts_.erase(ready);
    ++taken_;
    if (!take(std::move(part))) return SweepEnd::stopped;
  }
  return SweepEnd::done;
}

/// Looked for after a second of silence.
bool MpiCrew::leader_died() {
  if (!leader_pid_ || seconds(silence_) < 1) return false;
  silence_ = {};
  return kill(static_cast<pid_t>(*leader_pid_), 0) != 0 && errno == ESRCH;
}

void MpiCrew::follow(const SweepPlan& plan) {
  HeldSignals signals;  // the leader ends the work in order
  SweepWorker worker(plan);
  for (int i = 0; i < kDepth; ++i) outbox_->send(0, kReady, "");
  while (!leader_died()) {
    const bool all_gone = outbox_->all_gone();
    const auto message = all_gone ? inbox_->next() : std::nullopt;
    if (!message) {
      nap();
      continue;
    }
    const auto begin = Clock::now();
    const auto words = numbers_of<Words>(message->bytes);
    if (message->tag == kDismissed) {
      missing_ = static_cast<int>(words[0]);
      return;
    }
    const std::string result = pack(worker.work(words[1], words[2]));
    const auto took = static_cast<std::uint64_t>(1e9 * seconds_since(begin));
    outbox_->send(0, kResult, bytes_of(Heading{words[0], took}) + result);
  }
  orphaned_ = true;
  missing_ = 1;
}

double MpiCrew::patience() const { return std::max(kLeastPatience, kPatience * longest_); }

/// A rank that is late gets no more time than a chunk may take; another may still be reading the question.
bool MpiCrew::waits_for(int rank, const Debt& debt) const {
  return seconds_since(debt.since) < (late_.count(rank) > 0 ? patience() : std::max(kGoodbye, patience()));
}

/// Every rank gets an empty chunk to bring back: who does is there to end MPI in order.
void MpiCrew::dismiss() {
  for (int rank = 1; rank < size_; ++rank) {
    const auto debt = owing_.try_emplace(rank, Debt{0, Clock::now()}).first;
    ++debt->second.chunks;
    outbox_->send(rank, kChunk, bytes_of(Words{kNoChunk, 0, 0}));
  }
  const auto waits = [&](const auto& debt) { return waits_for(debt.first, debt.second); };
  while (std::any_of(owing_.begin(), owing_.end(), waits)) {
    receive({});
    nap();
  }
  missing_ = static_cast<int>(owing_.size());
  for (int rank = 1; rank < size_; ++rank)
    outbox_->send(rank, kDismissed, bytes_of(Words{static_cast<std::uint64_t>(missing_)}));
  const auto begin = Clock::now();
  while (!outbox_->all_gone() && seconds_since(begin) < kLastMoment) nap();
}

std::string MpiCrew::advice() const {
  const bool by_mpirun = std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr;
  if (by_mpirun && std::getenv("OMPI_MCA_orte_enable_recovery") == nullptr)
    return "mpirun ends all ranks when one dies (not with --enable-recovery); then --resume goes on";
  return "";
}

}  // namespace ithaca
