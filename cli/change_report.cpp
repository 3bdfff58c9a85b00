#include "cli/change_report.hpp"

#include <algorithm>

namespace ithaca {
namespace {

constexpr Scale kWholeScale[] = {{"", 1}};

/// Alike in training and inference.
constexpr ChangeFigure kPeak{"memory.peak_bytes", "peak memory", kByteScales,
                             [](const PageRow& r) { return std::optional(r.peak_bytes); }};
constexpr ChangeFigure kPrice{"usd_per_million_tokens", "USD per 10^6 tokens", kWholeScale,
                              [](const PageRow& r) { return r.usd_per_million; }};

constexpr ChangeFigure kStepFigures[] = {
    {"step.time_s", "step time", kSecondScales, [](const PageRow& r) { return std::optional(r.step_s); }},
    {"step.compute_s", "compute", kSecondScales, [](const PageRow& r) { return std::optional(r.compute_s); }},
    {"step.comm_s", "communication", kSecondScales, [](const PageRow& r) { return std::optional(r.comm_s); }},
    {"step.exposed_comm_s", "exposed communication", kSecondScales,
     [](const PageRow& r) { return std::optional(r.exposed_s); }},
    kPeak,
    {"max_seq_len", "longest N that fits", kWholeScale,
     [](const PageRow& r) { return std::optional(r.longest_tokens); }, true},
    kPrice,
};

std::optional<double> time_of(const std::optional<PagePass>& pass) {
  return pass ? std::optional(pass->time_s) : std::nullopt;
}

constexpr ChangeFigure kPhaseFigures[] = {
    {"prefill.time_to_first_token_s", "time to first token", kSecondScales,
     [](const PageRow& r) { return time_of(r.prefill); }},
    {"decode.time_per_output_token_s", "time per output token", kSecondScales,
     [](const PageRow& r) { return time_of(r.decode); }},
    {"tokens_per_s", "tokens/s", kWholeScale, [](const PageRow& r) { return std::optional(r.tokens_per_s); }},
    {"kv_cache.bytes_per_gpu", "KV cache", kByteScales, [](const PageRow& r) { return std::optional(r.cache_bytes); }},
    kPeak,
    {"max_seq_len", "longest prompt that fits", kWholeScale,
     [](const PageRow& r) { return std::optional(r.longest_tokens); }, true},
    {"max_batch", "most sequences that fit", kWholeScale,
     [](const PageRow& r) { return std::optional(r.most_sequences); }, true},
    kPrice,
};

using Asked = std::vector<std::pair<std::string, std::string>>;

std::string answer_to(const Asked& asked, const std::string& name) {
  const auto found = std::find_if(asked.begin(), asked.end(), [&](const auto& one) { return one.first == name; });
  return found == asked.end() ? "" : found->second;
}

std::vector<InputChange> input_changes(const Asked& before, const Asked& after) {
  std::vector<InputChange> inputs;
  for (const auto& [name, value] : after) {
    const std::string old = answer_to(before, name);
    if (old != value) inputs.push_back({name, old, value});
  }
  for (const auto& [name, value] : before) {
    if (answer_to(after, name).empty()) inputs.push_back({name, value, ""});
  }
  return inputs;
}

const PageRow* row_of(const PageFacts& facts, Strategy strategy) {
  for (const PageRow& row : facts.rows) {
    if (row.strategy == strategy) return &row;
  }
  return nullptr;
}

}  // namespace

ChangeReport changes(ChangeReport::Side before, ChangeReport::Side after) {
  ChangeReport report{std::move(before), std::move(after), {}, kStepFigures, {}};
  const PageFacts &old = *report.before.facts, &now = *report.after.facts;
  if (!now.phase.empty()) report.figures = kPhaseFigures;
  report.inputs = input_changes(old.asked, now.asked);
  for (const PageRow& row : now.rows) report.rows.push_back({row.strategy, row_of(old, row.strategy), &row});
  for (const PageRow& row : old.rows) {
    if (row_of(now, row.strategy) == nullptr) report.rows.push_back({row.strategy, &row, nullptr});
  }
  return report;
}

std::optional<double> figure_of(const ChangeFigure& figure, const PageRow* row) {
  return row == nullptr || row->refused() ? std::nullopt : figure.get(*row);
}

}  // namespace ithaca
