#pragma once
// Every term of a report with its formula, the numbers put in, the result and the source.

#include <string>

#include "cli/report.hpp"
#include "cli/terminal.hpp"

namespace ithaca {

/// Parts that a training step and inference have alike, each a paragraph or more.
namespace explain {
std::string heading(const std::string& text, const Style& style);
std::string paragraph(const std::string& text, const Style& style);
/// The row's words, underlined.
std::string title(const std::string& words, const Style& style);
std::string symbols(const Transformer& model, const Workload& work, const Layout& layout, const RankSplit& rank,
                    const Style& style);
/// `formula` is the product behind the bytes, or empty; `wire` limits it where that is known.
std::string collective(const Collective& collective, const std::string& formula, const std::string& wire,
                       const Style& style);
/// A term of compute: its share of `all` and how it comes about.
std::string compute(std::string_view what, Seconds time, Seconds all, std::string_view how, const Style& style);
std::string memory(const MemoryLedger& ledger, const std::string& where, const Style& style);
std::string figures(const std::vector<FigureSource>& figures, const Style& style);
}  // namespace explain

std::string write_explanation(const Report& report, const Style& style);

}  // namespace ithaca
