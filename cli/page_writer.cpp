#include "cli/page_writer.hpp"

#include <fmt/format.h>

#include "cli/markup.hpp"
#include "cli/page_charts.hpp"
#include "cli/page_live.hpp"
#include "cli/page_phase.hpp"
#include "cli/page_style.hpp"
#include "cli/text.hpp"

namespace ithaca {
namespace {

std::string title_of(const PageFacts& facts) {
  return fmt::format("{}, {}{} tokens on {} GPU{} of {}", facts.model, facts.phase.empty() ? "" : "prompts of ",
                     grouped(facts.seq_len), grouped(facts.gpus), facts.gpus == 1 ? "" : "s", facts.cluster);
}

/// "1 sequence a step"
std::string batch_words(const PageFacts& facts) {
  if (!facts.phase.empty()) return phase_words(facts);
  return facts.global_batch == 1 ? "1 sequence a step" : grouped(facts.global_batch) + " sequences a step";
}

std::string paragraph(std::string_view text, std::string_view style = "") {
  return style.empty() ? fmt::format("<p>{}</p>\n", escaped(text))
                       : fmt::format("<p class=\"{}\">{}</p>\n", style, escaped(text));
}

std::string list(const std::vector<std::string>& items) {
  std::string html = "<ul>\n";
  for (const std::string& item : items) html += fmt::format("<li>{}</li>\n", escaped(item));
  return items.empty() ? "" : html + "</ul>\n";
}

std::string head(const std::string& title, bool live) {
  const std::string script = live ? "script-src 'wasm-unsafe-eval' " + script_source() + "; " : "";
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; {}"
      "base-uri 'none'; form-action 'none'\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
      "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>{}</title>\n<style>{}</style>\n</head>\n",
      script, escaped(title), kPageStyle);
}

std::string verdict_section(const PageFacts& facts) {
  std::string html = "<section id=\"verdict\">\n<h1>" + escaped(title_of(facts)) + "</h1>\n";
  html += paragraph(fmt::format("{} billion parameters, {}, {}; {} GPUs at {} USD per GPU-hour ({})",
                                significant(facts.parameters / 1e9), batch_words(facts), facts.settings, facts.gpu,
                                significant(facts.usd_per_gpu_hour), facts.price_source),
                    "soft");
  for (std::size_t i = 0; i < facts.verdict.size(); ++i) html += paragraph(facts.verdict[i], i == 0 ? "lead" : "");
  return html + "</section>\n";
}

std::vector<std::string> summary_cells(const PageRow& row) {
  return {escaped(row.words),
          figure(row.step_s, significant(row.step_s)),
          figure(row.tokens_per_s, significant(row.tokens_per_s)),
          figure(row.mfu, significant(100 * row.mfu)),
          row.usd_per_million ? figure(*row.usd_per_million, significant(*row.usd_per_million)) : "-",
          figure(row.forward_bytes, significant(row.forward_bytes / kGiB)),
          figure(row.backward_bytes, significant(row.backward_bytes / kGiB)),
          figure(row.peak_bytes, significant(row.peak_bytes / kGiB)),
          row.fits ? "yes" : "NO",
          figure(row.longest_tokens, grouped(static_cast<std::int64_t>(row.longest_tokens))),
          std::to_string(row.idle_gpus)};
}

std::string step_rows(const PageFacts& facts) {
  std::string rows =
      table_row({"strategy", "step, s", "tokens/s", "MFU, %", "USD per 10^6 tokens", "forward sends, GiB a layer",
                 "backward sends, GiB a layer", "peak, GiB", "fits", "longest N that fits", "idle GPUs"},
                true);
  for (const PageRow& row : facts.rows) {
    if (!row.refused()) rows += table_row(summary_cells(row), false, row.best ? "best" : "");
  }
  return rows;
}

std::string summary_section(const PageFacts& facts) {
  std::vector<std::string> refusals;
  for (const PageRow& row : facts.rows) {
    if (row.refused())
      refusals.push_back(fmt::format("{} is refused ({}): {}; instead: {}", row.words, row.rule, row.why, row.instead));
    if (!row.lost.empty()) refusals.push_back(row.words + ": " + row.lost);
  }
  return "<section id=\"summary\">\n<h2>Side by side</h2>\n" +
         table(facts.phase.empty() ? step_rows(facts) : phase_rows(facts), "Strategies side by side") + list(refusals) +
         "</section>\n";
}

std::string tables_section(const PageFacts& facts) {
  std::string html;
  for (const PageTable& one : facts.tables) {
    std::string rows;
    for (std::size_t i = 0; i < one.lines.size(); ++i) {
      std::vector<std::string> cells;
      for (const std::string& cell : one.lines[i]) cells.push_back(escaped(cell));
      rows += table_row(cells, i == 0);
    }
    html += "<h2>" + escaped(one.title) + "</h2>\n" + table(rows, one.title);
  }
  return html.empty() ? "" : "<section id=\"simulation\">\n" + html + "</section>\n";
}

std::string charts_section(const PageFacts& facts, const PageScenario* scenario) {
  std::string html = "<section id=\"figures\">\n<h2>Figures</h2>\n<div class=\"charts\">\n" + memory_figure(facts) +
                     (facts.phase.empty() ? time_figure(facts) : phase_figures(facts));
  if (scenario != nullptr) {
    html += comm_figure(scenario->question, scenario->curves) + winner_figure(scenario->question, scenario->winners) +
            scenario->more;
  }
  html += "</div>\n";
  if (scenario == nullptr && facts.phase.empty()) {
    html += paragraph(
        "Made from a file. Communication against GPUs, the map of strategies and the sources of the "
        "cluster's figures need a scenario: ithaca report with the flags of compare.",
        "soft");
  }
  return html + "</section>\n";
}

std::string assumptions_section(const PageFacts& facts, const PageScenario* scenario) {
  std::string html = "<section id=\"assumptions\">\n<h2>Assumptions</h2>\n";
  html += paragraph("A result is as good as the worst mark of what went into it.");
  std::string marks = table_row({"what", "known as"}, true);
  for (const auto& [what, mark] : facts.marks) marks += table_row({escaped(what), escaped(mark)});
  html += table(marks, "How far each kind of figure is known");
  if (!facts.engine.empty())
    html += paragraph("Step times come from the event engine on " + facts.engine +
                      "; layouts are chosen by the closed form.");
  if (!facts.defaults.empty()) html += paragraph("Not given, and so chosen: " + join_words(facts.defaults) + ".");
  html += list(facts.notices);
  if (scenario == nullptr) return html + "</section>\n";
  std::string rows = table_row({"figure", "value", "known as", "source"}, true);
  for (const FigureSource& f : scenario->figures)
    rows += table_row({escaped(f.figure), escaped(f.value), std::string(name(f.mark)), escaped(f.source)});
  return html + "<details><summary>Every figure of the cluster and its GPU, with its source</summary>\n" +
         table(rows, "Figures of the cluster and its GPU") + "</details>\n</section>\n";
}

std::string footer(const PageFacts& facts) {
  std::string html = "<footer class=\"soft\">\n";
  for (const PageInput& input : facts.inputs)
    html += paragraph(fmt::format("{} from {}: {}", input.name, input.file, input.source));
  return html + "<p>" + escaped(facts.version) + "</p>\n<p>Made by <code>" + escaped(facts.command) +
         "</code></p>\n</footer>\n";
}

/// Shared by all pictures of the page.
constexpr std::string_view kHatch =
    "<svg width=\"0\" height=\"0\" aria-hidden=\"true\" focusable=\"false\"><defs><pattern id=\"hatch\" width=\"6\" "
    "height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><rect class=\"hatch-ground\" "
    "width=\"6\" "
    "height=\"6\"/><path class=\"hatch-line\" d=\"M1 0V6\"/></pattern></defs></svg>\n";

}  // namespace

std::string page_of(const std::string& title, const std::string& body, const PageFacts& made_by) {
  return head(title, false) + "<body>\n" + std::string(kHatch) + "<main>\n" + body + "</main>\n" + footer(made_by) +
         "</body>\n</html>\n";
}

std::string write_page(const PageFacts& facts, const PageScenario* scenario) {
  const std::string live = scenario == nullptr ? "" : live_elements(scenario->live);
  return head(title_of(facts), !live.empty()) + "<body>\n" + std::string(kHatch) + "<main>\n" + verdict_section(facts) +
         summary_section(facts) + charts_section(facts, scenario) + tables_section(facts) +
         assumptions_section(facts, scenario) + "</main>\n" + footer(facts) + live + "</body>\n</html>\n";
}

}  // namespace ithaca
