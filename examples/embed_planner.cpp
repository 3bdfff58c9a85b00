// The planner inside another program: a question as values, the best layouts as values. Reads nothing but what it is
// told to and prints nothing; the same question gives the same bits.

#include <cstdio>

#include "configs/reader/load_hardware.hpp"
#include "configs/reader/load_model.hpp"
#include "model/plan.hpp"
#include "model/units.hpp"

using namespace ithaca;

int main() {
  const auto model = load_model("llama3-8b");     // or a path: a YAML file, a Hugging Face config.json
  const auto cluster = load_cluster("dgx-h100");  // or a path, as hw_profiles/README.md says
  if (!model || !cluster) {
    std::fputs(print(model ? cluster.error() : model.error()).c_str(), stderr);
    return 2;
  }

  PlanQuestion question;
  question.model = model->model;
  question.clusters = {cluster->cluster};
  question.gpus = {32, 64};
  question.work.seq_len = Tokens{1 << 20};
  question.goal = Goal::cheapest;
  question.limits.memory_margin = 0.05;

  const PlanAnswer answer = plan(question);
  std::printf("%lld layouts, %lld worked out\n", static_cast<long long>(answer.counts.splits),
              static_cast<long long>(answer.counts.estimated));
  for (const PlannedLayout& best : answer.best) {
    const Workload work = workload_of(question, best);
    const auto step = estimate_step(question.model, work, question.clusters[best.cluster], best.layout);
    if (!step) continue;
    std::printf("%d GPUs, %s %d x ring %d x tp %d x dp %d: %s a step, %s of %s\n", best.gpus,
                name(best.layout.strategy).data(), best.layout.ulysses, best.layout.ring, best.layout.tp,
                best.layout.dp, print(step->step.time).c_str(), print(step->memory.peak()).c_str(),
                print(step->memory.capacity).c_str());
  }
  return answer.best.empty() ? 3 : 0;
}
