#include "cli/row_fields.hpp"

#include <cmath>

namespace ithaca {
namespace {

using View = RowField::View;

Value ratio(Seconds value, Seconds bound) {
  if (bound <= Seconds{}) return {};
  return value / bound;
}

constexpr RowField kFields[] = {
    {"strategy", [](View v) -> Value { return std::string(name(v.r.strategy)); }},
    {"layout.ulysses", [](View v) { return whole_value(v.r.layout.ulysses); }},
    {"layout.ring", [](View v) { return whole_value(v.r.layout.ring); }},
    {"layout.tp", [](View v) { return whole_value(v.r.layout.tp); }},
    {"layout.pp", [](View v) { return whole_value(v.r.layout.pp); }},
    {"layout.dp", [](View v) { return whole_value(v.r.layout.dp); }},
    {"layout.zero", [](View v) { return whole_value(v.r.layout.zero); }},
    {"layout.ep", [](View v) { return whole_value(v.r.layout.ep); }},
    {"layout.virtual_pp", [](View v) { return whole_value(v.r.layout.virtual_pp); }},
    {"layout.zigzag", [](View v) -> Value { return v.r.layout.zigzag; }},
    {"seq_len", [](View v) -> Value { return v.q.work.seq_len.count; }},
    {"padded_seq_len", [](View v) -> Value { return v.e ? Value{v.e->padded_seq.count} : Value{}; }},
    {"global_batch", [](View v) -> Value { return v.q.work.global_batch; }},
    {"micro_batch", [](View v) -> Value { return v.q.work.micro_batch; }},
    {"gpus", [](View v) { return whole_value(v.q.gpus); }},
    {"active_gpus", [](View v) { return v.e ? whole_value(v.e->active_gpus) : Value{}; }},
    {"idle_gpus", [](View v) { return v.e ? whole_value(v.r.idle_gpus) : Value{}; }},
    {"refused.rule", [](View v) -> Value { return std::string(name(*v.r.refused)); }},
    {"refused.why", [](View v) -> Value { return why(*v.r.refused); }},
    {"refused.instead", [](View v) -> Value { return instead(*v.r.refused); }},
    {"layer.forward.paper_elements", [](View v) { return whole_value(v.e->paper_elements); }},
    {"layer.forward.sent_bytes", [](View v) { return whole_value(v.e->forward.sent); }},
    {"layer.forward.sent_bytes_mean", [](View v) { return whole_value(v.e->forward.sent_mean); }},
    {"layer.forward.received_bytes", [](View v) { return whole_value(v.e->forward.received); }},
    {"layer.forward.nic_bytes", [](View v) { return whole_value(v.e->forward.nic); }},
    {"layer.forward.time_s", [](View v) -> Value { return v.e->forward.time.value(); }},
    {"layer.forward.bound_s", [](View v) -> Value { return v.e->forward.bound.value(); }},
    {"layer.forward.ratio_to_bound", [](View v) { return ratio(v.e->forward.time, v.e->forward.bound); }},
    {"layer.backward.paper_elements", [](View) -> Value { return {}; }},
    {"layer.backward.sent_bytes", [](View v) { return whole_value(v.e->backward.sent); }},
    {"layer.backward.sent_bytes_mean", [](View v) { return whole_value(v.e->backward.sent_mean); }},
    {"layer.backward.received_bytes", [](View v) { return whole_value(v.e->backward.received); }},
    {"layer.backward.nic_bytes", [](View v) { return whole_value(v.e->backward.nic); }},
    {"layer.backward.time_s", [](View v) -> Value { return v.e->backward.time.value(); }},
    {"layer.backward.bound_s", [](View v) -> Value { return v.e->backward.bound.value(); }},
    {"layer.backward.ratio_to_bound", [](View v) { return ratio(v.e->backward.time, v.e->backward.bound); }},
    {"step.time_s", [](View v) -> Value { return v.e->step.time.value(); }},
    {"step.engine", [](View v) -> Value { return std::string(v.r.by_event_engine ? "event" : "analytic"); }},
    {"step.closed_form_s", [](View v) -> Value { return v.r.closed_form_time.value(); }},
    {"step.compute_s", [](View v) -> Value { return v.e->step.compute.value(); }},
    {"step.gemm_s", [](View v) -> Value { return v.e->parts.gemm.value(); }},
    {"step.attention_s", [](View v) -> Value { return v.e->parts.attention.value(); }},
    {"step.memory_bound_s", [](View v) -> Value { return v.e->parts.memory_bound.value(); }},
    {"step.imbalance_s", [](View v) -> Value { return v.e->parts.imbalance.value(); }},
    {"step.comm_s", [](View v) -> Value { return v.e->step.comm.value(); }},
    {"step.exposed_comm_s", [](View v) -> Value { return v.e->step.exposed_comm.value(); }},
    {"step.bubble_s", [](View v) -> Value { return v.e->step.bubble.value(); }},
    {"step.optimizer_s", [](View v) -> Value { return v.e->step.optimizer.value(); }},
    {"step.bound_s", [](View v) -> Value { return v.e->step.bound.value(); }},
    {"step.ratio_to_bound", [](View v) { return ratio(v.e->step.time, v.e->step.bound); }},
    {"step.tokens_per_s", [](View v) -> Value { return v.r.tokens_per_s.value(); }},
    {"step.model_flops", [](View v) { return whole_value(v.e->model_flops.value()); }},
    {"step.executed_flops", [](View v) { return whole_value(v.e->executed_flops.value()); }},
    {"step.model_tflops_per_gpu", [](View v) -> Value { return v.r.model_rate_per_gpu.value() / 1e12; }},
    {"step.mfu", [](View v) -> Value { return v.r.mfu; }},
    {"step.mfu_full_attention", [](View v) -> Value { return v.r.mfu_full_attention; }},
    {"step.hfu", [](View v) -> Value { return v.r.hfu; }},
    {"step.mark", [](View v) -> Value { return std::string(name(time_mark(v.q))); }},
    {"memory.peak_bytes", [](View v) { return whole_value(v.e->memory.peak()); }},
    {"memory.capacity_bytes", [](View v) { return whole_value(v.e->memory.capacity); }},
    {"memory.host_bytes", [](View v) { return whole_value(v.e->memory.host()); }},
    {"memory.fits", [](View v) -> Value { return v.e->memory.fits(); }},
    {"memory.moment", [](View v) -> Value { return std::string(name(v.e->memory.moment)); }},
    {"memory.operator", [](View v) -> Value { return std::string(name(v.e->memory.op)); }},
    {"memory.stage", [](View v) { return whole_value(v.e->memory.stage); }},
    {"memory.host_bytes_per_node", [](View v) { return whole_value(v.e->memory.host_of_node()); }},
    {"memory.host_capacity_bytes",
     [](View v) {
       const Bytes capacity = v.e->memory.host_capacity;
       return capacity > Bytes{} ? whole_value(capacity) : Value{};
     }},
    {"max_seq_len", [](View v) { return v.e ? Value{v.r.max_seq_len.count} : Value{}; }},
    {"usd_per_million_tokens",
     [](View v) {
       const bool known = v.e && v.q.cluster.price_per_gpu_hour > Dollars{};
       return known ? Value{v.r.per_million_tokens.value()} : Value{};
     }},
};

}  // namespace

Value whole_value(double value) {
  if (std::abs(value) < 9007199254740992.0 && value == std::floor(value)) return static_cast<std::int64_t>(value);
  return value;
}

std::span<const RowField> row_fields() { return kFields; }

bool is_absent(std::string_view group, const Row& row) {
  if (group == "refused") return !row.refused;
  const bool of_estimate = group == "layer" || group == "step" || group == "memory";
  return of_estimate && !row.estimate;
}

Value get(const RowField& field, const Question& question, const Row& row) {
  if (is_absent(field.name.substr(0, field.name.find('.')), row)) return {};
  return get_present(field, question, row);
}

Value get_present(const RowField& field, const Question& question, const Row& row) {
  Value value = field.get({question, row, row.estimate ? &*row.estimate : nullptr});
  const double* real = std::get_if<double>(&value);
  if (real != nullptr && !std::isfinite(*real)) value = {};
  return value;
}

}  // namespace ithaca
