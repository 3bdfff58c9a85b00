#include "model/plan_space.hpp"

#include <algorithm>

namespace ithaca {
namespace {

constexpr int kMostChunks = 64;

/// All divisors, ascending.
std::vector<std::int64_t> divisors(std::int64_t whole) {
  std::vector<std::int64_t> found;
  for (std::int64_t d = 1; d * d <= whole; ++d) {
    if (whole % d != 0) continue;
    found.push_back(d);
    if (d * d < whole) found.push_back(whole / d);
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// Divisors up to `limit`, or the fixed degree where it is one of them.
std::vector<int> choices(const std::optional<int>& fixed, std::int64_t whole, std::int64_t limit) {
  std::vector<int> found;
  for (const std::int64_t d : divisors(whole)) {
    if (d <= limit && (!fixed || d == *fixed)) found.push_back(static_cast<int>(d));
  }
  return found;
}

/// Whether the layout is this strategy's own, and not another's in disguise. A fixed degree of one is meant.
bool owns(const PlanQuestion& q, Strategy strategy, const Layout& l) {
  if (l.tp == 1 && l.sequence() == 1) return strategy == q.strategies.front();
  if (has_tensor(strategy)) return l.tp > 1;
  const bool ulysses = !has_ulysses(strategy) || l.ulysses > 1 || q.fixed.ulysses;
  const bool ring = !has_ring(strategy) || l.ring > 1 || q.fixed.ring;
  return ulysses && ring;
}

std::vector<int> chunk_choices(const PlanQuestion& q, Strategy strategy) {
  if (q.fixed.chunks || strategy != Strategy::fpdt) return {q.fixed.chunks.value_or(1)};
  std::vector<int> counts;
  for (int chunks = 1; chunks <= kMostChunks; chunks *= 2) counts.push_back(chunks);
  return counts;
}

/// Adds a layout's variants in ep, inner ring, chunks and micro-batch.
void add_variants(const PlanQuestion& q, Layout layout, const std::vector<std::int64_t>& micro_batches,
                  std::vector<Split>& splits) {
  const std::int64_t ranks = std::int64_t{layout.dp} * layout.sequence();
  const std::optional<int> no_experts = q.model.is_moe() ? q.fixed.ep : q.fixed.ep.value_or(1);
  const std::optional<int> no_inner =
      layout.strategy == Strategy::loongtrain ? q.fixed.inner_ring : q.fixed.inner_ring.value_or(1);
  const std::int64_t most = q.model.is_moe() ? std::min(ranks, q.model.experts.count) : ranks;
  for (const int ep : choices(no_experts, ranks, most)) {
    for (const int inner : choices(no_inner, layout.ring, layout.ring)) {
      for (const int chunks : chunk_choices(q, layout.strategy)) {
        layout.ep = ep;
        layout.inner_ring = inner;
        layout.chunks = chunks;
        for (const std::int64_t micro : micro_batches) splits.push_back({layout, micro});
      }
    }
  }
}

std::vector<std::int64_t> micro_batches(const PlanQuestion& q) {
  if (q.fixed.micro_batch) return {*q.fixed.micro_batch};
  return divisors(q.work.global_batch);
}

}  // namespace

void list_splits(const PlanQuestion& q, int gpus, Strategy strategy, std::vector<Split>& splits) {
  const std::vector<std::int64_t> micro = micro_batches(q);
  Layout l{.strategy = strategy, .zigzag = q.fixed.zigzag, .schedule = q.fixed.schedule};
  l.tp_sequence = strategy != Strategy::tensor_parallel;
  for (const int tp : choices(q.fixed.tp, gpus, q.model.heads)) {
    const std::int64_t heads = q.model.heads / tp;
    for (const int u : choices(q.fixed.ulysses, gpus / tp, has_ulysses(strategy) ? heads : 1)) {
      const int rest = gpus / tp / u;
      for (const int r : choices(q.fixed.ring, rest, has_ring(strategy) ? rest : 1)) {
        l.tp = tp;
        l.ulysses = u;
        l.ring = r;
        l.dp = rest / r;
        if (owns(q, strategy, l)) add_variants(q, l, micro, splits);
      }
    }
  }
}

void list_pipelines(const PlanQuestion& q, int gpus, std::vector<Pipeline>& pipelines) {
  for (const int pp : choices(q.fixed.pp, gpus, q.model.layers)) {
    for (int v = 1; v <= q.model.layers / pp; ++v) {
      const bool even = v == 1 || (pp > 1 && q.model.layers % (std::int64_t{pp} * v) == 0);
      if (q.fixed.virtual_pp ? v != *q.fixed.virtual_pp : !even) continue;
      Pipeline p{pp, v, {}};
      const Layout layout{.pp = pp, .virtual_pp = v};
      p.stages = {stage(q.model, layout, 0), stage(q.model, layout, std::min(1, pp - 1)),
                  stage(q.model, layout, pp - 1)};
      pipelines.push_back(p);
    }
  }
}

std::int64_t join(const PlanQuestion& q, const Split& split, const Pipeline& pipeline, Layout& layout) {
  if (split.layout.dp % pipeline.pp != 0) return 0;
  layout.pp = pipeline.pp;
  layout.virtual_pp = pipeline.virtual_pp;
  layout.dp = split.layout.dp / pipeline.pp;
  if (q.fixed.dp && layout.dp != *q.fixed.dp) return 0;
  const std::int64_t sequences = layout.dp * split.micro_batch;
  if (q.work.global_batch % sequences != 0) return 0;
  const std::int64_t micro_batches = q.work.global_batch / sequences;
  const bool interleaves = pipeline.virtual_pp == 1 || q.fixed.virtual_pp || micro_batches % pipeline.pp == 0;
  return interleaves ? micro_batches : 0;
}

std::vector<int> zero_choices(const PlanQuestion& q) {
  return q.fixed.zero ? std::vector<int>{*q.fixed.zero} : std::vector<int>{0, 1, 2, 3};
}

std::vector<Recompute> recompute_choices(const PlanQuestion& q) {
  if (q.fixed.recompute) return {*q.fixed.recompute};
  return {Recompute::none, Recompute::selective, Recompute::full};
}

std::vector<Offload> offload_choices(const PlanQuestion& q) {
  std::vector<Offload> all;
  const Offload& may = q.work.offload;
  for (const bool checkpoints : {false, true}) {
    for (const bool optimizer : {false, true}) {
      for (const bool parameters : {false, true}) {
        if (checkpoints > may.checkpoints || optimizer > may.optimizer || parameters > may.parameters) continue;
        all.push_back({checkpoints, optimizer, parameters});
      }
    }
  }
  return all;
}

}  // namespace ithaca
