#pragma once
// Times collectives and whole layers' patterns on a group of NCCL's: checked element by element, after a warm-up, until
// the median is known, the slowest rank counting.

#include "configs/reader/load_collectives.hpp"
#include "model/transformer.hpp"
#include "validate/probe/nccl_group.hpp"
#include "validate/probe/sampling.hpp"
#include "validate/probe/together.hpp"
#include "validate/probe/watchdog.hpp"

namespace ithaca {

struct CollectivePlan {
  std::vector<Op> ops;
  std::vector<Bytes> sizes;  ///< as nccl-tests counts
  std::optional<Transformer> model;
  std::vector<std::int64_t> lengths;  ///< tokens of the model's patterns
  StoppingRule rule;
};

/// One rank's means.
struct Ensemble {
  NcclGroup& group;
  Accelerator& accelerator;
  const Mesh& mesh;
  Watchdog& watchdog;
};

/// Enqueues one layer's attention over the rank's heads and all tokens on the accelerator's stream.
using Attention = std::function<Trouble()>;
using MakeAttention = std::function<Result<Attention, std::string>(std::int64_t tokens)>;

/// What is the same for all rows.
struct RowSetting {
  int nodes = 0;
  std::string doubt;
};

/// All ranks call it with the same plan, and fill the same table. `save` is called after each row, so that whatever
/// was measured is kept. Trouble: why it ended early. `make_attention` may be empty.
Trouble measure_collectives(const Ensemble& ensemble, const CollectivePlan& plan, const RowSetting& setting,
                            const MakeAttention& make_attention, CollectiveSamples& table,
                            const std::function<void()>& save);

/// Times what `enqueue` does on all ranks at once.
class GroupStopwatch : public Stopwatch {
 public:
  GroupStopwatch(const Ensemble& ensemble, std::string what, std::function<Trouble()> enqueue)
      : ensemble_(ensemble), what_(std::move(what)), enqueue_(std::move(enqueue)) {}
  /// So many calls between two marks that they take 2 ms together.
  Trouble prepare();
  Result<Timing, std::string> time() override;
  /// Over the ranks: the median of the last `timings`.
  Seconds mean(int timings) const;

 private:
  Trouble run(double& seconds);

  const Ensemble& ensemble_;
  const std::string what_;
  const std::function<Trouble()> enqueue_;
  int calls_ = 1;
  std::shared_ptr<void> token_;  ///< for the all-reduce that makes all ranks start together
  std::vector<double> means_;
};

}  // namespace ithaca
