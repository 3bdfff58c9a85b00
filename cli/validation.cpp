#include "cli/validation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "model/units.hpp"

namespace ithaca {

double read_tolerance(const Arguments& arguments, Diagnostics& problems, double usual) {
  const auto text = arguments.find("--tolerance");
  if (!text) return usual;
  const auto share = parse_percent(*text);
  if (!share) problems.push_back(mistake("--tolerance " + *text, share.error().what, share.error().next));
  return share ? *share : usual;
}

std::vector<SourceSummary> summary_by_source(const std::vector<SourceError>& errors) {
  std::vector<SourceSummary> out;
  for (const auto& [source, error] : errors) {
    const auto same = [&, name = source](const SourceSummary& s) { return s.source == name; };
    auto found = std::find_if(out.begin(), out.end(), same);
    if (found == out.end()) found = out.insert(out.end(), {source, 0, 0, 0});
    ++found->count;
    found->mean += std::abs(error);
    found->max = std::max(found->max, std::abs(error));
  }
  for (SourceSummary& s : out) s.mean /= s.count;
  return out;
}

std::string signed_percent(double share) { return fmt::format("{:+.1f} %", 100 * share); }

}  // namespace ithaca
