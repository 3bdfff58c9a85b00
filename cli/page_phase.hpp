#pragma once
// What the page shows of inference (`compare --phase`) in place of a training step: the rows side by side and the parts
// of both passes.

#include <string>

#include "cli/page_facts.hpp"

namespace ithaca {

/// "4 prompts at once, 100 output tokens each"
std::string phase_words(const PageFacts& facts);
/// The rows of the summary's table, its heading first.
std::string phase_rows(const PageFacts& facts);
/// Bars of prefill and of decode by part; the one that layouts are chosen for first. HTML.
std::string phase_figures(const PageFacts& facts);

}  // namespace ithaca
