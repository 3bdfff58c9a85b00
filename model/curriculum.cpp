#include "model/curriculum.hpp"

#include <algorithm>

#include "model/compare.hpp"

namespace ithaca {
namespace {

PlanQuestion stage_question(const CurriculumQuestion& q, const CurriculumStage& stage, std::size_t cluster, int gpus) {
  PlanQuestion plan = q.plan;
  plan.clusters = {q.plan.clusters[cluster]};
  plan.gpus = {gpus};
  plan.work.seq_len = stage.seq_len;
  plan.work.global_batch = sequences_in(q.batch_tokens, stage.seq_len);
  plan.top = 1;
  return plan;
}

StageAnswer answer_stage(const CurriculumQuestion& q, const CurriculumStage& stage, const CurriculumOffer& offer) {
  const PlanQuestion question = stage_question(q, stage, offer.cluster, offer.gpus);
  const Cluster& cluster = question.clusters.front();
  const std::int64_t batch = question.work.global_batch, tokens = batch * stage.seq_len.count;
  StageAnswer answer;
  answer.global_batch = batch;
  answer.steps = (stage.tokens + tokens - 1) / tokens;
  const PlanAnswer planned = plan(question);
  if (planned.best.empty()) return answer;
  answer.planned = planned.best.front();
  answer.planned->cluster = offer.cluster;
  Row row;
  row.estimate =
      *estimate_step(question.model, workload_of(question, *answer.planned), cluster, answer.planned->layout);
  Question asked{question.model, question.work, cluster, offer.gpus, {}, {}};
  set_rates(row, asked);
  answer.step = row.estimate->step.time;
  answer.time = answer.step * static_cast<double>(answer.steps);
  answer.cost = cluster.price_per_gpu_hour * (offer.gpus * answer.time.value() / 3600);
  if (q.failures) answer.goodput = goodput(*q.failures, answer.planned->layout.gpus());
  answer.mfu = row.mfu;
  answer.peak = row.estimate->memory.peak();
  return answer;
}

bool affordable(const PlanQuestion& q, const CurriculumOffer& offer) {
  const Cluster& cluster = q.clusters[offer.cluster];
  if (cluster.max_gpus > 0 && offer.gpus > cluster.max_gpus) return false;
  return q.limits.price_per_hour <= Dollars{} || cluster.price_per_gpu_hour * offer.gpus <= q.limits.price_per_hour;
}

void add(CurriculumOffer& offer, const StageAnswer& stage) {
  const bool ends = stage.planned && stage.goodput.trained > 0;
  offer.feasible = offer.feasible && ends;
  offer.time += stage.time;
  offer.cost += stage.cost;
  if (ends) {
    offer.wall += stage.time / stage.goodput.trained;
    offer.paid += stage.cost / stage.goodput.trained;
  }
  offer.stages.push_back(stage);
}

}  // namespace

std::int64_t sequences_in(std::int64_t batch_tokens, Tokens seq_len) {
  const std::int64_t most = std::max<std::int64_t>(1, batch_tokens / seq_len.count);
  const std::int64_t least = (most * 98 + 99) / 100;
  std::int64_t best = most;
  for (std::int64_t power = 2; power <= most && most / power * power >= least; power *= 2) best = most / power * power;
  return best;
}

std::vector<CurriculumOffer> plan_curriculum(const CurriculumQuestion& q) {
  std::vector<CurriculumOffer> offers;
  for (std::size_t cluster = 0; cluster < q.plan.clusters.size(); ++cluster) {
    for (const int gpus : q.plan.gpus) {
      CurriculumOffer offer{cluster, gpus, {}, true, {}, {}, {}, {}};
      if (!affordable(q.plan, offer)) continue;
      for (const CurriculumStage& stage : q.stages) add(offer, answer_stage(q, stage, offer));
      if (!offer.feasible) offer.wall = {}, offer.paid = {};
      offers.push_back(std::move(offer));
    }
  }
  const bool by_price = q.plan.goal == Goal::cheapest;
  std::stable_sort(offers.begin(), offers.end(), [by_price](const CurriculumOffer& a, const CurriculumOffer& b) {
    if (a.feasible != b.feasible) return a.feasible;
    return by_price ? a.paid < b.paid : a.wall < b.wall;
  });
  return offers;
}

}  // namespace ithaca
