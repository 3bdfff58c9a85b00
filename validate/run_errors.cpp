#include "validate/run_errors.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "model/step.hpp"
#include "validate/run_measured.hpp"
#include "validate/run_question.hpp"

namespace ithaca {
namespace {

using Counts = std::map<std::string, FlopCount>;

std::optional<double> value(const auto& quantity) { return quantity ? std::optional(quantity->value()) : std::nullopt; }

std::optional<double> error(const std::optional<double>& predicted, const std::optional<double>& measured) {
  if (!predicted || !measured) return std::nullopt;
  return *predicted / *measured - 1;
}

/// Terms that no framework's allocator sees, and what it holds beyond what it has handed out.
bool outside_allocator(std::string_view term) { return term == "cuda_context" || term == "nccl_buffers"; }
bool unused_by_allocator(std::string_view term) { return term == "fragmentation"; }

double bytes(const MemoryLedger& ledger, bool reserved) {
  double sum = 0;
  for (const MemoryTerm& term : ledger.terms) {
    if (!outside_allocator(term.name) && (reserved || !unused_by_allocator(term.name))) sum += term.bytes.value();
  }
  return sum;
}

void put_memory(RunRow& row, const RunMeasured& m, const MemoryLedger& ledger) {
  row.predicted.reserved = bytes(ledger, true);
  row.predicted.memory = bytes(ledger, false);
  row.measured.reserved = value(m.reserved);
  row.measured.memory = value(m.allocated);
  if (m.allocated) {
    row.assumed.emplace_back(
        "allocated memory against the ledger without driver context, NCCL's buffers and fragmentation");
  } else if (m.reserved) {
    row.measured.memory = value(m.reserved);
    row.predicted.memory = row.predicted.reserved;
    row.assumed.emplace_back("reserved memory against the ledger without driver context and NCCL's buffers");
  } else if (m.device) {
    row.measured.memory = value(m.device);
    row.predicted.memory = ledger.peak().value();
    row.assumed.emplace_back("the driver's count of memory against the whole ledger");
  }
}

/// The same FLOPs in the predicted time.
void put_rate(RunRow& row, const RunMeasured& m) {
  if (!m.rate_per_gpu || !row.measured.step) return;
  row.measured_rate = m.rate_per_gpu->value();
  row.predicted_rate = *row.measured_rate * *row.measured.step / *row.predicted.step;
}

void refuse(RunRow& row, const Refusal& refusal) {
  row.refused = RunRefusal{std::string(name(refusal)), why(refusal), instead(refusal)};
}

RunRow make_row(const TrainingRun& run, const Counts& counts, RunProfiles& profiles) {
  RunRow row;
  row.id = run.id;
  row.source = run.source.name;
  row.split = run.split;
  row.out_of_memory = run.measured.out_of_memory;
  row.measured = {value(run.measured.step), value(run.measured.allocated), value(run.measured.reserved)};
  const auto question = run_question(run, profiles);
  if (!question) {
    row.refused = question.error();
    return row;
  }
  row.assumed = question->assumed;
  row.shape = {name(question->layout.strategy), question->layout.gpus(), question->work.seq_len.count,
               question->work.global_batch};
  const auto usual = counts.find(run.source.name);
  const auto step =
      measured_step(run, *question, usual == counts.end() ? std::nullopt : std::optional(usual->second), row.assumed);
  row.measured.step = value(step);
  const auto e = estimate_step(question->model, question->work, question->cluster, question->layout);
  if (!e) {
    refuse(row, e.error());
    return row;
  }
  row.predicted.step = e->step.time.value();
  row.parts = {e->step.compute.value(),   e->step.exposed_comm.value(), e->step.bubble.value(),
               e->step.optimizer.value(), e->step.bound.value(),        e->memory.peak().value(),
               e->memory.capacity.value()};
  put_memory(row, run.measured, e->memory);
  put_rate(row, run.measured);
  row.error = {error(row.predicted.step, row.measured.step), error(row.predicted.memory, row.measured.memory),
               error(row.predicted.reserved, row.measured.reserved)};
  return row;
}

void add(ErrorSummary& summary, const std::optional<double>& error) {
  if (!error) return;
  ++summary.count;
  summary.mean += std::abs(*error);
  summary.bias += *error;
  summary.max = std::max(summary.max, std::abs(*error));
}

void finish(ErrorSummary& summary) {
  if (summary.count == 0) return;
  summary.mean /= summary.count;
  summary.bias /= summary.count;
}

std::vector<RunSummary> summarize(const std::vector<RunRow>& rows) {
  std::vector<RunSummary> summary;
  for (const RunRow& row : rows) {
    const auto same = [&](const RunSummary& s) { return s.source == row.source && s.split == row.split; };
    auto found = std::find_if(summary.begin(), summary.end(), same);
    if (found == summary.end()) found = summary.insert(summary.end(), {row.source, row.split, 0, 0, {}, {}});
    ++found->rows;
    found->refused += row.refused ? 1 : 0;
    add(found->step, row.error.step);
    add(found->memory, row.error.memory);
  }
  for (RunSummary& s : summary) {
    finish(s.step);
    finish(s.memory);
  }
  return summary;
}

}  // namespace

RunErrors run_errors(const TrainingRuns& runs, const std::string& source) {
  Counts counts;
  for (const TrainingRun& run : runs.runs) {
    if (const auto count = stated_count(run)) counts.emplace(run.source.name, *count);
  }
  RunErrors errors;
  RunProfiles profiles;
  for (const TrainingRun& run : runs.runs) {
    if (source.empty() || run.source.name == source) errors.rows.push_back(make_row(run, counts, profiles));
  }
  errors.summary = summarize(errors.rows);
  return errors;
}

}  // namespace ithaca
