#include "cli/page_curriculum.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/chart_bars.hpp"
#include "cli/markup.hpp"
#include "cli/page_charts.hpp"
#include "cli/page_writer.hpp"
#include "cli/saved_answer.hpp"
#include "cli/text.hpp"

namespace ithaca {
namespace {

constexpr std::size_t kStageColors = 10;
constexpr double kDay = 86400;

struct StageRow {
  std::int64_t seq_len = 0, batch = 0, steps = 0;
  double tokens = 0, step = 0, time = 0, usd = 0, mfu = 0, peak = 0;
  std::string layout;  ///< empty where none is feasible
};

struct OfferRow {
  std::string name;
  double time = 0, usd = 0;  ///< without failures
  double wall = 0;           ///< with them; zero where none were asked about
  bool feasible = false;
  std::vector<StageRow> stages;
};

struct CurriculumAnswer {
  std::string title;
  std::vector<std::string> verdict;
  std::vector<OfferRow> offers;
  PageFacts made_by;
};

StageRow stage_row(const nlohmann::json& json) {
  StageRow row;
  row.seq_len = whole(json, "seq_len");
  row.batch = whole(json, "global_batch");
  row.steps = whole(json, "steps");
  row.tokens = number(json, "tokens");
  if (json.at("layout").is_null()) return row;
  row.layout = text(json, "layout");
  row.step = number(json, "step_s");
  row.time = number(json, "time_s");
  row.usd = number(json, "usd");
  row.mfu = number(json, "mfu");
  row.peak = number(json, "peak_bytes");
  return row;
}

OfferRow offer_row(const nlohmann::json& json) {
  OfferRow row;
  row.name = fmt::format("{} x {}", grouped(whole(json, "gpus")), text(json, "cluster"));
  row.feasible = json.at("feasible").get<bool>();
  for (const auto& stage : json.at("stages")) row.stages.push_back(stage_row(stage));
  if (!row.feasible) return row;
  row.time = number(json, "time_s");
  row.usd = number(json, json.contains("paid_usd") ? "paid_usd" : "usd");
  if (json.contains("wall_s")) row.wall = number(json, "wall_s");
  return row;
}

CurriculumAnswer curriculum_answer(const nlohmann::json& json) {
  const auto &asked = json.at("question"), &made = json.at("provenance");
  CurriculumAnswer answer;
  answer.title =
      fmt::format("{}, a whole job, {} tokens a step", text(asked, "model"), grouped(whole(asked, "batch_tokens")));
  answer.verdict = json.at("verdict").get<std::vector<std::string>>();
  for (const auto& offer : json.at("offers")) answer.offers.push_back(offer_row(offer));
  if (answer.offers.empty()) throw Unexpected("it has no offers");
  answer.made_by.command = command_of(made);
  answer.made_by.version = version_of(made);
  return answer;
}

/// What failures add comes last; further stages than have a colour are one.
std::string offer_bars(const CurriculumAnswer& answer) {
  BarChart chart{"Days of each offer by stage of the curriculum", "days", {}, {}, false, {}, ""};
  const std::vector<StageRow>& stages = answer.offers.front().stages;
  for (std::size_t i = 0; i < std::min(stages.size(), kStageColors - 1); ++i)
    chart.series.push_back(fmt::format("stage {}: {} tokens long", i + 1, grouped(stages[i].seq_len)));
  const bool more = stages.size() >= kStageColors;
  const auto fails = [](const OfferRow& offer) { return offer.wall > 0; };
  const bool failures = std::any_of(answer.offers.begin(), answer.offers.end(), fails);
  if (more || failures)
    chart.series.emplace_back(!more      ? "checkpoints and failures"
                              : failures ? "further stages, failures"
                                         : "further stages");
  for (const OfferRow& offer : answer.offers) {
    BarChart::Bar bar{offer.name, "not feasible", {}};
    if (offer.feasible) {
      const double time = std::max(offer.time, offer.wall);
      bar.total = fmt::format("{} days, {} USD", significant(time / kDay), significant(offer.usd));
      bar.values.assign(chart.series.size(), 0);
      for (std::size_t i = 0; i < offer.stages.size(); ++i)
        bar.values[std::min(i, chart.series.size() - 1)] += offer.stages[i].time / kDay;
      bar.values.back() += (time - offer.time) / kDay;
    }
    chart.bars.push_back(std::move(bar));
  }
  return write_bars(chart);
}

std::string stage_table(const CurriculumAnswer& answer) {
  std::string rows = table_row({"offer", "stage", "length", "tokens", "sequences a step", "steps", "layout", "step, s",
                                "days", "USD", "MFU, %", "peak, GiB"},
                               true);
  for (const OfferRow& offer : answer.offers) {
    for (std::size_t i = 0; i < offer.stages.size(); ++i) {
      const StageRow& stage = offer.stages[i];
      std::vector<std::string> cells{escaped(offer.name),    std::to_string(i + 1),
                                     grouped(stage.seq_len), figure(stage.tokens, significant(stage.tokens)),
                                     grouped(stage.batch),   grouped(stage.steps)};
      if (stage.layout.empty()) {
        cells.insert(cells.end(), {"none is feasible", "", "", "", "", ""});
      } else {
        cells.push_back(escaped(stage.layout));
        for (const auto& [value, shown] : {std::pair{stage.step, stage.step},
                                           {stage.time, stage.time / kDay},
                                           {stage.usd, stage.usd},
                                           {stage.mfu, 100 * stage.mfu},
                                           {stage.peak, stage.peak / kGiB}})
          cells.push_back(figure(value, significant(shown)));
      }
      rows += table_row(cells);
    }
  }
  return rows;
}

std::string curriculum_page(const CurriculumAnswer& answer) {
  std::string body = "<section id=\"verdict\">\n<h1>" + escaped(answer.title) + "</h1>\n";
  for (std::size_t i = 0; i < answer.verdict.size(); ++i)
    body += (i == 0 ? "<p class=\"lead\">" : "<p>") + escaped(answer.verdict[i]) + "</p>\n";
  body += "</section>\n<section id=\"figures\">\n<h2>Figures</h2>\n<div class=\"charts\">\n" +
          page_figure("offers", "Days of each offer", "by stage; the first is the one to take", offer_bars(answer),
                      stage_table(answer));
  return page_of(answer.title, body + "</div>\n</section>\n", answer.made_by);
}

}  // namespace

Result<std::string, Diagnostics> write_curriculum_page(const std::string& file, const std::string& text) {
  std::string page;
  Diagnostics problems = try_reading(file, "'ithaca plan --curriculum --json'",
                                     "write one with 'ithaca plan ... --curriculum STAGES --json -o FILE'",
                                     [&] { page = curriculum_page(curriculum_answer(nlohmann::json::parse(text))); });
  if (!problems.empty()) return problems;
  return page;
}

}  // namespace ithaca
