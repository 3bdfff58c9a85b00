#include "sim/run_summary.hpp"

#include <algorithm>

namespace ithaca {

Seconds compute_time(const Program& program, const ProgramRun& run) {
  Seconds longest;
  for (const std::uint32_t rank : run.members()) {
    Seconds sum;
    for (std::size_t t = 0; t < program.tasks.size(); ++t) {
      if (program.tasks[t].kind != Task::Kind::compute) continue;
      const ProgramRun::Span span = run.span(program, rank, t);
      sum += span.end - span.begin;
    }
    longest = max(longest, sum);
  }
  return longest;
}

std::vector<LinkUse> busiest_links(const Fabric& fabric, const ProgramRun& run, std::size_t most) {
  std::vector<LinkUse> uses;
  for (std::uint32_t link = 0; link < run.carried.size(); ++link) {
    const Bytes carried = run.carried[link];
    if (carried > Bytes{} && run.makespan > Seconds{}) {
      uses.push_back({link, carried, carried / (fabric.links()[link].capacity * run.makespan)});
    }
  }
  const auto kept = uses.begin() + static_cast<std::ptrdiff_t>(std::min(most, uses.size()));
  std::partial_sort(uses.begin(), kept, uses.end(), [](const LinkUse& a, const LinkUse& b) {
    return a.utilisation != b.utilisation ? a.utilisation > b.utilisation : a.link < b.link;
  });
  uses.erase(kept, uses.end());
  return uses;
}

}  // namespace ithaca
