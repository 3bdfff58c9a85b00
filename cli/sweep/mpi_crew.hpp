#pragma once
// A sweep shared among MPI processes: rank 0 hands out chunks, takes their rows in order and writes; the others work.

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "cli/sweep/pool.hpp"

namespace ithaca {

/// Between MPI_Init and MPI_Finalize, of two or more ranks. What goes over the wire are chunk numbers and packed parts;
/// every rank reads the question by itself.
///
/// A chunk whose rank does not bring it back in time goes to another rank too; the first to come back counts. So the
/// points of a rank that died are worked out again, where the MPI lets the others live (Open MPI: mpirun
/// --enable-recovery). Where it ends them all, the file and its journal are what --resume goes on from. Nobody waits
/// for a message that a dead rank began and did not end, nor for rank 0 where its process is gone from this machine.
class MpiCrew : public SweepCrew {
 public:
  MpiCrew();
  ~MpiCrew() override;
  bool leads() const override { return rank_ == 0; }
  int workers() const override { return size_ - 1; }
  SweepEnd lead(const SweepChunks& chunks, const TakePart& take, const WantsStop& stop) override;
  void follow(const SweepPlan& plan) override;
  void dismiss() override;
  std::string advice() const override;
  /// Ranks that did not answer when all was done: MPI_Finalize would wait for them. Every rank knows.
  int missing() const { return missing_; }
  /// Rank 0 died, on this machine, and with it the file's writer.
  bool orphaned() const { return orphaned_; }

 private:
  using Clock = std::chrono::steady_clock;
  using Task = std::map<int, Clock::time_point>;  ///< the ranks that work on a chunk, and since when
  /// Chunks that a rank has not brought back, and when it got the last of them.
  struct Debt {
    int chunks = 0;
    Clock::time_point since;
  };
  class Inbox;
  class Outbox;
  void nap();
  void receive(const SweepChunks& chunks);
  void assign(const SweepChunks& chunks);
  void send_chunk(const SweepChunks& chunks, std::uint64_t chunk, int rank);
  bool overdue_for(int rank);
  bool deserted() const;
  bool waits_for(int rank, const Debt& debt) const;
  bool leader_died();
  /// Seconds until a chunk counts as lost.
  double patience() const;

  std::unique_ptr<Inbox> inbox_;
  std::unique_ptr<Outbox> outbox_;
  int rank_ = 0, size_ = 1, missing_ = 0;
  bool orphaned_ = false;
  std::map<std::uint64_t, Task> tasks_;  ///< handed out and not back
  std::map<std::uint64_t, SweepPart> parts_;
  std::vector<int> idle_;      ///< ranks, once for each chunk that they could take
  std::map<int, Debt> owing_;  ///< by rank
  std::set<int> late_;         ///< ranks that let a chunk wait and have said nothing since
  std::uint64_t next_ = 0, taken_ = 0;
  double longest_ = 0;              ///< seconds that a chunk took
  std::optional<long> leader_pid_;  ///< where it can be looked for: on this machine
  Clock::time_point napped_ = Clock::now();
  Clock::duration silence_{};  ///< in which this rank listened and no message came
};

}  // namespace ithaca
