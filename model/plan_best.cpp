#include "model/plan_best.hpp"

#include <algorithm>
#include <tuple>

namespace ithaca {
namespace {

std::size_t index(Strategy strategy) { return static_cast<std::size_t>(strategy); }

int rank_of(const PlanQuestion& q, Strategy strategy) {
  return static_cast<int>(std::find(q.strategies.begin(), q.strategies.end(), strategy) - q.strategies.begin());
}

auto order(const PlanQuestion& q, const PlannedLayout& p) {
  const Layout& l = p.layout;
  const int offload = p.offload.checkpoints * 4 + p.offload.optimizer * 2 + (p.offload.parameters ? 1 : 0);
  return std::tuple(p.score, p.cluster, p.gpus, rank_of(q, l.strategy), l.tp, l.pp, l.virtual_pp, l.dp, l.ulysses,
                    l.ring, l.ep, l.inner_ring, l.chunks, l.zero, p.micro_batch, p.recompute, offload);
}

}  // namespace

bool comes_before(const PlanQuestion& q, const PlannedLayout& a, const PlannedLayout& b) {
  return order(q, a) < order(q, b);
}

BestPlans::BestPlans(const PlanQuestion& question)
    : question_(question), one_offer_(question.clusters.size() * question.gpus.size() == 1) {
  best_.reserve(question.top + 1);
}

bool BestPlans::same_group(const PlannedLayout& a, const PlannedLayout& b) const {
  if (!one_offer_) return a.cluster == b.cluster && a.gpus == b.gpus;
  const Layout &k = a.layout, &l = b.layout;
  return k.strategy == l.strategy && k.tp == l.tp && k.pp == l.pp && k.dp == l.dp && k.ulysses == l.ulysses &&
         k.ring == l.ring;
}

std::optional<Score> BestPlans::limit(const PlannedLayout& of) const {
  std::optional<Score> limit;
  if (best_.size() >= question_.top) limit = best_.back().score;
  for (const PlannedLayout& p : best_) {
    if (same_group(p, of)) limit = p.score;
  }
  if (!limit || !one_offer_) return limit;
  const auto& own = own_[index(of.layout.strategy)];
  if (!own) return std::nullopt;
  return std::max(*limit, own->score);
}

bool BestPlans::wants(const Score& bound, const PlannedLayout& of) const {
  const auto needed = limit(of);
  return !needed || bound <= *needed;
}

void BestPlans::take(const PlannedLayout& planned) {
  auto& own = own_[index(planned.layout.strategy)];
  if (!own || comes_before(question_, planned, *own)) own = planned;
  const auto same = [&](const PlannedLayout& p) { return same_group(p, planned); };
  const auto known = std::find_if(best_.begin(), best_.end(), same);
  if (known != best_.end()) {
    if (!comes_before(question_, planned, *known)) return;
    best_.erase(known);
  }
  const auto before = [&](const PlannedLayout& a, const PlannedLayout& b) { return comes_before(question_, a, b); };
  best_.insert(std::upper_bound(best_.begin(), best_.end(), planned, before), planned);
  if (best_.size() > question_.top) best_.pop_back();
}

void BestPlans::write(PlanAnswer& answer) const {
  answer.best = best_;
  for (const Strategy strategy : question_.strategies) {
    const auto& own = own_[index(strategy)];
    const bool listed = own && std::any_of(best_.begin(), best_.end(),
                                           [&](const PlannedLayout& p) { return p.layout.strategy == strategy; });
    if (one_offer_ && own && !listed) answer.others.push_back(*own);
  }
}

}  // namespace ithaca
