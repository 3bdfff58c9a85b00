#pragma once
// The question that each point of a sweep asks.

#include <map>
#include <optional>
#include <span>
#include <string>

#include "cli/compare_command.hpp"
#include "cli/plan_flags.hpp"
#include "cli/sweep/axes.hpp"
#include "cli/sweep/problem_row.hpp"
#include "model/inference.hpp"

namespace ithaca {

/// What all points have in common, read once; threads share it.
struct SweepInputs {
  SweepAsks asks = SweepAsks::step;
  Arguments base;  ///< flags that are no axis
  std::vector<SweepAxis> axes;
  std::map<std::string, LoadedModel, std::less<>> models;  ///< by the names that occur
  std::map<std::string, LoadedCluster, std::less<>> clusters;
};

/// Reads every model and cluster that a point names, and the flags that all points share.
void load_inputs(SweepInputs& inputs, Diagnostics& problems);

/// A point's question. With a problem it is worth nothing but its strategies.
struct SweepPoint {
  Question question;
  PlanQuestion plan;    ///< for SweepAsks::plan; the question then has no layout of its own
  Inference inference;  ///< for SweepAsks::phase
  std::optional<PointProblem> problem;
  Engine engine = Engine::analytic;
};

/// Walks over points; what two neighbours share is kept. One for each thread.
class PointReader {
 public:
  explicit PointReader(const SweepInputs& inputs);
  /// Valid until the next call.
  const SweepPoint& read(const Digits& digits);
  Engine engine() const { return point_.engine; }
  /// The machine of the point that was read last, for the event engine.
  const LoadedCluster& machine() const { return machine_; }
  /// Another number whenever the machine is another one, its size apart.
  std::uint64_t machine_number() const { return machine_number_; }

 private:
  /// What the words of a point give.
  struct Prepared {
    CompareRequest request;
    PlanRequest plan;
    Inference inference;
    const LoadedModel* model = nullptr;
    LoadedCluster cluster;
    std::optional<PointProblem> problem;
  };
  const Prepared& prepared(std::uint64_t combination, const Digits& digits);
  Prepared prepare(const Digits& digits) const;
  void begin(const Prepared& prepared);
  void apply_figures(const Digits& digits);
  void apply_numbers(const Digits& digits);

  const SweepInputs& inputs_;
  std::vector<std::size_t> words_, figures_, numbers_, derived_;  ///< axes by kind, in the order they are applied
  bool batch_follows_ = false;                                    ///< the global batch is the micro-batch
  std::map<std::uint64_t, Prepared> known_;
  std::optional<std::uint64_t> combination_;
  Digits at_;  ///< of the point that was read last
  std::optional<PointProblem> machine_problem_;
  LoadedCluster machine_;
  std::uint64_t machine_number_ = 0;
  SweepPoint point_;
};

}  // namespace ithaca
