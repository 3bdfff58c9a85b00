#include "validate/run_measured.hpp"

#include <fmt/format.h>

#include "model/model_flops.hpp"

namespace ithaca {
namespace {

Flop step_flops(FlopCount count, const RunQuestion& q) {
  if (count == FlopCount::megatron) return megatron_step_flops(q.model, q.work.global_batch, q.work.seq_len);
  return model_step_flops(q.model, q.work, count == FlopCount::halved);
}

std::string_view words(FlopCount count) {
  switch (count) {
    case FlopCount::megatron: return "96 B s L h^2 (1 + s/(6h) + V/(16 L h)), arXiv 2104.04473 eq. 3";
    case FlopCount::full_attention: return "model FLOPs with full attention, backward twice the forward";
    case FlopCount::halved: break;
  }
  return "model FLOPs with a causal mask halved, backward twice the forward";
}

double tokens(const RunQuestion& q) {
  return static_cast<double>(q.work.global_batch) * static_cast<double>(q.work.seq_len.count);
}

}  // namespace

std::optional<FlopCount> stated_count(const TrainingRun& run) {
  if (run.flop_count == "megatron") return FlopCount::megatron;
  if (run.flop_count == "full_attention") return FlopCount::full_attention;
  if (run.flop_count == "halved") return FlopCount::halved;
  // The notes spell the formula of Megatron's papers with or without spaces and stars.
  std::string notes;
  for (const char c : run.notes) {
    if (c != ' ' && c != '*') notes += c;
  }
  if (notes.find("96Bslh^2") != std::string::npos || notes.find("96BsLh^2") != std::string::npos)
    return FlopCount::megatron;
  return std::nullopt;
}

std::optional<Seconds> measured_step(const TrainingRun& run, const RunQuestion& q, std::optional<FlopCount> usual,
                                     std::vector<std::string>& assumed) {
  const RunMeasured& m = run.measured;
  if (m.step) return m.step;
  const double gpus = q.layout.gpus();
  if (m.rate_per_gpu) {
    const auto stated = stated_count(run);
    const FlopCount count = stated.value_or(usual.value_or(FlopCount::full_attention));
    assumed.push_back(fmt::format("measured time from TFLOP/s by {}{}", words(count),
                                  stated  ? ""
                                  : usual ? ", as other cases of this source"
                                          : ": the source's count is not stated"));
    return step_flops(count, q) / (*m.rate_per_gpu * gpus);
  }
  if (m.tokens_per_gpu) return Seconds{tokens(q) / (m.tokens_per_gpu->value() * gpus)};
  if (!m.whole) return std::nullopt;
  assumed.push_back(fmt::format("measured time from that of {:.4g} tokens", m.whole_tokens));
  return *m.whole * (tokens(q) / m.whole_tokens);
}

}  // namespace ithaca
