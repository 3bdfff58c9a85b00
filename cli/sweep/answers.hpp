#pragma once
// Works out stretches of a sweep: each point's question, its rows, and which of them stay.

#include <memory>

#include "cli/machine.hpp"
#include "cli/sweep/columns.hpp"
#include "cli/sweep/limits.hpp"
#include "cli/sweep/parts.hpp"
#include "cli/sweep/points.hpp"

namespace ithaca {

/// What is done with the points, for all threads alike.
struct SweepPlan {
  SweepInputs inputs;
  std::vector<RowLimit> limits;
  SweepKeep keep = SweepKeep::all;
  std::uint64_t points = 0;
  std::uint64_t group = 1;  ///< points in a row among which `keep` chooses
  SweepFormat format = SweepFormat::table;
  std::vector<const SweepField*> columns;
  const SweepField* heat = nullptr;
  bool whole = false;  ///< a column needs the longest sequence or largest batch, which take most of the time
};

/// One for each thread.
class SweepWorker {
 public:
  explicit SweepWorker(const SweepPlan& plan);
  /// Rows of the points `first` to `end`.
  SweepPart work(std::uint64_t first, std::uint64_t end);
  /// Where step times come from at the first point.
  Engine engine();

 private:
  void answer_point(std::uint64_t point, SweepPart& part);
  void answer_strategies(const SweepPoint& point, SweepPart& part);
  void answer_plan(const SweepPoint& point, SweepPart& part);
  void answer_phase(const SweepPoint& point, SweepPart& part);
  /// A row of a question that has an answer: through the event engine where that is asked for.
  void finish(const Question& question, Row& row, SweepPart& part);
  /// Holds a row without problem against the limits.
  void limit(SweepRow row, SweepPart& part);
  void take(const SweepRow& row, SweepPart& part);
  std::optional<std::string> simulate(const Question& question, Row& row);

  const SweepPlan& plan_;
  SweepColumns columns_;
  PointReader reader_;
  Digits digits_;
  std::vector<SweepCandidate> kept_;  ///< of the group that is worked on
  std::string scratch_;
  std::unique_ptr<Machine> machine_;  ///< the event engine's
  std::string no_machine_;            ///< why there is none
  std::uint64_t machine_number_ = 0;
  int machine_gpus_ = 0;
};

}  // namespace ithaca
