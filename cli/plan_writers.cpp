#include "cli/plan_writers.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/csv_writer.hpp"
#include "cli/framework_flag.hpp"
#include "cli/text.hpp"
#include "model/units.hpp"

namespace ithaca {
namespace {

constexpr int kRankWidth = 4;
constexpr int kNumberWidth = 10;

/// A column of numbers in one unit.
struct Column {
  std::string title;
  std::vector<std::string> cells;
};

using ValueOf = double (*)(const PlanRow&);

Column column(const PlanReport& report, std::string title, std::span<const Scale> scales, ValueOf value) {
  std::vector<double> values;
  for (const PlanRow& row : report.rows) values.push_back(value(row));
  const Scale scale = common_scale(values, scales);
  Column c{std::move(title), {}};
  if (!scale.unit.empty()) c.title += (c.title.empty() ? "" : ", ") + std::string(scale.unit);
  for (const double v : values) c.cells.push_back(significant(v / scale.size));
  return c;
}

bool priced(const PlanReport& report) {
  const auto& clusters = report.question.clusters;
  return std::any_of(clusters.begin(), clusters.end(),
                     [](const Cluster& c) { return c.price_per_gpu_hour > Dollars{}; });
}

std::vector<Column> columns(const PlanReport& report) {
  constexpr Scale kOnes[] = {{"", 1}};
  std::vector<Column> all;
  if (report.question.goal == Goal::longest) {
    Column longest{"tokens", {}};
    for (const PlanRow& row : report.rows) longest.cells.push_back(grouped(row.planned.seq_len.count));
    all.push_back(std::move(longest));
  }
  all.push_back(
      column(report, "step", kSecondScales, [](const PlanRow& r) { return r.row.estimate->step.time.value(); }));
  all.push_back(column(report, "tokens/s", kOnes, [](const PlanRow& r) { return r.row.tokens_per_s.value(); }));
  if (priced(report) && report.question.goal != Goal::longest) {
    all.push_back(column(report, "USD/10^6", kOnes, [](const PlanRow& r) { return r.row.per_million_tokens.value(); }));
  }
  all.push_back(
      column(report, "", kByteScales, [](const PlanRow& r) { return r.row.estimate->memory.peak().value(); }));
  return all;
}

bool one_offer(const PlanQuestion& q) { return q.clusters.size() * q.gpus.size() == 1; }

std::string offer_words(const PlanRow& row) {
  return fmt::format("{} {}: ", grouped(row.planned.gpus), row.question.cluster.name);
}

/// A line of numbers under the layout's own lines.
std::string write_rows(const PlanReport& report, const Style& style) {
  const std::vector<Column> numbers = columns(report);
  const int width = style.width - kRankWidth - kNumberWidth * static_cast<int>(numbers.size());
  std::string text = style.strong(fmt::format("{:<{}}", "   layout", kRankWidth + width));
  for (const Column& c : numbers) text += style.strong(fmt::format("{:>{}}", c.title, kNumberWidth));
  text += "\n";
  for (std::size_t i = 0; i < report.rows.size(); ++i) {
    const PlanRow& row = report.rows[i];
    if (i == report.answer.best.size()) text += style.strong("   best of the other strategies") + "\n";
    const std::string layout = (one_offer(report.question) ? "" : offer_words(row)) + plan_words(row);
    std::string lines = wrap(layout, width - 1);
    const std::size_t end = lines.find('\n');
    text += fmt::format("{:>2}  {:<{}}", i + 1, lines.substr(0, end), width);
    for (const Column& c : numbers) text += fmt::format("{:>{}}", c.cells[i], kNumberWidth);
    text += "\n";
    for (std::size_t at = end + 1; at < lines.size();) {
      const std::size_t next = lines.find('\n', at);
      text += "    " + lines.substr(at, next - at) + "\n";
      at = next + 1;
    }
    if (!row.why.empty()) text += wrap(row.why, style.width, "      ", "      ");
  }
  return text;
}

std::string goal_words(const PlanQuestion& q) {
  std::string text = "goal: ";
  switch (q.goal) {
    case Goal::fastest: text += "the fastest step"; break;
    case Goal::longest: text += "the longest sequence that fits"; break;
    case Goal::fewest_gpus: text += "the fewest GPUs"; break;
    case Goal::cheapest: text += "the fewest dollars a token"; break;
  }
  if (q.limits.memory_margin > 0)
    text += fmt::format(", {} % of the memory left free", significant(100 * q.limits.memory_margin));
  if (q.limits.price_per_hour > Dollars{})
    text += fmt::format(", at most {} USD an hour", significant(q.limits.price_per_hour.value()));
  if (q.limits.tokens_per_s > TokensPerSecond{})
    text += fmt::format(", at least {} tokens/s", significant(q.limits.tokens_per_s.value()));
  return text;
}

std::string counts_words(const PlanCounts& c) {
  return fmt::format("searched: {} splits; {} layouts bounded away, {} too large, {} worked out", grouped(c.splits),
                     grouped(c.bounded), grouped(c.too_large), grouped(c.estimated));
}

std::string write_heading(const PlanReport& report, const Style& style) {
  const PlanQuestion& q = report.question;
  const double billions = static_cast<double>(parameter_count(q.model)) / 1e9;
  std::string text = fmt::format("{} ({} billion parameters)", q.model.name, significant(billions));
  if (q.goal != Goal::longest) text += fmt::format(", sequences of {} tokens", grouped(q.work.seq_len.count));
  text = wrap(text + fmt::format(", {} a step", grouped(q.work.global_batch)), style.width);
  for (std::size_t i = 0; i < q.clusters.size(); ++i) {
    const Cluster& c = q.clusters[i];
    std::string gpus = grouped(q.gpus.front());
    if (q.gpus.size() > 1) gpus += " to " + grouped(q.gpus.back());
    std::string line = fmt::format("{} {} GPUs of {}", gpus, c.gpu.name, c.name);
    if (c.price_per_gpu_hour > Dollars{})
      line += fmt::format(", {} USD per GPU-hour ({})", significant(c.price_per_gpu_hour.value()),
                          report.clusters[i].price_source);
    text += wrap(line, style.width, "", "  ");
  }
  text += wrap(fmt::format("{}, {}", name(q.work.dtype), attention_words(q.work)), style.width);
  if (q.work.lora_rank > 0) text += wrap(lora_words(q.model, q.work), style.width, "", "  ");
  if (q.work.framework.framework != Framework::any)
    text += wrap("only what " + words(q.work.framework) + " can run", style.width);
  text += wrap("chosen: " + join_words(report.defaults), style.width, "", "  ");
  return text + wrap(goal_words(q), style.width, "", "  ") +
         wrap(counts_words(report.answer.counts), style.width, "", "  ");
}

std::string write_launch(const PlanLaunch& planned, const Style& style) {
  const LaunchCommand& launch = planned.launch;
  if (launch.words.empty()) return wrap(launch.framework + " " + planned.why_not, style.width, "- ", "  ");
  const bool best = planned.row == 0;
  std::string text =
      best ? "- " + launch.framework + "\n"
           : wrap(fmt::format("{} {}; layout {} it can run", launch.framework, planned.why_not, planned.row + 1),
                  style.width, "- ", "  ");
  std::string line = "    ";
  for (const std::string& word : launch.words) {
    const bool fits = line.size() + word.size() + 3 <= static_cast<std::size_t>(style.width);
    if (!fits && line.size() > 4) {
      text += line + "\\\n";
      line = "      ";
    }
    line += word + " ";
  }
  text += line.substr(0, line.size() - 1) + "\n";
  return launch.settings.empty() ? text : text + wrap(launch.settings, style.width, "    ds_config.json: ", "      ");
}

}  // namespace

std::string write_table(const PlanReport& report, const Style& style) {
  std::string text = write_heading(report, style);
  if (!report.rows.empty()) text += "\n" + write_rows(report, style);
  text += "\n" + style.strong("Verdict") + "\n";
  for (const std::string& line : report.verdict) text += wrap(line, style.width);
  if (report.launches.empty()) return text;
  text += "\n" + style.strong("How to ask for it") + "\n";
  for (const PlanLaunch& launch : report.launches) text += write_launch(launch, style);
  return text;
}

std::string write_csv(const PlanReport& report) {
  std::string text = "rank,cluster,recompute,offload,why," + csv_header() + "\r\n";
  for (std::size_t i = 0; i < report.rows.size(); ++i) {
    const PlanRow& row = report.rows[i];
    text +=
        fmt::format("{},{},{},{},{},{}\r\n", i + 1, csv_cell(row.question.cluster.name), name(row.planned.recompute),
                    csv_cell(offload_words(row.planned.offload)), csv_cell(row.why), csv_line(row.question, row.row));
  }
  return text;
}

}  // namespace ithaca
