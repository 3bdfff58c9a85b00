#include "cli/inference_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/text.hpp"
#include "model/kv_cache.hpp"
#include "model/units.hpp"

namespace ithaca {
namespace {

bool fits(const InferenceRow& row) { return row.estimate && row.estimate->memory.fits(); }

std::string_view figure(Phase phase) {
  return phase == Phase::prefill ? "to the first token" : "a token of each sequence";
}

struct Part {
  std::string_view of;
  double share;
};

/// The largest part of a pass, and the wires if they are not it.
std::string limit(const InferencePass& pass, Phase phase) {
  Part parts[] = {
      {phase == Phase::decode ? "weights and matrix products" : "matrix products", pass.parts.gemm / pass.time},
      {phase == Phase::decode ? "reading the KV cache" : "attention", pass.parts.attention / pass.time},
      {"memory-bound kernels", pass.parts.memory_bound / pass.time},
      {"exposed communication", pass.exposed / pass.time}};
  std::sort(std::begin(parts), std::end(parts), [](const Part& a, const Part& b) { return a.share > b.share; });
  return fmt::format("{} ({} %), then {} ({} %)", parts[0].of, significant(100 * parts[0].share), parts[1].of,
                     significant(100 * parts[1].share));
}

const InferenceRow* runner_up(const InferenceReport& report) {
  const Phase phase = report.inference.phase;
  const InferenceRow* next = nullptr;
  for (std::size_t i = 0; i < report.rows.size(); ++i) {
    const InferenceRow& row = report.rows[i];
    if (i == report.best || !fits(row)) continue;
    if (next == nullptr || pass_of(*row.estimate, phase).time < pass_of(*next->estimate, phase).time) next = &row;
  }
  return next;
}

std::string what_to_take(const InferenceReport& report) {
  const Phase phase = report.inference.phase;
  const InferenceRow& best = report.rows[*report.best];
  const Seconds time = pass_of(*best.estimate, phase).time;
  std::string text = fmt::format("Take {}: {} {}", row_words(best), print(time), figure(phase));
  const InferenceRow* next = runner_up(report);
  if (next == nullptr) return text + (report.rows.size() > 1 ? "; it is the only one that fits." : ".");
  const Seconds other = pass_of(*next->estimate, phase).time;
  if (other / time < 1 + kModelError)
    return text + fmt::format(", level with {} within the model's own accuracy ({}).", row_words(*next), print(other));
  return text + fmt::format(", {} faster than {} ({}).", times(other / time), row_words(*next), print(other));
}

std::string other_phase(const InferenceReport& report, const InferenceEstimate& e) {
  const bool prefills = report.inference.phase == Phase::prefill;
  const auto& pass = prefills ? e.decode : e.prefill;
  const std::string cache = fmt::format("Its KV cache takes {} of a GPU", print(e.cache));
  if (!pass) return cache + "; it cannot " + (prefills ? "decode." : "prefill.");
  return fmt::format("{}; the same layout takes {} {}.", cache, print(pass->time),
                     figure(prefills ? Phase::decode : Phase::prefill));
}

std::vector<std::string> none_fits(const InferenceReport& report) {
  const InferenceRow* closest = nullptr;
  for (const InferenceRow& row : report.rows) {
    if (!row.estimate) continue;
    if (closest == nullptr || row.estimate->memory.peak() < closest->estimate->memory.peak()) closest = &row;
  }
  if (closest == nullptr) return {"No strategy is possible: each is refused for the reason given with it."};
  const MemoryLedger& memory = closest->estimate->memory;
  std::vector<std::string> lines{fmt::format("None fits: {} comes closest with {} of {} per GPU, {} of it KV cache.",
                                             row_words(*closest), print(memory.peak()), print(memory.capacity),
                                             print(closest->estimate->cache))};
  const auto longest = std::max_element(report.rows.begin(), report.rows.end(),
                                        [](const auto& a, const auto& b) { return a.max_seq_len < b.max_seq_len; });
  if (longest->max_seq_len.count > 0)
    lines.push_back(fmt::format("The longest prompt that fits is {} tokens ({}).", grouped(longest->max_seq_len.count),
                                row_words(*longest)));
  else
    lines.emplace_back("No prompt fits: split the weights with --tp, or over more GPUs.");
  return lines;
}

std::string idle(const InferenceReport& report, const InferenceRow& row) {
  if (row.idle_gpus == 0) return "";
  return fmt::format("{}: {} of {} GPUs are idle and paid for; a larger --batch gives them replicas (--dp)",
                     name(row.strategy), row.idle_gpus, report.job.question.gpus);
}

/// How often the ranks of tp x ulysses together keep a token's keys and values.
std::string copies(const InferenceReport& report, const InferenceRow& row) {
  const Question& q = report.job.question;
  const RankSplit rank = split_rank(q.model, inference_workload(q.work, row.layout), row.layout);
  const double kept = cache_width(q.model, rank) * row.layout.tp * row.layout.ulysses / cache_width(q.model);
  if (kept <= 1) return "";
  return fmt::format("{}: the KV cache keeps every token {} times ({}; counted)", name(row.strategy), significant(kept),
                     q.model.is_latent() ? std::string("all heads share its latent")
                                         : fmt::format("tp x ulysses {} for {} KV heads",
                                                       row.layout.tp * row.layout.ulysses, q.model.kv_heads));
}

std::string padding(const InferenceReport& report, const InferenceRow& row) {
  const std::int64_t added = row.estimate->padded_seq.count - report.job.question.work.seq_len.count;
  if (added == 0) return "";
  return fmt::format("{}: the prompt is padded by {} to {} tokens (paid for)", name(row.strategy), grouped(added),
                     grouped(row.estimate->padded_seq.count));
}

std::string gathers(const InferenceReport& report, const InferenceRow& row) {
  if (row.layout.zero != 3 || row.layout.dp * row.layout.sequence() == 1) return "";
  return fmt::format(
      "{}: weights are sharded and gathered layer by layer in every pass (ZeRO stage 3){}", name(row.strategy),
      report.job.question.degrees.zero ? "" : ", as whole ones do not fit or are slower; --tp splits them instead");
}

}  // namespace

std::string row_words(const InferenceRow& row) {
  const std::string layout = layout_words(row.layout);
  const bool named = layout.rfind(name(row.strategy), 0) == 0;
  return named ? layout : fmt::format("{} ({})", name(row.strategy), layout);
}

Seconds answer_time(const Inference& inference, const InferenceEstimate& e) {
  if (!e.prefill || !e.decode) return {};
  return e.prefill->time + e.decode->time * static_cast<double>(inference.output_tokens - 1);
}

std::vector<std::string> inference_verdict(const InferenceReport& report) {
  if (!report.best) return none_fits(report);
  const InferenceRow& best = report.rows[*report.best];
  const Phase phase = report.inference.phase;
  return {what_to_take(report), other_phase(report, *best.estimate),
          fmt::format("Limit: {}; memory allows prompts of {} tokens, or {} sequences.",
                      limit(pass_of(*best.estimate, phase), phase), grouped(best.max_seq_len.count),
                      grouped(best.max_batch))};
}

std::vector<std::string> inference_remarks(const InferenceReport& report) {
  std::vector<std::string> all;
  for (const InferenceRow& row : report.rows) {
    if (!row.estimate) continue;
    for (const std::string& text :
         {idle(report, row), copies(report, row), padding(report, row), gathers(report, row)}) {
      if (!text.empty()) all.push_back(text);
    }
  }
  return all;
}

}  // namespace ithaca
