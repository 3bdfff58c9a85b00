#pragma once
// The figures of the page: each a chart with a caption and, folded behind it, a table of the same values.

#include <string>

#include "cli/page_facts.hpp"
#include "model/around.hpp"

namespace ithaca {

/// `chart` is HTML, `rows` are the table's.
std::string page_figure(std::string_view id, std::string_view caption, std::string_view note, const std::string& chart,
                        const std::string& rows);

std::string memory_figure(const PageFacts& facts);
std::string time_figure(const PageFacts& facts);
std::string comm_figure(const Question& question, const std::vector<CommCurve>& curves);
std::string winner_figure(const Question& question, const WinnerMap& map);

/// The paper's count beside a strategy's name: " (4Nh/P)"; may be empty.
std::string formula_of(Strategy strategy);
/// Up to three.
std::string letters_of(Strategy strategy);

/// The first cell, then one for each row that is not refused.
std::vector<std::string> heading_of(const PageFacts& facts, std::string first);

/// A table's row; the first cell heads it. Cells are HTML.
std::string table_row(const std::vector<std::string>& cells, bool heading = false, std::string_view style = "");
/// Scrolls on its own where it is too wide.
std::string table(const std::string& rows, std::string_view label);

}  // namespace ithaca
