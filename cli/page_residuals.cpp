#include "cli/page_residuals.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/chart_bars.hpp"
#include "cli/markup.hpp"
#include "cli/page_charts.hpp"
#include "cli/text.hpp"
#include "configs/reader/catalogue.hpp"
#include "configs/reader/load_profile.hpp"

namespace ithaca {
namespace {

bool starts_with(std::string_view text, std::string_view start) { return text.rfind(start, 0) == 0; }

/// Neither of another type's matrix products nor of another kernel.
bool concerns(const FitError& error, std::string_view type, std::string_view kernel) {
  if (starts_with(error.of, "gemm ")) return starts_with(error.of.substr(5), type);
  for (const std::string_view other : {"fa1 ", "fa2 ", "fa3 ", "cudnn "}) {
    if (starts_with(error.of, other)) return starts_with(other, kernel);
  }
  return true;
}

std::string residual_table(const std::vector<Residual>& residuals) {
  std::string rows = table_row({"of", "rows", "measured", "mean error, %", "bias, %", "largest, %", "file"}, true);
  for (const auto& [file, e] : residuals)
    rows += table_row({escaped(e.of), e.held_out ? "held out" : "fitted", std::to_string(e.samples),
                       figure(e.mean, significant(e.mean)), figure(e.bias, significant(e.bias)),
                       figure(e.max, significant(e.max)), escaped(file)});
  return rows;
}

}  // namespace

std::vector<Residual> known_residuals(const std::string& gpu, const std::string& profile, std::string_view type,
                                      std::string_view kernel) {
  std::vector<Residual> residuals;
  const auto add = [&](const std::string& file, const std::vector<FitError>& errors) {
    for (const FitError& error : errors) {
      if (concerns(error, type, kernel)) residuals.push_back({file, error});
    }
  };
  if (!profile.empty()) {
    const auto loaded = load_profile(profile);
    if (loaded) add(profile, loaded->kernels.errors);
    return residuals;
  }
  for (const std::string& name : catalogue_names(Kind::kernels)) {
    const auto loaded = load_kernels(name);
    if (loaded && loaded->gpu == gpu) add(name, loaded->errors);
  }
  return residuals;
}

std::string residual_figure(const std::vector<Residual>& residuals) {
  BarChart chart{"Errors of predicted times against measurements that nothing was fitted to, in percent",
                 "%",
                 {"mean error", "largest error"},
                 {},
                 true,
                 {},
                 ""};
  const auto elsewhere = [&](const Residual& one) { return one.file != residuals.front().file; };
  const bool several = std::any_of(residuals.begin(), residuals.end(), elsewhere);
  for (const auto& [file, e] : residuals) {
    const std::string from = several ? ", " + file : "";
    if (e.held_out)
      chart.bars.push_back(
          {fmt::format("{} ({}{})", e.of, e.samples, from), significant(e.mean) + " %", {e.mean, e.max}});
  }
  if (residuals.empty()) return "";
  return fmt::format(
      "<figure id=\"measured\">\n<figcaption>Predicted against measured<span>what was held out of the fits of this "
      "machine's curves, how many measurements, whose curve</span></figcaption>\n{}<details><summary>The same "
      "as a "
      "table</summary>\n{}</details>\n</figure>\n",
      chart.bars.empty() ? "" : write_bars(chart), table(residual_table(residuals), "Predicted against measured"));
}

}  // namespace ithaca
