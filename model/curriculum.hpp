#pragma once
// A length curriculum as one job: stages of growing sequences on the same GPUs, each with the layout that suits it, by
// a fixed number of tokens in a global batch.

#include <vector>

#include "model/goodput.hpp"
#include "model/plan.hpp"

namespace ithaca {

struct CurriculumStage {
  Tokens seq_len{};
  std::int64_t tokens = 0;  ///< to train on
};

struct CurriculumQuestion {
  PlanQuestion plan;  ///< Goal::fastest or cheapest; length and global batch are the stages'
  std::vector<CurriculumStage> stages;
  std::int64_t batch_tokens = 0;
  std::optional<Failures> failures;  ///< else nothing fails
};

/// Sequences of a global batch: as many as `batch_tokens` hold, at least one; of the counts that leave at least 98 % of
/// the tokens the one with most factors of two, so that replicas divide it.
std::int64_t sequences_in(std::int64_t batch_tokens, Tokens seq_len);

/// `planned` is nothing where no layout fits.
struct StageAnswer {
  std::int64_t global_batch = 1, steps = 0;
  std::optional<PlannedLayout> planned;
  Seconds step{}, time{};  ///< of one step, of all
  Dollars cost{};
  Goodput goodput;
  double mfu = 0;
  Bytes peak{};
};

struct CurriculumOffer {
  std::size_t cluster = 0;  ///< index into PlanQuestion::clusters
  int gpus = 0;
  std::vector<StageAnswer> stages;
  bool feasible = true;
  Seconds time{};
  Dollars cost{};
  Seconds wall{};  ///< what `time` takes among failures; nothing where a stage never ends, and then not feasible
  Dollars paid{};  ///< for `wall`
};

/// Every offer of the question; feasible ones first, then by the goal: least time or fewest dollars in all, failures
/// counted.
std::vector<CurriculumOffer> plan_curriculum(const CurriculumQuestion& question);

}  // namespace ithaca
