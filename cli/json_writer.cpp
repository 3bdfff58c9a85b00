#include "cli/json_writer.hpp"

#include <nlohmann/json.hpp>

#include "cli/compare_flags.hpp"
#include "cli/fabric_cables.hpp"
#include "cli/framework_flag.hpp"
#include "cli/inference_fields.hpp"
#include "cli/row_fields.hpp"
#include "cli/verdict.hpp"
#include "model/frameworks.hpp"
#include "model/lora.hpp"

namespace ithaca {
namespace {

using Json = nlohmann::ordered_json;

struct ToJson {
  Json operator()(std::monostate) const { return nullptr; }
  template <class T>
  Json operator()(const T& value) const {
    return value;
  }
};

/// Bytes are whole and exact below 2^53; they are written as integers.
Json bytes(Bytes value) {
  const auto count = static_cast<std::int64_t>(value.value());
  if (static_cast<double>(count) == value.value()) return count;
  return value.value();
}

Json::json_pointer pointer(std::string_view dotted) {
  std::string path = "/" + std::string(dotted);
  for (char& c : path) c = c == '.' ? '/' : c;
  return Json::json_pointer(path);
}

Json collective(const Collective& c) {
  return {{"op", name(c.op)},
          {"tensor", name(c.tensor)},
          {"group", c.group},
          {"count", c.count},
          {"recomputed", c.recomputed},
          {"overlapped", c.overlapped},
          {"message_bytes", bytes(c.message)},
          {"sent_bytes", bytes(c.sent)},
          {"sent_bytes_mean", bytes(c.sent_mean)},
          {"received_bytes", bytes(c.received)},
          {"nic_bytes", bytes(c.nic)},
          {"time_s", c.cost.total().value()},
          {"latency_s", c.cost.latency.value()},
          {"transfer_s", c.cost.transfer.value()},
          {"bound_s", c.cost.bound.value()}};
}

Json collectives(const LayerTraffic& traffic) {
  Json list = Json::array();
  for (const Collective& c : traffic.collectives) list.push_back(collective(c));
  return list;
}

Json terms(const auto& all) {
  Json list = Json::array();
  for (const MemoryTerm& term : all) {
    list.push_back(
        {{"name", term.name}, {"bytes", bytes(term.bytes)}, {"formula", term.formula}, {"source", term.source}});
  }
  return list;
}

Json framework_answers(const Question& question, const Row& row) {
  Json list = Json::array();
  for (const FrameworkAnswer& answer : frameworks(question.model, row.layout)) {
    list.push_back(
        {{"name", answer.framework}, {"accepts", answer.accepts}, {"rule", answer.rule}, {"source", answer.source}});
  }
  return list;
}

Json row_json(const Question& question, const Row& row) {
  Json json = Json::object();
  for (const RowField& field : row_fields()) {
    const std::string group(field.name.substr(0, field.name.find('.')));
    if (is_absent(group, row)) {
      json[group] = nullptr;
    } else {
      json[pointer(field.name)] = std::visit(ToJson{}, get(field, question, row));
    }
  }
  json["frameworks"] = nullptr;
  if (!row.estimate) return json;
  json["frameworks"] = framework_answers(question, row);
  json["layer"]["forward"]["collectives"] = collectives(row.estimate->forward);
  json["layer"]["backward"]["collectives"] = collectives(row.estimate->backward);
  json["step"]["parameter_collectives"] = collectives(row.estimate->parameters);
  json["memory"]["terms"] = terms(row.estimate->memory.terms);
  json["memory"]["host_terms"] = terms(row.estimate->memory.host_terms);
  if (!row.estimate->memory.fits()) json["memory"]["why"] = misfit(row.estimate->memory);
  return json;
}

Json marks(const Question& question) {
  const Gpu& gpu = question.cluster.gpu;
  return {{"gemm", name(gpu.gemm_mark)},
          {"attention", name(gpu.attention_mark)},
          {"links", name(question.cluster.link_mark)},
          {"time", name(time_mark(question))},
          {"volume", "exact"}};
}

Json provenance(const Report& report) {
  const Provenance& p = report.made_by;
  return {
      {"version", p.version},
      {"git", p.git},
      {"argv", p.argv},
      {"inputs",
       {{{"kind", "model"}, {"name", report.question.model.name}, {"file", p.model_file}, {"source", p.model_source}},
        {{"kind", "cluster"},
         {"name", report.question.cluster.name},
         {"file", p.cluster_file},
         {"source", p.cluster_source}}}},
      {"marks", marks(report.question)}};
}

Json framework_json(const Workload& work) {
  return work.framework.framework == Framework::any ? Json(nullptr) : Json(flag_value(work.framework));
}

Json documents(const Packing* packing) {
  if (packing == nullptr) return nullptr;
  return {{"count", packing->documents},
          {"longest", packing->longest},
          {"filled_share", packing->filled},
          {"attention_share", packing->share()}};
}

Json lora_json(const Transformer& model, const Workload& work) {
  if (work.lora_rank == 0) return nullptr;
  return {{"rank", work.lora_rank},
          {"attention", work.lora_targets.attention},
          {"ffn", work.lora_targets.ffn},
          {"trained_parameters", trained_parameter_count(model, work)}};
}

Json question_json(const Report& report) {
  const Question& q = report.question;
  return {{"model", q.model.name},
          {"parameters", parameter_count(q.model)},
          {"cluster", q.cluster.name},
          {"gpu", q.cluster.gpu.name},
          {"gpus", q.gpus},
          {"dtype", name(q.work.dtype)},
          {"recompute", name(q.work.recompute)},
          {"flash", q.work.flash},
          {"attention_kernel", q.work.flash ? Json(report.attention_kernel) : Json(nullptr)},
          {"causal", q.work.causal},
          {"documents", documents(q.work.packing)},
          {"dropout", q.work.dropout},
          {"tiled_loss", q.work.tiled_loss},
          {"fp32_gradients", q.work.fp32_gradients},
          {"framework", framework_json(q.work)},
          {"lora", lora_json(q.model, q.work)},
          {"ring_gradient", q.work.ring_gradient == RingGradient::fp32 ? "fp32" : "half"},
          {"usd_per_gpu_hour", q.cluster.price_per_gpu_hour.value()},
          {"price_source", report.price_source},
          {"defaults", report.defaults}};
}

Json comparison(const TimeComparison& times) {
  Json unknown = Json::array();
  for (const ErrorSource source : times.unknown) unknown.push_back(name(source));
  return {{"probability", times.known ? Json(times.faster) : Json(nullptr)},
          {"log_ratio_deviation", times.known ? Json(times.deviation) : Json(nullptr)},
          {"no_interval_for", unknown}};
}

Json comparisons(const Report& report) {
  Json list = Json::array();
  for (const RowsCompared& c : rows_compared(report)) {
    Json entry = {{"faster", name(c.first->strategy)}, {"than", name(c.second->strategy)}};
    entry.update(comparison(c.times));
    list.push_back(entry);
  }
  return list;
}

Json plan_question(const PlanReport& report) {
  const PlanQuestion& q = report.question;
  Json clusters = Json::array();
  for (std::size_t i = 0; i < q.clusters.size(); ++i) {
    const Cluster& c = q.clusters[i];
    clusters.push_back({{"name", c.name},
                        {"gpu", c.gpu.name},
                        {"file", report.clusters[i].file},
                        {"attention_kernel", report.clusters[i].attention_kernel},
                        {"usd_per_gpu_hour", c.price_per_gpu_hour.value()},
                        {"price_source", report.clusters[i].price_source}});
  }
  return {{"model", q.model.name},
          {"parameters", parameter_count(q.model)},
          {"clusters", clusters},
          {"gpus", q.gpus},
          {"goal", name(q.goal)},
          {"memory_margin", q.limits.memory_margin},
          {"max_usd_per_hour", q.limits.price_per_hour.value()},
          {"min_tokens_per_s", q.limits.tokens_per_s.value()},
          {"global_batch", q.work.global_batch},
          {"dtype", name(q.work.dtype)},
          {"flash", q.work.flash},
          {"causal", q.work.causal},
          {"may_offload", offload_words(q.work.offload)},
          {"framework", framework_json(q.work)},
          {"lora", lora_json(q.model, q.work)},
          {"defaults", report.defaults}};
}

Json plan_row(const PlanReport& report, std::size_t index) {
  const PlanRow& row = report.rows[index];
  Json json = row_json(row.question, row.row);
  json["best_of"] = index < report.answer.best.size() ? "all" : "strategy";
  json["cluster"] = row.question.cluster.name;
  json["settings"] = {{"recompute", name(row.planned.recompute)}, {"offload", offload_words(row.planned.offload)}};
  json["why"] = row.why.empty() ? Json(nullptr) : Json(row.why);
  return json;
}

Json launch_json(const PlanLaunch& planned) {
  const LaunchCommand& launch = planned.launch;
  const bool none = launch.words.empty();
  return {{"framework", launch.framework},
          {"row", none ? Json(nullptr) : Json(planned.row)},
          {"command", none ? Json(nullptr) : Json(launch.words)},
          {"settings", launch.settings.empty() ? Json(nullptr) : Json(launch.settings)},
          {"why_not_the_best", planned.why_not.empty() ? Json(nullptr) : Json(planned.why_not)},
          {"source", launch.source}};
}

Json inference_row(const InferenceReport& report, const InferenceRow& row) {
  Json json = Json::object();
  for (const InferenceField& field : inference_fields()) {
    const std::string group(field.name.substr(0, field.name.find('.')));
    if (is_absent(group, row)) {
      json[group] = nullptr;
    } else {
      json[pointer(field.name)] = std::visit(ToJson{}, get(field, report.job.question, report.inference, row));
    }
  }
  if (!row.estimate) return json;
  json["layer"]["forward"]["collectives"] = collectives(pass_of(*row.estimate, report.inference.phase).layer);
  json["memory"]["terms"] = terms(row.estimate->memory.terms);
  if (!row.estimate->memory.fits()) json["memory"]["why"] = misfit(row.estimate->memory);
  return json;
}

}  // namespace

std::string write_json(const Report& report) {
  Json json = {{"format_version", "1.0"}, {"provenance", provenance(report)}, {"question", question_json(report)}};
  json["engine"] = report.engine.empty() ? "analytic" : "event";
  if (!report.engine.empty()) json["network"] = report.engine;
  json["notices"] = report.notices;
  json["rows"] = Json::array();
  for (const Row& row : report.rows) json["rows"].push_back(row_json(report.question, row));
  json["best"] = report.best ? Json(name(report.rows[*report.best].strategy)) : Json(nullptr);
  json["verdict"] = verdict(report);
  json["comparisons"] = comparisons(report);
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string write_json(const PlanReport& report) {
  Report made;
  made.made_by = report.made_by;
  made.question.model = report.question.model;
  made.question.cluster = report.question.clusters.front();
  const PlanCounts& counts = report.answer.counts;
  Json json = {{"format_version", "1.0"}, {"provenance", provenance(made)}, {"question", plan_question(report)}};
  json["searched"] = {{"splits", counts.splits},
                      {"bounded", counts.bounded},
                      {"too_large", counts.too_large},
                      {"estimated", counts.estimated}};
  json["notices"] = report.notices;
  json["rows"] = Json::array();
  for (std::size_t i = 0; i < report.rows.size(); ++i) json["rows"].push_back(plan_row(report, i));
  const auto times = best_against_next(report);
  json["best_against_next"] = times ? comparison(*times) : Json(nullptr);
  json["verdict"] = report.verdict;
  json["launch"] = Json::array();
  for (const PlanLaunch& launch : report.launches) json["launch"].push_back(launch_json(launch));
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string write_json(const InferenceReport& report) {
  const Question& q = report.job.question;
  Json json = {{"format_version", "1.0"}, {"provenance", provenance(report.job)}};
  json["question"] = {{"model", q.model.name},
                      {"parameters", parameter_count(q.model)},
                      {"cluster", q.cluster.name},
                      {"gpu", q.cluster.gpu.name},
                      {"gpus", q.gpus},
                      {"phase", name(report.inference.phase)},
                      {"batch", q.work.global_batch},
                      {"output_tokens", report.inference.output_tokens},
                      {"dtype", name(q.work.dtype)},
                      {"kv_element_bytes", report.inference.cache_element},
                      {"usd_per_gpu_hour", q.cluster.price_per_gpu_hour.value()},
                      {"price_source", report.job.price_source},
                      {"defaults", report.job.defaults}};
  json["notices"] = report.job.notices;
  json["rows"] = Json::array();
  for (const InferenceRow& row : report.rows) json["rows"].push_back(inference_row(report, row));
  json["best"] = report.best ? Json(name(report.rows[*report.best].strategy)) : Json(nullptr);
  json["verdict"] = inference_verdict(report);
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ithaca
