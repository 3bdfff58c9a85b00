#include "cli/inference_explain.hpp"

#include <fmt/format.h>

#include <cmath>

#include "cli/explain_writer.hpp"
#include "cli/text.hpp"
#include "cli/volume_formula.hpp"
#include "model/inference_pass.hpp"
#include "model/units.hpp"

namespace ithaca {
namespace {

/// One pass and what its layer's collectives are made of.
struct PassSubject {
  const Question& q;
  const InferencePass& pass;
  std::string_view name;
  Workload work;
  Layout layout;
};

/// The product behind a collective's bytes; empty for the queries and partial results that a decoding ring passes
/// round.
std::string formula_words(const PassSubject& s, const RankSplit& rank, const Collective& c) {
  const Product product = sent_formula(s.q.model, s.work, s.layout, rank, c, false);
  const bool meets = std::abs(value(product) - c.sent.value()) <= 1e-9 * c.sent.value();
  return meets ? symbols(product) + " = " + numbers(product) : "";
}

std::string write_pass_layer(const PassSubject& s, const Style& style) {
  const LayerTraffic& traffic = s.pass.layer;
  std::string text = explain::heading(fmt::format("One layer of the {}, one micro-batch", s.name), style);
  if (traffic.collectives.empty()) return text + "  nothing is sent\n";
  const RankSplit rank = split_rank(s.q.model, s.work, s.layout);
  for (const Collective& c : traffic.collectives) text += explain::collective(c, formula_words(s, rank, c), "", style);
  return text + explain::paragraph(fmt::format("all: sent {}, {}", print(traffic.sent), print(traffic.time)), style);
}

std::string write_pass_time(const PassSubject& s, const Style& style) {
  const InferencePass& p = s.pass;
  const Gpu& gpu = s.q.cluster.gpu;
  const bool decodes = s.name == name(Phase::decode);
  const auto part = [&](std::string_view what, Seconds time, const std::string& how) {
    return explain::compute(what, time, p.time, how, style);
  };
  std::string text = explain::heading(fmt::format("The {}, all layers; % of its time", s.name), style);
  text +=
      part("matrix products", p.parts.gemm,
           decodes ? fmt::format("the longer of each GEMM by its shape and of its weights at {}, on {} ({})",
                                 print(gpu.memory_rate), gpu.name, name(gpu.gemm_mark))
                   : fmt::format("each GEMM by its shape, tiles and waves, on {} ({})", gpu.name, name(gpu.gemm_mark)));
  text += part("attention", p.parts.attention,
               decodes ? fmt::format("reading the KV cache, on {} ({})", gpu.name, name(gpu.attention_mark))
                       : fmt::format("by length, mask and head size on {} ({})", gpu.name, name(gpu.attention_mark)));
  text += part("memory-bound kernels", p.parts.memory_bound,
               fmt::format("bytes / ({} * {})", print(gpu.memory_rate), significant(gpu.memory_efficiency)));
  text += part("of it waiting for the slowest rank", p.parts.imbalance, "uneven heads or causal blocks");
  text +=
      part("exposed communication", p.exposed, fmt::format("of {} in all, what compute does not hide", print(p.comm)));
  text += explain::paragraph(fmt::format("time = compute {} + exposed communication {} = {}", print(p.compute),
                                         print(p.exposed), print(p.time)),
                             style);
  return text + explain::paragraph(
                    fmt::format("bound = the longest of {} of weights and cache at {} = {}, executed FLOPs at {}, and "
                                "the layers' wires at their peak = {}; the estimate is {} of it",
                                print(p.read), print(gpu.memory_rate), print(p.read / gpu.memory_rate),
                                print(gpu.peak[static_cast<std::size_t>(s.work.dtype)]), print(p.bound),
                                times(p.time / p.bound)),
                    style);
}

std::string write_job(const InferenceReport& report, const InferenceRow& row, const Style& style) {
  const Question& q = report.job.question;
  const bool prefills = report.inference.phase == Phase::prefill;
  const Seconds time = pass_of(*row.estimate, report.inference.phase).time;
  const std::int64_t tokens = q.work.global_batch * (prefills ? q.work.seq_len.count : 1);
  std::string text = explain::heading(fmt::format("The job, {}", name(report.inference.phase)), style);
  text += explain::paragraph(fmt::format("tokens/s = {} tokens a pass / {} = {}", grouped(tokens), print(time),
                                         significant(row.tokens_per_s.value())),
                             style);
  if (q.cluster.price_per_gpu_hour <= Dollars{}) return text;
  return text + explain::paragraph(
                    fmt::format("USD per 10^6 tokens = {} * {} GPUs / 3600 s / {} tokens/s * 10^6 = {}",
                                significant(q.cluster.price_per_gpu_hour.value()), q.gpus,
                                significant(row.tokens_per_s.value()), significant(row.per_million_tokens.value())),
                    style);
}

std::string write_row(const InferenceReport& report, const InferenceRow& row, const Style& style) {
  std::string text = explain::title(row_words(row), style);
  if (row.refused)
    return text + explain::paragraph("refused: " + why(*row.refused) + "; " + instead(*row.refused), style);
  const Question& q = report.job.question;
  const InferenceEstimate& e = *row.estimate;
  const Workload work = inference_workload(q.work, row.layout);
  text += explain::symbols(q.model, work, row.layout, split_rank(q.model, work, row.layout), style);
  if (e.prefill) {
    const PassSubject s{q, *e.prefill, name(Phase::prefill), work, row.layout};
    text += write_pass_layer(s, style) + write_pass_time(s, style);
  }
  if (e.decode) {
    const PassSubject s{q, *e.decode, name(Phase::decode), decode_workload(work), decode_layout(row.layout)};
    text += write_pass_layer(s, style) + write_pass_time(s, style);
  }
  return text + write_job(report, row, style) +
         explain::memory(e.memory, fmt::format("in the {}", name(report.inference.phase)), style);
}

}  // namespace

std::string write_explanation(const InferenceReport& report, const Style& style) {
  std::string text;
  for (const InferenceRow& row : report.rows) text += write_row(report, row, style);
  return text + explain::figures(report.job.figures, style);
}

}  // namespace ithaca
