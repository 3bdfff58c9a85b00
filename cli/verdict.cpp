#include "cli/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/levers.hpp"
#include "cli/remarks.hpp"
#include "cli/text.hpp"
#include "model/units.hpp"

namespace ithaca {
namespace {

const StepEstimate& estimate(const Row& row) { return *row.estimate; }
Seconds step(const Row& row) { return estimate(row).step.time; }
bool fits(const Row& row) { return row.estimate && estimate(row).memory.fits(); }

const Row* find(const Report& report, Strategy strategy) {
  for (const Row& row : report.rows) {
    if (row.strategy == strategy) return &row;
  }
  return nullptr;
}

std::string faster_than(const Row& best, const Row& other) {
  const double ratio = step(other) / step(best);
  if (ratio < 1 + kModelError) {
    return fmt::format("level with {} within the model's own accuracy ({} against {})", name(other.strategy),
                       print(step(best)), print(step(other)));
  }
  return fmt::format("{} faster than {} ({})", times(ratio), name(other.strategy), print(step(other)));
}

/// The fastest of the others that fit.
const Row* runner_up(const Report& report) {
  const Row* next = nullptr;
  for (std::size_t i = 0; i < report.rows.size(); ++i) {
    const Row& row = report.rows[i];
    if (i != *report.best && fits(row) && (next == nullptr || step(row) < step(*next))) next = &row;
  }
  return next;
}

/// "93.2 %", never "100 %" of what is not sure.
std::string chance(double probability) {
  if (probability > 0.999) return "more than 99.9 %";
  return probability < 0.001 ? "less than 0.1 %" : significant(100 * probability) + " %";
}

std::string how_sure(const Report& report, const Row& first, const Row& second) {
  return how_sure(compare_times(report.question, first, second, report.errors), name(first.strategy),
                  name(second.strategy));
}

std::string what_to_take(const Report& report) {
  const Row& best = report.rows[*report.best];
  const Row* next = runner_up(report);
  std::string text = fmt::format("Take {}: {} a step", row_words(best), print(step(best)));
  if (next != nullptr) return text + ", " + faster_than(best, *next) + "." + how_sure(report, best, *next);
  return text + (report.rows.size() > 1 ? "; it is the only one that fits." : ".");
}

/// "9.0x less" or "1.2x more" of something.
std::string less(double ours, double theirs) {
  if (ours <= 0 || theirs <= 0) return "as much";
  const double ratio = theirs / ours;
  return ratio >= 1 ? times(ratio) + " less" : times(1 / ratio) + " more";
}

/// Whether the two are the best row and the next one.
bool is_said_already(const Report& report, const Row& a, const Row& b) {
  const Row *best = report.best ? &report.rows[*report.best] : nullptr, *next = best ? runner_up(report) : nullptr;
  return (best == &a && next == &b) || (best == &b && next == &a);
}

std::string against_megatron(const Report& report) {
  const Row* ulysses = find(report, Strategy::ulysses);
  const Row* megatron = find(report, Strategy::megatron_sp);
  if (ulysses == nullptr || megatron == nullptr || !ulysses->estimate || !megatron->estimate) return "";
  const StepEstimate &u = estimate(*ulysses), &m = estimate(*megatron);
  std::string text =
      fmt::format("{} against {}: it sends {} per GPU, layer and micro-batch, communicates {} time",
                  row_words(*ulysses), row_words(*megatron),
                  less((u.forward.sent + u.backward.sent).value(), (m.forward.sent + m.backward.sent).value()),
                  less(u.step.comm.value(), m.step.comm.value()));
  const double ratio = m.step.time / u.step.time;
  if (ratio < 1 + kModelError && 1 / ratio < 1 + kModelError) {
    text += ", and a step takes as long within the model's own accuracy";
  } else {
    text += ratio > 1 ? fmt::format(", and a step is {} faster", times(ratio))
                      : fmt::format(", but a step is {} slower", times(1 / ratio));
  }
  for (const Row* row : {ulysses, megatron}) {
    if (!fits(*row)) text += fmt::format("; {} does not fit", name(row->strategy));
  }
  return text + "." + (is_said_already(report, *ulysses, *megatron) ? "" : how_sure(report, *ulysses, *megatron));
}

struct Share {
  std::string_view of;
  double part;
};

std::string what_limits(const Row& row) {
  const StepEstimate& e = estimate(row);
  Share shares[] = {{"matrix products", e.parts.gemm / e.step.time},
                    {"attention", e.parts.attention / e.step.time},
                    {"memory-bound kernels", e.parts.memory_bound / e.step.time},
                    {"exposed communication", e.step.exposed_comm / e.step.time},
                    {"the pipeline's bubble", e.step.bubble / e.step.time},
                    {"the optimizer", e.step.optimizer / e.step.time}};
  std::sort(std::begin(shares), std::end(shares), [](const Share& a, const Share& b) { return a.part > b.part; });
  const double exposed = e.step.exposed_comm / e.step.time;
  std::string text = fmt::format("Limit: {} ({} % of the step)", shares[0].of, significant(100 * shares[0].part));
  if (shares[0].of == "exposed communication") {
    text += fmt::format(", then {} ({} %)", shares[1].of, significant(100 * shares[1].part));
  } else {
    text += fmt::format("; exposed communication is {} %", significant(100 * exposed));
  }
  return text + fmt::format("; memory allows up to {} tokens.", grouped(row.max_seq_len.count));
}

std::vector<std::string> none_fits(const Report& report) {
  const Row *closest = nullptr, *longest = nullptr;
  for (const Row& row : report.rows) {
    if (!row.estimate) continue;
    if (closest == nullptr || estimate(row).memory.peak() < estimate(*closest).memory.peak()) closest = &row;
    if (longest == nullptr || row.max_seq_len > longest->max_seq_len) longest = &row;
  }
  if (closest == nullptr) return {"No strategy is possible: each is refused for the reason given with it."};
  std::vector<std::string> lines{fmt::format("None fits: {} comes closest with {} of {} per GPU.", row_words(*closest),
                                             print(estimate(*closest).memory.peak()),
                                             print(estimate(*closest).memory.capacity))};
  if (longest->max_seq_len.count > 0) {
    lines.push_back(fmt::format("The longest sequence that fits is {} tokens ({}).",
                                grouped(longest->max_seq_len.count), row_words(*longest)));
  } else {
    lines.emplace_back("No sequence fits: weights, gradients and optimizer states alone fill the memory.");
  }
  const std::vector<std::string> help = levers(report.question);
  lines.push_back(help.empty() ? "Neither other settings nor 32 times the GPUs make it fit with the degrees as given."
                               : "It would fit with " + join_words(help, "or") + ".");
  return lines;
}

}  // namespace

std::string how_sure(const TimeComparison& times, std::string_view first, std::string_view second) {
  std::vector<std::string> unknown;
  for (const ErrorSource source : times.unknown) unknown.emplace_back(name(source));
  const std::string none = unknown.empty() ? "" : "no interval is known for " + join_words(unknown);
  if (!times.known) return none.empty() ? "" : fmt::format(" How sure that is cannot be said: {}.", none);
  return fmt::format(" By the errors that are known {} beats {} with a probability of {}{}.", first, second,
                     chance(times.faster), none.empty() ? "" : "; " + none);
}

std::vector<std::string> verdict(const Report& report) {
  if (!report.best) return none_fits(report);
  const Row& best = report.rows[*report.best];
  std::vector<std::string> lines{what_to_take(report)};
  if (std::string rival = against_megatron(report); !rival.empty()) lines.push_back(std::move(rival));
  lines.push_back(what_limits(best));
  if (const std::string idle = idle_remark(report, best); !idle.empty()) lines.push_back(idle + ".");
  return lines;
}

std::vector<RowsCompared> rows_compared(const Report& report) {
  std::vector<RowsCompared> all;
  const auto add = [&](const Row& a, const Row& b) {
    all.push_back({&a, &b, compare_times(report.question, a, b, report.errors)});
  };
  if (!report.best) return all;
  if (const Row* next = runner_up(report)) add(report.rows[*report.best], *next);
  const Row *ulysses = find(report, Strategy::ulysses), *megatron = find(report, Strategy::megatron_sp);
  const bool both = ulysses != nullptr && megatron != nullptr && ulysses->estimate && megatron->estimate;
  if (both && !is_said_already(report, *ulysses, *megatron)) add(*ulysses, *megatron);
  return all;
}

std::string misfit(const MemoryLedger& ledger) {
  if (!ledger.fits_gpu()) return fmt::format("a GPU needs {} of its {}", print(ledger.peak()), print(ledger.capacity));
  if (ledger.fits_host()) return "";
  return fmt::format("what {} GPUs offload needs {} of their node's {} of host memory", ledger.node_gpus,
                     print(ledger.host_of_node()), print(ledger.host_capacity));
}

}  // namespace ithaca
