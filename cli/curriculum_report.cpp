#include "cli/curriculum_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/csv_writer.hpp"
#include "cli/text.hpp"
#include "model/units.hpp"

namespace ithaca {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kDay = 86400;

const Cluster& cluster_of(const CurriculumReport& report, const CurriculumOffer& offer) {
  return report.question.plan.clusters[offer.cluster];
}

std::string layout_of(const CurriculumReport& report, const StageAnswer& stage) {
  if (!stage.planned) return "none fits";
  PlanRow row{*stage.planned, {}, {}, ""};
  row.question.model = report.question.plan.model;
  row.row.strategy = stage.planned->layout.strategy;
  row.row.layout = stage.planned->layout;
  return plan_words(row);
}

std::string offer_words(const CurriculumReport& report, const CurriculumOffer& offer) {
  return fmt::format("{} GPUs of {}", grouped(offer.gpus), cluster_of(report, offer).name);
}

std::string cost_words(const CurriculumReport& report, const CurriculumOffer& offer, Seconds time, Dollars cost) {
  std::string text = significant(time.value() / kDay) + " days";
  if (cluster_of(report, offer).price_per_gpu_hour > Dollars{})
    text += fmt::format(" and {} USD", significant(cost.value()));
  return text;
}

std::string cost_words(const CurriculumReport& report, const CurriculumOffer& offer) {
  if (!report.question.failures) return cost_words(report, offer, offer.time, offer.cost);
  return fmt::format("{} among failures ({} without)", cost_words(report, offer, offer.wall, offer.paid),
                     cost_words(report, offer, offer.time, offer.cost));
}

/// "30 s", "45 min", "3.1 h"
std::string duration_words(Seconds time) {
  if (time < Seconds{60}) return print(time);
  if (time < Seconds{3600}) return significant(time.value() / 60) + " min";
  return significant(time.value() / 3600) + " h";
}

std::string failure_words(const Goodput& g) {
  if (g.trained == 0) return fmt::format("a failure every {}: it never ends", duration_words(g.job_mtbf));
  return fmt::format(
      "a failure every {}, a checkpoint every {}: {} % of the time trains, {} % writes, {} % is lost, {} % restarts",
      duration_words(g.job_mtbf), duration_words(g.every), significant(100 * g.trained), significant(100 * g.written),
      significant(100 * g.redone), significant(100 * g.restarted));
}

std::string stage_words(const CurriculumReport& report, const StageAnswer& stage, const Style& style) {
  std::string text = wrap(layout_of(report, stage), style.width, "      ", "      ");
  if (report.question.failures && stage.planned)
    text += wrap(failure_words(stage.goodput), style.width, "      ", "      ");
  return text;
}

constexpr std::string_view kStageLine = "{:>11}{:>10}{:>9}{:>10}{:>11}{:>8}{:>9}{:>12}\n";

std::string stage_line(const CurriculumReport& report, const CurriculumOffer& offer, std::size_t i) {
  const StageAnswer& a = offer.stages[i];
  const CurriculumStage& stage = report.question.stages[i];
  if (!a.planned)
    return fmt::format(fmt::runtime(kStageLine), grouped(stage.seq_len.count),
                       significant(static_cast<double>(stage.tokens)), grouped(a.global_batch), "-", "-", "-", "-",
                       "-");
  const double rate = static_cast<double>(a.global_batch * stage.seq_len.count) / a.step.value();
  const bool priced = cluster_of(report, offer).price_per_gpu_hour > Dollars{};
  return fmt::format(fmt::runtime(kStageLine), grouped(stage.seq_len.count),
                     significant(static_cast<double>(stage.tokens)), grouped(a.global_batch), print(a.step),
                     significant(rate), significant(100 * a.mfu), significant(a.time.value() / kDay),
                     priced ? significant(a.cost.value()) : "-");
}

std::string heading(const CurriculumReport& report, const Style& style) {
  const PlanQuestion& q = report.question.plan;
  const double billions = static_cast<double>(parameter_count(q.model)) / 1e9;
  std::string text =
      wrap(fmt::format("{} ({} billion parameters), {} stage{} of one job, at most {} tokens a step", q.model.name,
                       significant(billions), report.question.stages.size(),
                       report.question.stages.size() == 1 ? "" : "s", grouped(report.question.batch_tokens)),
           style.width);
  text += wrap(fmt::format("{}, {}; each stage with its fastest layout; goal: {}", name(q.work.dtype),
                           attention_words(q.work), q.goal == Goal::cheapest ? "the fewest dollars" : "the least time"),
               style.width);
  if (const auto& f = report.question.failures)
    text += wrap(fmt::format("a GPU fails every {}, a checkpoint takes {}, a restart {}", duration_words(f->gpu_mtbf),
                             duration_words(f->checkpoint), duration_words(f->restart)),
                 style.width);
  return text + wrap("chosen: " + join_words(report.job.defaults), style.width, "", "  ");
}

/// Neighbouring stages whose layouts differ.
int changes(const CurriculumOffer& offer) {
  int count = 0;
  for (std::size_t i = 1; i < offer.stages.size(); ++i)
    count += !(offer.stages[i].planned->layout == offer.stages[i - 1].planned->layout);
  return count;
}

std::vector<std::string> verdict(const CurriculumReport& report) {
  if (report.offers.empty()) return {"No offer is within the limits."};
  const CurriculumOffer& best = report.offers.front();
  if (!best.feasible) {
    for (std::size_t i = 0; i < best.stages.size(); ++i) {
      const std::string length = grouped(report.question.stages[i].seq_len.count);
      if (!best.stages[i].planned)
        return {fmt::format("No offer trains every stage: sequences of {} tokens fit no layout of {}.", length,
                            offer_words(report, best))};
      if (best.stages[i].goodput.trained == 0)
        return {fmt::format("No offer trains every stage: {} fail too often for the one of {} tokens to end.",
                            offer_words(report, best), length),
                "Write checkpoints more often, in less time, or restart sooner."};
    }
  }
  const auto longest = std::max_element(best.stages.begin(), best.stages.end(),
                                        [](const auto& a, const auto& b) { return a.time < b.time; });
  const auto at = static_cast<std::size_t>(longest - best.stages.begin());
  std::vector<std::string> lines{
      fmt::format("Take {}: {} in all.", offer_words(report, best), cost_words(report, best))};
  lines.push_back(fmt::format("Stage {} ({} tokens) takes {} % of the time.", at + 1,
                              grouped(report.question.stages[at].seq_len.count),
                              significant(100 * (longest->time / best.time))));
  if (const int count = changes(best); count > 0)
    lines.push_back(fmt::format("The layout changes {} between stages: resume from a checkpoint that can be resharded.",
                                count == 1 ? "once" : fmt::format("{} times", count)));
  return lines;
}

Json json_of(const Goodput& g) {
  return {{"job_mtbf_s", g.job_mtbf.value()},
          {"checkpoint_every_s", g.every.value()},
          {"trained", g.trained},
          {"written", g.written},
          {"redone", g.redone},
          {"restarted", g.restarted}};
}

}  // namespace

