#include "cli/sweep/rows.hpp"

#include "cli/remarks.hpp"

namespace ithaca {
namespace {

constexpr std::string_view kStepColumns[] = {"strategy",
                                             "layout.ulysses",
                                             "layout.ring",
                                             "layout.tp",
                                             "layout.pp",
                                             "layout.dp",
                                             "layout.zero",
                                             "seq_len",
                                             "global_batch",
                                             "gpus",
                                             "idle_gpus",
                                             "refused.rule",
                                             "refused.why",
                                             "step.time_s",
                                             "step.compute_s",
                                             "step.exposed_comm_s",
                                             "step.tokens_per_s",
                                             "step.mfu",
                                             "memory.peak_bytes",
                                             "memory.fits",
                                             "usd_per_million_tokens"};
constexpr std::string_view kPhaseColumns[] = {"strategy",
                                              "phase",
                                              "layout.ulysses",
                                              "layout.ring",
                                              "layout.tp",
                                              "layout.pp",
                                              "layout.dp",
                                              "layout.zero",
                                              "seq_len",
                                              "batch",
                                              "output_tokens",
                                              "gpus",
                                              "idle_gpus",
                                              "refused.rule",
                                              "refused.why",
                                              "prefill.time_to_first_token_s",
                                              "decode.time_per_output_token_s",
                                              "tokens_per_s",
                                              "kv_cache.bytes_per_gpu",
                                              "memory.peak_bytes",
                                              "memory.fits",
                                              "usd_per_million_tokens"};

std::vector<SweepField> of_step() {
  std::vector<SweepField> fields;
  for (const RowField& field : row_fields()) fields.push_back({field.name, &field, nullptr});
  return fields;
}
std::vector<SweepField> of_phase() {
  std::vector<SweepField> fields;
  for (const InferenceField& field : inference_fields()) fields.push_back({field.name, nullptr, &field});
  return fields;
}

/// What a refusal for a reason of the sweep's own says in a field.
Value of_problem(const SweepField& field, const SweepRow& row) {
  if (field.name == "strategy") return std::string(name(row.strategy()));
  if (field.name == "refused.rule") return row.problem->rule;
  if (field.name == "refused.why") return row.problem->why;
  if (field.name == "refused.instead") return row.problem->instead;
  return {};
}

}  // namespace

const Refusal* SweepRow::refused() const {
  const auto& refusal = step != nullptr ? step->refused : phase->refused;
  return refusal ? &*refusal : nullptr;
}

const MemoryLedger* SweepRow::memory() const {
  if (step != nullptr) return step->estimate ? &step->estimate->memory : nullptr;
  return phase->estimate ? &phase->estimate->memory : nullptr;
}

Seconds SweepRow::time() const {
  return step != nullptr ? step->estimate->step.time : pass_of(*phase->estimate, inference->phase).time;
}

std::string row_words(const SweepRow& row) {
  return row.step != nullptr ? row_words(*row.step) : row_words(*row.phase);
}

std::span<const SweepField> sweep_fields(SweepAsks asks) {
  static const std::vector<SweepField> kOfStep = of_step(), kOfPhase = of_phase();
  return asks == SweepAsks::phase ? kOfPhase : kOfStep;
}

const SweepField* find_field(std::string_view name, SweepAsks asks) {
  for (const SweepField& field : sweep_fields(asks)) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

std::vector<std::string> field_names(SweepAsks asks) {
  std::vector<std::string> names;
  for (const SweepField& field : sweep_fields(asks)) names.emplace_back(field.name);
  return names;
}

std::vector<const SweepField*> default_columns(SweepAsks asks, Engine engine) {
  std::vector<const SweepField*> columns;
  if (asks == SweepAsks::phase) {
    for (const std::string_view name : kPhaseColumns) columns.push_back(find_field(name, asks));
    return columns;
  }
  for (const std::string_view name : kStepColumns) {
    columns.push_back(find_field(name));
    if (name == "step.time_s" && engine == Engine::event) columns.push_back(find_field("step.engine"));
  }
  return columns;
}

Value get(const SweepField& field, const SweepRow& row) {
  return is_absent(field.name.substr(0, field.name.find('.')), row) ? Value{} : get_present(field, row);
}

Value get_present(const SweepField& field, const SweepRow& row) {
  if (row.problem != nullptr) return of_problem(field, row);
  if (field.of_step != nullptr) return get_present(*field.of_step, row.question, *row.step);
  return get(*field.of_phase, row.question, *row.inference, *row.phase);
}

bool is_absent(std::string_view group, const SweepRow& row) {
  if (row.problem != nullptr) return group != "strategy" && group != "refused";
  return row.step != nullptr ? is_absent(group, *row.step) : is_absent(group, *row.phase);
}

}  // namespace ithaca
