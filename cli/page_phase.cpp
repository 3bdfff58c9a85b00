#include "cli/page_phase.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/chart_bars.hpp"
#include "cli/markup.hpp"
#include "cli/page_charts.hpp"
#include "cli/text.hpp"

namespace ithaca {
namespace {

using PagePassOf = std::optional<PagePass> PageRow::*;

/// In words, beside what a pass has more than its parts.
struct PagePart {
  const char* words;
  double (*seconds)(const PagePass&);
};
constexpr PagePart kPassParts[] = {
    {"matrix products", [](const PagePass& p) { return p.gemm_s; }},
    {"attention", [](const PagePass& p) { return p.attention_s; }},
    {"other kernels", [](const PagePass& p) { return std::max(0.0, p.compute_s - p.gemm_s - p.attention_s); }},
    {"exposed communication", [](const PagePass& p) { return p.exposed_s; }},
    {"hidden communication", [](const PagePass& p) { return std::max(0.0, p.comm_s - p.exposed_s); }}};
constexpr PagePart kPassSums[] = {{"the pass", [](const PagePass& p) { return p.time_s; }},
                                  {"physical bound", [](const PagePass& p) { return p.bound_s; }}};

Scale scale_of(const PageFacts& facts, PagePassOf pass) {
  double most = 0;
  for (const PageRow& row : facts.rows) {
    if (row.*pass) most = std::max(most, (row.*pass)->time_s);
  }
  return common_scale({&most, 1}, kSecondScales);
}

std::string pass_table(const PageFacts& facts, PagePassOf pass, const Scale& scale) {
  std::string rows = table_row(heading_of(facts, std::string(scale.unit)), true);
  const auto add = [&](const PagePart& part) {
    std::vector<std::string> cells{part.words};
    for (const PageRow& row : facts.rows) {
      if (row.refused()) continue;
      const double value = row.*pass ? part.seconds(*(row.*pass)) : 0;
      cells.push_back(row.*pass ? figure(value, significant(value / scale.size)) : "-");
    }
    rows += table_row(cells);
  };
  for (const PagePart& part : kPassParts) add(part);
  for (const PagePart& part : kPassSums) add(part);
  return rows;
}

std::string pass_figure(const PageFacts& facts, PagePassOf pass, const char* id, const char* caption) {
  const Scale scale = scale_of(facts, pass);
  BarChart chart{std::string(caption) + ", split into its parts, for each strategy",
                 std::string(scale.unit),
                 {},
                 {},
                 true,
                 {},
                 ""};
  for (const PagePart& part : kPassParts) chart.series.emplace_back(part.words);
  for (const PageRow& row : facts.rows) {
    BarChart::Bar bar{row.words, row.refused() ? "refused" : "no such pass", {}};
    if (row.*pass) {
      bar.total = fmt::format("{} {}", significant((row.*pass)->time_s / scale.size), scale.unit);
      for (const PagePart& part : kPassParts) bar.values.push_back(part.seconds(*(row.*pass)) / scale.size);
    }
    chart.bars.push_back(std::move(bar));
  }
  return page_figure(id, caption, "hidden communication runs beside compute and adds nothing", write_bars(chart),
                     pass_table(facts, pass, scale));
}

std::string pass_cell(const std::optional<PagePass>& pass) {
  return pass ? figure(pass->time_s, significant(1e3 * pass->time_s)) : "-";
}

}  // namespace

std::string phase_words(const PageFacts& facts) {
  return fmt::format("{} prompt{} at once, {} output token{} each", grouped(facts.global_batch),
                     facts.global_batch == 1 ? "" : "s", grouped(facts.output_tokens),
                     facts.output_tokens == 1 ? "" : "s");
}

std::string phase_rows(const PageFacts& facts) {
  std::string rows = table_row(
      {"strategy", "first token, ms", "each further token, ms", "tokens/s", "USD per 10^6 tokens", "KV cache, GiB",
       "peak, GiB", "fits", "longest prompt that fits", "most sequences that fit", "idle GPUs"},
      true);
  for (const PageRow& row : facts.rows) {
    if (row.refused()) continue;
    const auto count = [](double value) { return figure(value, grouped(static_cast<std::int64_t>(value))); };
    rows += table_row({escaped(row.words), pass_cell(row.prefill), pass_cell(row.decode),
                       figure(row.tokens_per_s, significant(row.tokens_per_s)),
                       row.usd_per_million ? figure(*row.usd_per_million, significant(*row.usd_per_million)) : "-",
                       figure(row.cache_bytes, significant(row.cache_bytes / kGiB)),
                       figure(row.peak_bytes, significant(row.peak_bytes / kGiB)), row.fits ? "yes" : "NO",
                       count(row.longest_tokens), count(row.most_sequences), std::to_string(row.idle_gpus)},
                      false, row.best ? "best" : "");
  }
  return rows;
}

std::string phase_figures(const PageFacts& facts) {
  const std::string prefill = pass_figure(facts, &PageRow::prefill, "prefill", "Prefill: to the first token");
  const std::string decode = pass_figure(facts, &PageRow::decode, "decode", "Decode: a token of each sequence");
  return facts.phase == "prefill" ? prefill + decode : decode + prefill;
}

}  // namespace ithaca
