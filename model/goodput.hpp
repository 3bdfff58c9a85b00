#pragma once
// The share of a job's time that trains, where GPUs fail and checkpoints are written: Daly 2006 ("A higher order
// estimate of the optimum checkpoint interval"), failures independent and evenly spread in time, training at a stand
// while a checkpoint is written, every failure costing what was done since the last one and a restart, which may fail
// as well.

#include <optional>

#include "model/quantity.hpp"

namespace ithaca {

struct Failures {
  Seconds gpu_mtbf{};              ///< mean time between failures that stop the job, of one GPU; above zero
  Seconds checkpoint{};            ///< training stands still for so long to write one; above zero
  Seconds restart{};               ///< from a failure until training goes on from the last checkpoint
  std::optional<Seconds> every{};  ///< training between two checkpoints; else the best
};

/// Shares of the wall clock, 1 together.
struct Goodput {
  Seconds job_mtbf{};  ///< of all GPUs of the job
  Seconds every{};     ///< training between two checkpoints
  double trained = 1;
  double written = 0;    ///< checkpoints that were kept
  double redone = 0;     ///< training and writing that failures undid
  double restarted = 0;  ///< restarts, failed ones too

  friend bool operator==(const Goodput&, const Goodput&) = default;
};

/// Training between two checkpoints that leaves the largest share: x = every / job_mtbf solves
/// (1 - x) e^x = e^(-checkpoint / job_mtbf).
Seconds best_checkpoint_interval(Seconds job_mtbf, Seconds checkpoint);

/// `trained` is zero where less than a millionth of the time trains: such a job never ends.
Goodput goodput(const Failures& failures, int gpus);

}  // namespace ithaca
