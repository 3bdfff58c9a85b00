#include "cli/explain_writer.hpp"

#include <fmt/format.h>

#include <cmath>

#include "cli/compare_flags.hpp"
#include "cli/limiting_wires.hpp"
#include "cli/remarks.hpp"
#include "cli/text.hpp"
#include "cli/volume_formula.hpp"
#include "model/units.hpp"

namespace ithaca {
namespace {

/// Everything that the sections of one row speak about.
struct Subject {
  const Question& q;
  const Row& row;
  const StepEstimate& e;
  RankSplit rank;
  LimitingWires wires;
  const Style& style;

  double layers() const { return static_cast<double>(q.model.layers); }
  std::int64_t micro_batches() const { return q.work.global_batch / (row.layout.dp * q.work.micro_batch); }
};

std::string whole(double count) { return grouped(std::llround(count)); }
std::string exact_bytes(Bytes bytes) { return whole(bytes.value()) + " bytes"; }

std::string detail(const std::string& text, const Style& style) { return wrap(text, style.width, "    ", "      "); }

std::string time_words(const Collective& c, const std::string& wire, const Style& style) {
  std::string text = fmt::format("time = latency {} + transfer {} = {}", print(c.cost.latency), print(c.cost.transfer),
                                 print(c.cost.total()));
  if (c.cost.transfer > Seconds{}) {
    text += fmt::format(" ({} per GPU{})", print(c.sent / c.cost.transfer),
                        wire.empty() ? "" : fmt::format(", limited by {}", wire));
  }
  return detail(text + fmt::format("; wires at their peak: {}", print(c.cost.bound)), style);
}

std::string memory_term(const MemoryTerm& term, const Style& style) {
  return fmt::format("  {:<24}{:>12}\n", term.name, print(term.bytes)) +
         detail(fmt::format("{} [{}]", term.formula, term.source), style);
}

}  // namespace

namespace explain {

std::string heading(const std::string& text, const Style& style) { return "\n" + style.strong(text) + "\n"; }

std::string paragraph(const std::string& text, const Style& style) { return wrap(text, style.width, "  ", "      "); }

std::string title(const std::string& words, const Style& style) {
  return "\n" + style.strong(words) + "\n" + std::string(words.size(), '=') + "\n";
}

std::string symbols(const Transformer& m, const Workload& work, const Layout& layout, const RankSplit& r,
                    const Style& style) {
  std::vector<std::string> all;
  const auto add = [&](std::string_view symbol, std::int64_t value) {
    all.push_back(fmt::format("{} = {}", symbol, grouped(value)));
  };
  const double ends = r.embedding_weights + r.head_weights;
  add("e", static_cast<std::int64_t>(element_bytes(work.dtype)));
  add("b", work.micro_batch);
  add("N", r.padded_seq);
  add("h", m.hidden);
  add("L", m.layers);
  add("a", r.heads);
  add("a_kv", r.kv_heads);
  add("d", m.head_dim);
  if (m.value_head() != m.head_dim) add("d_v", m.value_head());
  add("f", r.ffn);
  add("V", r.vocab);
  add("t", layout.tp);
  add("u", layout.ulysses);
  add("r", layout.ring);
  add("S", std::int64_t{layout.dp} * layout.sequence());
  add("T", r.tokens);
  add("q", r.split.max_query);
  add("k", r.split.max_kv);
  add("K", r.split.kv_copies);
  return heading("Symbols", style) + wrap(join_words(all, "and"), style.width, "  ", "  ") +
         paragraph(
             "N with padding; a, a_kv, f and V of one tp rank; t, u, r the tp, ulysses and ring degrees; "
             "S = dp * u * r; T = b*N/(u*r) tokens of a rank; q, k heads of a rank after the all-to-all, K KV "
             "heads over all of its ranks, copies counted",
             style) +
         paragraph(fmt::format("params/tp = L * {} + {} = {}: layers, then embeddings, final norm and head",
                               whole(r.dense_layer.total()), whole(ends),
                               whole(static_cast<double>(m.layers) * r.dense_layer.total() + ends)),
                   style);
}

std::string collective(const Collective& c, const std::string& formula, const std::string& wire, const Style& style) {
  std::string words = fmt::format("{} {} over {} ranks", name(c.op), name(c.tensor), c.group);
  if (c.count > 1) words += fmt::format(", {} times", grouped(c.count));
  if (c.recomputed) words += ", recomputed forward";
  if (c.overlapped) words += ", may hide behind compute";
  return paragraph(words, style) +
         detail(fmt::format("sent = {}{}", formula.empty() ? "" : formula + " = ", exact_bytes(c.sent)), style) +
         detail(
             fmt::format("received {}, mean sent {}, per NIC {}", print(c.received), print(c.sent_mean), print(c.nic)),
             style) +
         time_words(c, wire, style);
}

std::string compute(std::string_view what, Seconds time, Seconds all, std::string_view how, const Style& style) {
  return paragraph(fmt::format("{} {} ({} %): {}", what, print(time), significant(100 * (time / all)), how), style);
}

std::string memory(const MemoryLedger& ledger, const std::string& where, const Style& style) {
  std::string text = heading("Memory at the peak, " + where, style);
  for (const MemoryTerm& term : ledger.terms) text += memory_term(term, style);
  text += fmt::format("  {:<24}{:>12}\n", "sum", print(ledger.peak()));
  text +=
      paragraph(fmt::format("of {}: {}", print(ledger.capacity), ledger.fits_gpu() ? "fits" : "does NOT fit"), style);
  if (ledger.host() == Bytes{}) return text;
  text += heading(fmt::format("Host memory, of {} GPUs of a node together", ledger.node_gpus), style);
  for (MemoryTerm term : ledger.host_terms) {
    term.bytes = term.bytes * ledger.node_gpus;
    text += memory_term(term, style);
  }
  const std::string of_node = ledger.host_capacity > Bytes{} ? print(ledger.host_capacity) : "an unknown size";
  return text + paragraph(fmt::format("sum {} of {}: {}", print(ledger.host_of_node()), of_node,
                                      ledger.fits_host() ? "fits" : "does NOT fit"),
                          style);
}

std::string figures(const std::vector<FigureSource>& figures, const Style& style) {
  if (figures.empty()) return "";
  std::string text = heading("Hardware figures", style);
  for (const FigureSource& figure : figures) {
    text += paragraph(fmt::format("{} = {} ({})", figure.figure, figure.value, name(figure.mark)), style);
    if (!figure.source.empty()) text += detail(figure.source, style);
  }
  return text;
}

}  // namespace explain

namespace {

using explain::heading;
using explain::paragraph;

std::string sent_words(const Product& formula) { return symbols(formula) + " = " + numbers(formula); }

std::string write_traffic(const Subject& s, const std::string& title, const LayerTraffic& traffic,
                          const std::vector<std::string>& wires, bool backward) {
  std::string text = heading(title, s.style);
  if (traffic.collectives.empty()) return text + "  nothing is sent\n";
  for (std::size_t i = 0; i < traffic.collectives.size(); ++i) {
    const Collective& c = traffic.collectives[i];
    const bool of_backward = backward && !c.recomputed;
    text += explain::collective(c, sent_words(sent_formula(s.q.model, s.q.work, s.row.layout, s.rank, c, of_backward)),
                                wires[i], s.style);
  }
  return text + paragraph(fmt::format("all: sent {}, {}", exact_bytes(traffic.sent), print(traffic.time)), s.style);
}

std::string write_parameters(const Subject& s) {
  const auto& collectives = s.e.parameters.collectives;
  if (collectives.empty()) return "";
  std::string text =
      heading(fmt::format("Weights and gradients of the whole step (ZeRO-{})", s.row.layout.zero), s.style);
  for (std::size_t i = 0; i < collectives.size(); ++i) {
    text += explain::collective(collectives[i], sent_words(parameter_formula(collectives[i])), s.wires.parameters[i],
                                s.style);
  }
  return text;
}

std::string write_paper(const Subject& s) {
  return paragraph(
      fmt::format("the paper's count for one sequence, forward: {} elements (Ulysses 4Nh/P and Megatron-SP "
                  "4Nh, arXiv 2309.14509 section 3.2; ring 2N*a_kv*d; combined splits add up)",
                  whole(s.e.paper_elements)),
      s.style);
}

std::string write_compute(const Subject& s) {
  const Gpu& gpu = s.q.cluster.gpu;
  const auto part = [&](std::string_view what, Seconds time, std::string_view how) {
    return explain::compute(what, time, s.e.step.time, how, s.style);
  };
  return heading("Compute of the slowest GPU, % of the step", s.style) +
         part("matrix products", s.e.parts.gemm,
              fmt::format("each GEMM by its shape, tiles and waves, on {} ({})", gpu.name, name(gpu.gemm_mark))) +
         part("attention", s.e.parts.attention,
              fmt::format("by length, mask and head size on {} ({})", gpu.name, name(gpu.attention_mark))) +
         part("memory-bound kernels", s.e.parts.memory_bound,
              fmt::format("bytes / ({} * {})", print(gpu.memory_rate), significant(gpu.memory_efficiency))) +
         part("of it waiting for the slowest rank", s.e.parts.imbalance, "uneven heads or causal blocks");
}

std::string write_step(const Subject& s) {
  const StepTime& t = s.e.step;
  const FlopPerSecond peak = s.q.cluster.gpu.peak[static_cast<std::size_t>(s.q.work.dtype)];
  std::string text = heading("Step", s.style);
  text += paragraph(
      fmt::format("time = compute {} + exposed communication {} + bubble {} + optimizer {} = {}", print(t.compute),
                  print(t.exposed_comm), print(t.bubble), print(t.optimizer), print(t.time)),
      s.style);
  text += paragraph(fmt::format("MFU = model FLOPs / (time * GPUs * peak) = {} / ({} * {} * {}) = {} %; counting full "
                                "attention {} %; HFU, by executed FLOPs {}, {} %",
                                significant(s.e.model_flops.value()), print(t.time), s.q.gpus, print(peak),
                                significant(100 * s.row.mfu), significant(100 * s.row.mfu_full_attention),
                                significant(s.e.executed_flops.value()), significant(100 * s.row.hfu)),
                    s.style);
  const Seconds arithmetic = s.e.executed_flops / (peak * s.e.active_gpus);
  const Seconds wires =
      (s.e.forward.bound + s.e.backward.bound) * (s.layers() * static_cast<double>(s.micro_batches()));
  text +=
      paragraph(fmt::format("bound = max(executed FLOPs / ({} GPUs * peak) = {}, L * {} micro-batches * the layer's "
                            "wires at their peak = {}) = {}; the estimate is {} of it",
                            s.e.active_gpus, print(arithmetic), s.micro_batches(), print(wires), print(t.bound),
                            times(t.time / t.bound)),
                s.style);
  if (s.q.cluster.price_per_gpu_hour <= Dollars{}) return text;
  return text + paragraph(fmt::format("USD per 10^6 tokens = {} * {} GPUs * {} / 3600 s / ({} * {} tokens) * 10^6 = {}",
                                      significant(s.q.cluster.price_per_gpu_hour.value()), s.q.gpus, print(t.time),
                                      s.q.work.global_batch, grouped(s.q.work.seq_len.count),
                                      significant(s.row.per_million_tokens.value())),
                          s.style);
}

/// "in the backward of attention, stage 0"
std::string moment_words(const Subject& s) {
  const MemoryLedger& ledger = s.e.memory;
  const std::string stage = s.row.layout.pp > 1 ? fmt::format(", stage {}", ledger.stage) : "";
  const std::string of = ledger.moment == Moment::backward ? fmt::format(" of {}", name(ledger.op)) : "";
  return fmt::format("in the {}{}{}", name(ledger.moment), of, stage);
}

std::string write_row(const Report& report, const Row& row, const Style& style) {
  std::string text = explain::title(row_words(row), style);
  if (!row.estimate) return text + paragraph("refused: " + why(*row.refused) + "; " + instead(*row.refused), style);
  const Question& q = report.question;
  const Subject s{q, row, *row.estimate, split_rank(q.model, q.work, row.layout), limiting_wires(q, row.layout), style};
  text += explain::symbols(q.model, q.work, row.layout, s.rank, style);
  text +=
      write_traffic(s, "One layer's forward, one micro-batch", s.e.forward, s.wires.forward, false) + write_paper(s);
  text += write_traffic(s, "One layer's backward, one micro-batch", s.e.backward, s.wires.backward, true);
  return text + write_parameters(s) + write_compute(s) + write_step(s) +
         explain::memory(s.e.memory, moment_words(s), style);
}

}  // namespace

std::string write_explanation(const Report& report, const Style& style) {
  std::string text;
  for (const Row& row : report.rows) text += write_row(report, row, style);
  return text + explain::figures(report.figures, style);
}

}  // namespace ithaca