CurriculumReport make_curriculum(PlanReport job, const PlanRequest& request) {
  CurriculumReport report{std::move(job), {}, {}};
  report.question = {report.job.question, request.stages, request.batch_tokens, request.failures};
  report.offers = plan_curriculum(report.question);
  return report;
}

std::string write_table(const CurriculumReport& report, const Style& style) {
  std::string text = heading(report, style);
  if (!report.offers.empty()) {
    const CurriculumOffer& best = report.offers.front();
    text += "\n" + style.strong(offer_words(report, best)) + "\n";
    text += style.strong(fmt::format(fmt::runtime(kStageLine), "length", "tokens", "batch", "step", "tokens/s",
                                     "MFU, %", "days", "USD"));
    for (std::size_t i = 0; i < best.stages.size(); ++i)
      text += stage_line(report, best, i) + stage_words(report, best.stages[i], style);
    if (best.feasible) text += wrap("total: " + cost_words(report, best), style.width);
  }
  if (report.offers.size() > 1) text += "\n" + style.strong("Other offers") + "\n";
  for (std::size_t i = 1; i < report.offers.size(); ++i) {
    const CurriculumOffer& offer = report.offers[i];
    text += wrap(fmt::format("{}: {}", offer_words(report, offer),
                             offer.feasible ? cost_words(report, offer) : "a stage does not fit or never ends"),
                 style.width, "- ", "  ");
  }
  text += "\n" + style.strong("Verdict") + "\n";
  for (const std::string& line : verdict(report)) text += wrap(line, style.width);
  return text;
}

std::string write_json(const CurriculumReport& report) {
  Json json = {
      {"format_version", "1.0"},
      {"provenance",
       {{"version", report.job.made_by.version}, {"git", report.job.made_by.git}, {"argv", report.job.made_by.argv}}},
      {"question",
       {{"model", report.question.plan.model.name},
        {"batch_tokens", report.question.batch_tokens},
        {"goal", name(report.question.plan.goal)}}},
      {"notices", report.job.notices},
      {"offers", Json::array()}};
  for (const CurriculumOffer& offer : report.offers) {
    Json stages = Json::array();
    for (std::size_t i = 0; i < offer.stages.size(); ++i) {
      const StageAnswer& a = offer.stages[i];
      Json stage = {{"seq_len", report.question.stages[i].seq_len.count},
                    {"tokens", report.question.stages[i].tokens},
                    {"global_batch", a.global_batch},
                    {"steps", a.steps},
                    {"layout", a.planned ? Json(layout_of(report, a)) : Json(nullptr)},
                    {"step_s", a.step.value()},
                    {"time_s", a.time.value()},
                    {"usd", a.cost.value()},
                    {"mfu", a.mfu},
                    {"peak_bytes", a.peak.value()}};
      if (report.question.failures) stage["goodput"] = json_of(a.goodput);
      stages.push_back(std::move(stage));
    }
    json["offers"].push_back({{"cluster", cluster_of(report, offer).name},
                              {"gpus", offer.gpus},
                              {"feasible", offer.feasible},
                              {"time_s", offer.time.value()},
                              {"usd", offer.cost.value()},
                              {"stages", std::move(stages)}});
    if (!report.question.failures) continue;
    json["offers"].back()["wall_s"] = offer.feasible ? Json(offer.wall.value()) : Json(nullptr);
    json["offers"].back()["paid_usd"] = offer.feasible ? Json(offer.paid.value()) : Json(nullptr);
  }
  json["verdict"] = verdict(report);
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string write_csv(const CurriculumReport& report) {
  std::string text =
      "cluster,gpus,stage,seq_len,tokens,global_batch,steps,layout,step_s,time_s,usd,mfu,peak_bytes,trained\r\n";
  for (const CurriculumOffer& offer : report.offers) {
    for (std::size_t i = 0; i < offer.stages.size(); ++i) {
      const StageAnswer& a = offer.stages[i];
      text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{}\r\n", csv_cell(cluster_of(report, offer).name),
                          offer.gpus, i + 1, report.question.stages[i].seq_len.count, report.question.stages[i].tokens,
                          a.global_batch, a.steps, csv_cell(layout_of(report, a)), a.step.value(), a.time.value(),
                          a.cost.value(), a.mfu, a.peak.value(), a.goodput.trained);
    }
  }
  return text;
}

}  // namespace ithaca
