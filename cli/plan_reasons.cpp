#include "cli/plan_reasons.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "cli/text.hpp"

namespace ithaca {
namespace {

const StepEstimate& estimate(const PlanRow& row) { return *row.row.estimate; }
std::string percent(double share) { return significant(100 * share) + " %"; }

std::string_view traffic_words(const Collective& c) {
  switch (c.tensor) {
    case Tensor::parameters: return "ZeRO's gathers";
    case Tensor::gradients: return "gradients";
    case Tensor::kv_block:
    case Tensor::kv_gradient:
    case Tensor::keys:
    case Tensor::values: return "the ring";
    case Tensor::tokens: return "the experts' all-to-all";
    case Tensor::hidden: return "the pipeline's messages";
    default: return c.op == Op::all_to_all ? "the all-to-all" : "tensor parallelism";
  }
}

/// What communicates longest in a step, and whether it leaves the node.
std::string busiest_traffic(const PlanRow& row) {
  const StepEstimate& e = estimate(row);
  const Layout& l = row.planned.layout;
  const double micro =
      static_cast<double>(row.question.work.global_batch) / static_cast<double>(l.dp * row.planned.micro_batch);
  const double layers = static_cast<double>(row.question.model.layers) / l.pp * micro;
  std::map<std::string_view, std::pair<double, bool>> times;
  const auto add = [&](const LayerTraffic& traffic, double count) {
    for (const Collective& c : traffic.collectives) {
      auto& [time, outside] = times[traffic_words(c)];
      time += c.cost.total().value() * count;
      outside = outside || c.nic > Bytes{};
    }
  };
  add(e.forward, layers);
  add(e.backward, layers);
  add(e.parameters, 1);
  add(e.pipeline, 1);
  const auto longest = std::max_element(times.begin(), times.end(),
                                        [](const auto& a, const auto& b) { return a.second.first < b.second.first; });
  if (longest == times.end()) return "";
  return fmt::format(" ({}{})", longest->first, longest->second.second ? " between nodes" : "");
}

/// What makes its kernels take longer than the best one's.
std::string compute_words(const PlanRow& row, const PlanRow& best) {
  const StepEstimate &e = estimate(row), &b = estimate(best);
  const double idle = row.row.idle_gpus;
  if (idle > best.row.idle_gpus) return fmt::format("{} GPUs idle", row.row.idle_gpus);
  if (row.planned.recompute == Recompute::full && best.planned.recompute != Recompute::full)
    return fmt::format("it recomputes its layers, {} the kernel time", times(e.step.compute / b.step.compute));
  if (e.parts.imbalance / e.step.time > 0.02)
    return fmt::format("{} of its step waits for the slowest rank", percent(e.parts.imbalance / e.step.time));
  const std::array parts{std::pair{"matrix products", e.parts.gemm - b.parts.gemm},
                         std::pair{"attention", e.parts.attention - b.parts.attention},
                         std::pair{"memory-bound kernels", e.parts.memory_bound - b.parts.memory_bound}};
  const auto most =
      std::max_element(parts.begin(), parts.end(), [](const auto& x, const auto& y) { return x.second < y.second; });
  if (most->second <= Seconds{}) return fmt::format("{} of kernel time", times(e.step.compute / b.step.compute));
  return fmt::format("{} of its step more for {}", percent(most->second / e.step.time), most->first);
}

std::string as_share(std::string_view part, double share) { return fmt::format("{} {}", part, percent(share)); }

/// "1.02x slower, which the model cannot tell apart".
std::string ratio_words(double ratio, std::string_view worse) {
  const std::string words = fmt::format("{} {}", times(ratio), worse);
  return ratio < 1 + kModelError ? words + ", within the model's own accuracy" : words;
}

std::string memory_reason(const PlanRow& best, const PlanRow& row) {
  const auto per_token = [](const PlanRow& r, std::string_view term) {
    for (const MemoryTerm& t : estimate(r).memory.terms) {
      if (t.name == term) return t.bytes.value() / static_cast<double>(r.planned.seq_len.count);
    }
    return 0.0;
  };
  const MemoryTerm* most = nullptr;
  double excess = 0;
  for (const MemoryTerm& t : estimate(row).memory.terms) {
    const double more = per_token(row, t.name) - per_token(best, t.name);
    if (more <= excess) continue;
    excess = more;
    most = &t;
  }
  if (most == nullptr) return "";
  std::string term(most->name);
  std::replace(term.begin(), term.end(), '_', ' ');
  return fmt::format(": {} {} of its memory", term, percent(most->bytes / estimate(row).memory.peak()));
}

/// Time of all GPUs that a token takes, and what a GPU-hour costs.
std::string cost_reason(const PlanRow& best, const PlanRow& row) {
  const auto gpu_time = [](const PlanRow& r) { return r.question.gpus / r.row.tokens_per_s.value(); };
  const Dollars ours = row.question.cluster.price_per_gpu_hour, theirs = best.question.cluster.price_per_gpu_hour;
  const StepPart part = main_part(row, &best);
  if (ours == theirs) return ": " + part.words;
  return fmt::format(": a GPU-hour costs {}, a token takes {} of GPU time{}", times(ours / theirs),
                     times(gpu_time(row) / gpu_time(best)), part.time > Seconds{} ? " (" + part.words + ")" : "");
}

}  // namespace

StepPart main_part(const PlanRow& row, const PlanRow* best) {
  const StepEstimate& e = estimate(row);
  const Seconds none{};
  const auto more = [&](Seconds own, Seconds StepTime::*of) { return best ? own - estimate(*best).step.*of : own; };
  StepPart parts[] = {
      {StepPart::Kind::communication, more(e.step.exposed_comm, &StepTime::exposed_comm),
       e.step.exposed_comm / e.step.time, ""},
      {StepPart::Kind::bubble, more(e.step.bubble, &StepTime::bubble), e.step.bubble / e.step.time, ""},
      {StepPart::Kind::optimizer, more(e.step.optimizer, &StepTime::optimizer), e.step.optimizer / e.step.time, ""},
      {StepPart::Kind::compute, best ? more(e.step.compute, &StepTime::compute) : none, e.step.compute / e.step.time,
       ""}};
  StepPart most = *std::max_element(std::begin(parts), std::end(parts),
                                    [](const StepPart& a, const StepPart& b) { return a.time < b.time; });
  switch (most.kind) {
    case StepPart::Kind::communication:
      most.words = as_share("exposed communication", most.share) + busiest_traffic(row);
      break;
    case StepPart::Kind::bubble: most.words = as_share("bubble", most.share); break;
    case StepPart::Kind::optimizer: most.words = as_share("optimizer", most.share); break;
    case StepPart::Kind::compute:
      most.words = best ? compute_words(row, *best) : as_share("kernels", most.share);
      break;
  }
  return most;
}

std::string why_lost(Goal goal, const PlanRow& best, const PlanRow& row) {
  const double slower = estimate(row).step.time / estimate(best).step.time;
  const bool fewer = row.planned.gpus < best.planned.gpus;
  switch (goal) {
    case Goal::longest: {
      const double ratio =
          static_cast<double>(row.planned.seq_len.count) / static_cast<double>(best.planned.seq_len.count);
      if (ratio == 1) return ratio_words(slower, "slower") + ": " + main_part(row, &best).words;
      return fmt::format("{} as long", times(ratio)) + memory_reason(best, row);
    }
    case Goal::cheapest:
      return ratio_words(row.row.per_million_tokens / best.row.per_million_tokens, "dearer") + cost_reason(best, row);
    case Goal::fewest_gpus:
      if (row.planned.gpus != best.planned.gpus)
        return fmt::format("{} the GPUs, {} the tokens/s",
                           times(static_cast<double>(row.planned.gpus) / best.planned.gpus),
                           times(row.row.tokens_per_s.value() / best.row.tokens_per_s.value()));
      break;
    case Goal::fastest: break;
  }
  const std::string with =
      fewer ? fmt::format(" with {} the GPUs", times(static_cast<double>(row.planned.gpus) / best.planned.gpus)) : "";
  return ratio_words(slower, "slower") + with + ": " + main_part(row, &best).words;
}

}  // namespace ithaca
