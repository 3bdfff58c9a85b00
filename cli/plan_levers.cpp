#include "cli/plan_levers.hpp"

#include <algorithm>

namespace ithaca {
namespace {

constexpr double kWorthSaying = 1.02;

/// Of an answer, larger is better, and comparable between questions that differ in batch.
double merit(const PlanQuestion& q, const PlannedLayout& p) {
  const double sequences = static_cast<double>(q.work.global_batch);
  switch (q.goal) {
    case Goal::longest: return -p.score.first;
    case Goal::cheapest: return 1 / p.score.first;
    case Goal::fewest_gpus: return sequences / p.score.second;
    case Goal::fastest: break;
  }
  return sequences / p.score.first;
}

/// The question for the best's offer alone.
PlanQuestion of_offer(const PlanQuestion& q, const PlannedLayout& best) {
  PlanQuestion one = q;
  one.clusters = {q.clusters[best.cluster]};
  one.gpus = {best.gpus};
  one.top = 1;
  return one;
}

void speed_up_network(Cluster& cluster, double factor) {
  for (Domain& domain : cluster.domains) {
    if (domain.uplink == Domain::Uplink::socket) continue;
    domain.peak = BytesPerSecond{domain.peak.value() * factor};
    domain.achieved = BytesPerSecond{domain.achieved.value() * factor};
    domain.achieved_all_to_all = BytesPerSecond{domain.achieved_all_to_all.value() * factor};
  }
}

bool feasible(PlanQuestion q) {
  q.top = 1;
  return !plan(q).best.empty();
}

void try_flag(const PlanQuestion& q, const std::string& flag, std::vector<std::string>& found) {
  if (feasible(q)) found.push_back(flag);
}

void try_more_gpus(PlanQuestion q, std::vector<std::string>& found) {
  q.gpus = {q.gpus.back()};
  for (int doublings = 0; doublings < 5; ++doublings) {
    q.gpus[0] *= 2;
    if (!feasible(q)) continue;
    found.push_back("--gpus " + std::to_string(q.gpus[0]));
    return;
  }
}

void try_shorter(PlanQuestion q, std::vector<std::string>& found) {
  const Goal goal = q.goal;
  q.goal = Goal::longest;
  q.top = 1;
  const PlanAnswer answer = plan(q);
  if (goal != Goal::longest && !answer.best.empty()) {
    found.push_back("--seq " + std::to_string(answer.best[0].seq_len.count));
  }
}

}  // namespace

std::vector<PlanLever> plan_levers(const PlanQuestion& question, const PlannedLayout& best) {
  const PlanQuestion base = of_offer(question, best);
  std::vector<PlanLever> found;
  const auto add = [&](const std::string& what, const PlanQuestion& changed) {
    const PlanAnswer answer = plan(changed);
    if (answer.best.empty()) return;
    const double gain = merit(changed, answer.best[0]) / merit(question, best);
    if (gain >= kWorthSaying) found.push_back({what, gain});
  };
  PlanQuestion q = base;
  q.work.global_batch *= 2;
  if (q.goal != Goal::longest) add("--global-batch " + std::to_string(q.work.global_batch), q);
  q = base;
  speed_up_network(q.clusters[0], 2);
  if (q.goal != Goal::longest) add("a network twice as fast", q);
  q = base;
  q.clusters[0].gpu.memory = q.clusters[0].gpu.memory * 1.5;
  add("half as much GPU memory again", q);
  q = base;
  q.work.tiled_loss = true;
  if (!base.work.tiled_loss) add("--tiled-loss", q);
  q = base;
  q.work.offload.checkpoints = true;
  if (q.goal == Goal::longest && !base.work.offload.checkpoints) add("--offload checkpoints", q);
  std::stable_sort(found.begin(), found.end(), [](const PlanLever& a, const PlanLever& b) { return a.gain > b.gain; });
  return found;
}

std::vector<std::string> feasible_with(const PlanQuestion& question) {
  std::vector<std::string> found;
  PlanQuestion q = question;
  q.work.tiled_loss = true;
  if (!question.work.tiled_loss) try_flag(q, "--tiled-loss", found);
  q = question;
  q.fixed.recompute.reset();
  if (question.fixed.recompute) try_flag(q, "no --recompute of your own", found);
  q = question;
  q.work.offload.checkpoints = true;
  if (!question.work.offload.checkpoints) try_flag(q, "--offload checkpoints", found);
  if (found.empty()) {
    q = question;
    q.work.offload = {true, true, true};
    q.work.tiled_loss = true;
    try_flag(q, "--tiled-loss --offload checkpoints,optimizer,parameters", found);
  }
  try_more_gpus(question, found);
  try_shorter(question, found);
  return found;
}

}  // namespace ithaca
