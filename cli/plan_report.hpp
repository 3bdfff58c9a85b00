#pragma once
// The whole answer of `ithaca plan`, from which every writer works.

#include <optional>
#include <string>
#include <vector>

#include "cli/launch_flags.hpp"
#include "cli/plan_flags.hpp"
#include "cli/report.hpp"
#include "model/plan.hpp"
#include "model/uncertainty.hpp"

namespace ithaca {

struct OfferedCluster {
  std::string file, source;
  std::string attention_kernel;  ///< whose curve times FlashAttention
  std::string price_source;
  Uncertainty errors{};
};

/// A planned layout as a row of `compare`: `question` has its settings, and all its degrees fixed.
struct PlanRow {
  PlannedLayout planned;
  Question question;
  Row row;
  std::string why;  ///< why it lost; empty for the best
};

/// How a framework is asked for the best layout that it can express of those shown.
struct PlanLaunch {
  LaunchCommand launch;  ///< without words where it can express none of them
  std::size_t row = 0;   ///< of the report
  std::string why_not;   ///< the best itself; empty where it can
};

struct PlanReport {
  Provenance made_by;  ///< of the model and the first cluster
  PlanQuestion question;
  std::vector<OfferedCluster> clusters;
  std::vector<std::string> defaults, notices;
  PlanAnswer answer;
  std::vector<PlanRow> rows;  ///< the answer's best, then its others
  std::vector<std::string> verdict;
  std::vector<PlanLaunch> launches;
};

/// The question of `compare` whose one answer is the planned layout.
Question question_of(const PlanQuestion& question, const PlannedLayout& planned);

/// The best against the next by time, or by dollars where these are the goal; none where they train other tokens.
std::optional<TimeComparison> best_against_next(const PlanReport& report);

/// "usp (ulysses 8 x ring 8), ZeRO 3, recompute none, micro-batch 2"
std::string plan_words(const PlanRow& row);
/// "checkpoints and optimizer"; empty for nothing.
std::string offload_words(const Offload& offload);

/// Works out everything that follows from question and clusters.
void answer(PlanReport& report);

}  // namespace ithaca
