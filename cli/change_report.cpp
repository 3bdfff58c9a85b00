#include "cli/change_report.hpp"

#include <algorithm>

namespace ithaca {
namespace {

constexpr Scale kWholeScale[] = {{"", 1}};

constexpr ChangeFigure kFigures[] = {
    {"step.time_s", "step time", kSecondScales, [](const PageRow& r) { return std::optional(r.step_s); }},
    {"step.compute_s", "compute", kSecondScales, [](const PageRow& r) { return std::optional(r.compute_s); }},
    {"step.comm_s", "communication", kSecondScales, [](const PageRow& r) { return std::optional(r.comm_s); }},
    {"step.exposed_comm_s", "exposed communication", kSecondScales,
     [](const PageRow& r) { return std::optional(r.exposed_s); }},
    {"memory.peak_bytes", "peak memory", kByteScales, [](const PageRow& r) { return std::optional(r.peak_bytes); }},
    {"max_seq_len", "longest N that fits", kWholeScale,
     [](const PageRow& r) { return std::optional(r.longest_tokens); }, true},
    {"usd_per_million_tokens", "USD per 10^6 tokens", kWholeScale, [](const PageRow& r) { return r.usd_per_million; }},
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

std::span<const ChangeFigure> change_figures() { return kFigures; }

ChangeReport changes(ChangeReport::Side before, ChangeReport::Side after) {
  ChangeReport report{std::move(before), std::move(after), {}, {}};
  const PageFacts &old = *report.before.facts, &now = *report.after.facts;
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
