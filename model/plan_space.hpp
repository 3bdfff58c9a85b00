#pragma once
// Every layout that a plan has to consider, in two levels: splits, which decide a layer's time, and the pipelines and
// settings around them.

#include <array>
#include <vector>

#include "model/plan.hpp"
#include "model/stage.hpp"

namespace ithaca {

/// tp, ulysses, ring, ep and micro-batch: all that one layer's kernels and collectives depend on. dp stands for dp x
/// pp.
struct Split {
  Layout layout;
  std::int64_t micro_batch = 1;
};
/// Appends the splits of `gpus` working GPUs. Whether a layout is legal is decided later.
void list_splits(const PlanQuestion& question, int gpus, Strategy strategy, std::vector<Split>& splits);

/// A pipeline of the model with the stages that differ: first, second and last.
struct Pipeline {
  int pp = 1, virtual_pp = 1;
  std::array<Stage, 3> stages{};
};
void list_pipelines(const PlanQuestion& question, int gpus, std::vector<Pipeline>& pipelines);

/// Micro-batches of a split in a pipeline; 0 where the two do not go together. Sets the layout's pp, virtual_pp and dp.
std::int64_t join(const PlanQuestion& question, const Split& split, const Pipeline& pipeline, Layout& layout);

/// Settings that a layout's legality and time leave open.
std::vector<int> zero_choices(const PlanQuestion& question);
std::vector<Recompute> recompute_choices(const PlanQuestion& question);
std::vector<Offload> offload_choices(const PlanQuestion& question);

}  // namespace ithaca
