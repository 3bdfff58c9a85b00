#include "cli/inference_fields.hpp"

#include <fmt/format.h>

#include <cmath>

#include "cli/csv_writer.hpp"

namespace ithaca {
namespace {

using View = InferenceField::View;

const LayerTraffic& layer(View v) { return pass_of(*v.e, v.inference.phase).layer; }

constexpr InferenceField kFields[] = {
    {"strategy", [](View v) -> Value { return std::string(name(v.row.strategy)); }},
    {"phase", [](View v) -> Value { return std::string(name(v.inference.phase)); }},
    {"layout.ulysses", [](View v) { return whole_value(v.row.layout.ulysses); }},
    {"layout.ring", [](View v) { return whole_value(v.row.layout.ring); }},
    {"layout.tp", [](View v) { return whole_value(v.row.layout.tp); }},
    {"layout.pp", [](View v) { return whole_value(v.row.layout.pp); }},
    {"layout.dp", [](View v) { return whole_value(v.row.layout.dp); }},
    {"layout.zero", [](View v) { return whole_value(v.row.layout.zero); }},
    {"layout.ep", [](View v) { return whole_value(v.row.layout.ep); }},
    {"seq_len", [](View v) -> Value { return v.question.work.seq_len.count; }},
    {"padded_seq_len", [](View v) -> Value { return v.e ? Value{v.e->padded_seq.count} : Value{}; }},
    {"batch", [](View v) -> Value { return v.question.work.global_batch; }},
    {"output_tokens", [](View v) -> Value { return v.inference.output_tokens; }},
    {"gpus", [](View v) { return whole_value(v.question.gpus); }},
    {"active_gpus", [](View v) { return v.e ? whole_value(v.e->active_gpus) : Value{}; }},
    {"idle_gpus", [](View v) { return v.e ? whole_value(v.row.idle_gpus) : Value{}; }},
    {"refused.rule", [](View v) -> Value { return std::string(name(*v.row.refused)); }},
    {"refused.why", [](View v) -> Value { return why(*v.row.refused); }},
    {"refused.instead", [](View v) -> Value { return instead(*v.row.refused); }},
    {"layer.forward.sent_bytes", [](View v) { return whole_value(layer(v).sent); }},
    {"layer.forward.received_bytes", [](View v) { return whole_value(layer(v).received); }},
    {"layer.forward.nic_bytes", [](View v) { return whole_value(layer(v).nic); }},
    {"layer.forward.time_s", [](View v) -> Value { return layer(v).time.value(); }},
    {"layer.forward.bound_s", [](View v) -> Value { return layer(v).bound.value(); }},
    {"prefill.time_to_first_token_s", [](View v) -> Value { return v.e->prefill->time.value(); }},
    {"prefill.compute_s", [](View v) -> Value { return v.e->prefill->compute.value(); }},
    {"prefill.gemm_s", [](View v) -> Value { return v.e->prefill->parts.gemm.value(); }},
    {"prefill.attention_s", [](View v) -> Value { return v.e->prefill->parts.attention.value(); }},
    {"prefill.memory_bound_s", [](View v) -> Value { return v.e->prefill->parts.memory_bound.value(); }},
    {"prefill.imbalance_s", [](View v) -> Value { return v.e->prefill->parts.imbalance.value(); }},
    {"prefill.comm_s", [](View v) -> Value { return v.e->prefill->comm.value(); }},
    {"prefill.exposed_comm_s", [](View v) -> Value { return v.e->prefill->exposed.value(); }},
    {"prefill.bound_s", [](View v) -> Value { return v.e->prefill->bound.value(); }},
    {"prefill.model_flops", [](View v) { return whole_value(v.e->model_flops.value()); }},
    {"prefill.model_tflops_per_gpu", [](View v) -> Value { return v.row.model_rate_per_gpu.value() / 1e12; }},
    {"prefill.mfu", [](View v) -> Value { return v.row.mfu; }},
    {"decode.time_per_output_token_s", [](View v) -> Value { return v.e->decode->time.value(); }},
    {"decode.compute_s", [](View v) -> Value { return v.e->decode->compute.value(); }},
    {"decode.gemm_s", [](View v) -> Value { return v.e->decode->parts.gemm.value(); }},
    {"decode.attention_s", [](View v) -> Value { return v.e->decode->parts.attention.value(); }},
    {"decode.memory_bound_s", [](View v) -> Value { return v.e->decode->parts.memory_bound.value(); }},
    {"decode.comm_s", [](View v) -> Value { return v.e->decode->comm.value(); }},
    {"decode.exposed_comm_s", [](View v) -> Value { return v.e->decode->exposed.value(); }},
    {"decode.bound_s", [](View v) -> Value { return v.e->decode->bound.value(); }},
    {"decode.read_bytes", [](View v) { return whole_value(v.e->decode->read); }},
    {"decode.bandwidth_share", [](View v) -> Value { return v.row.bandwidth_share; }},
    {"answer_time_s",
     [](View v) {
       const Seconds time = v.e ? answer_time(v.inference, *v.e) : Seconds{};
       return time > Seconds{} ? Value{time.value()} : Value{};
     }},
    {"tokens_per_s", [](View v) { return v.e ? Value{v.row.tokens_per_s.value()} : Value{}; }},
    {"mark", [](View v) -> Value { return std::string(name(time_mark(v.question))); }},
    {"kv_cache.bytes_per_gpu", [](View v) { return whole_value(v.e->cache); }},
    {"kv_cache.bytes_once", [](View v) { return whole_value(v.e->cache_once); }},
    {"memory.peak_bytes", [](View v) { return whole_value(v.e->memory.peak()); }},
    {"memory.capacity_bytes", [](View v) { return whole_value(v.e->memory.capacity); }},
    {"memory.fits", [](View v) -> Value { return v.e->memory.fits(); }},
    {"memory.operator", [](View v) -> Value { return std::string(name(v.e->memory.op)); }},
    {"memory.stage", [](View v) { return whole_value(v.e->memory.stage); }},
    {"max_seq_len", [](View v) { return v.e ? Value{v.row.max_seq_len.count} : Value{}; }},
    {"max_batch", [](View v) { return v.e ? Value{v.row.max_batch} : Value{}; }},
    {"usd_per_million_tokens",
     [](View v) {
       const bool known = v.e && v.question.cluster.price_per_gpu_hour > Dollars{};
       return known ? Value{v.row.per_million_tokens.value()} : Value{};
     }},
};

struct Cell {
  std::string operator()(std::monostate) const { return ""; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(const std::string& value) const { return csv_cell(value); }
  template <class Number>
  std::string operator()(Number value) const {
    return fmt::format("{}", value);
  }
};

}  // namespace

std::span<const InferenceField> inference_fields() { return kFields; }

bool is_absent(std::string_view group, const InferenceRow& row) {
  if (group == "refused") return !row.refused;
  if (group == "prefill") return !row.estimate || !row.estimate->prefill;
  if (group == "decode") return !row.estimate || !row.estimate->decode;
  return !row.estimate && (group == "layer" || group == "kv_cache" || group == "memory");
}

Value get(const InferenceField& field, const Question& question, const Inference& inference, const InferenceRow& row) {
  if (is_absent(field.name.substr(0, field.name.find('.')), row)) return {};
  return field.get({question, inference, row, row.estimate ? &*row.estimate : nullptr});
}

std::string write_csv(const InferenceReport& report) {
  std::string text;
  for (const InferenceField& field : inference_fields()) text += (text.empty() ? "" : ",") + std::string(field.name);
  for (const InferenceRow& row : report.rows) {
    text += "\r\n";
    std::string comma;
    for (const InferenceField& field : inference_fields()) {
      text += comma + std::visit(Cell{}, get(field, report.job.question, report.inference, row));
      comma = ",";
    }
  }
  return text + "\r\n";
}

}  // namespace ithaca
