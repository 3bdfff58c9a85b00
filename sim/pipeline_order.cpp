#include "sim/pipeline_order.hpp"

#include <algorithm>

namespace ithaca {
namespace {

/// All forwards or all backwards of a stage: each group of micro-batches through one chunk after the other.
std::vector<StageWork> passes(const Layout& layout, int micro_batches, bool backward) {
  std::vector<StageWork> all;
  for (int group = 0; group < micro_batches; group += layout.pp) {
    for (int c = 0; c < layout.virtual_pp; ++c) {
      const int chunk = backward ? layout.virtual_pp - 1 - c : c;
      for (int m = group; m < std::min(micro_batches, group + layout.pp); ++m) all.push_back({backward, m, chunk});
    }
  }
  return all;
}

int forwards_first(const Layout& l, int stage, int all) {
  if (l.schedule == Schedule::gpipe) return all;
  const int behind = l.pp - stage - 1;
  return std::min(all, l.virtual_pp == 1 ? behind : 2 * behind + (l.virtual_pp - 1) * l.pp);
}

}  // namespace

std::vector<StageWork> pipeline_order(const Layout& layout, int stage, int micro_batches) {
  const std::vector<StageWork> forward = passes(layout, micro_batches, false);
  const std::vector<StageWork> backward = passes(layout, micro_batches, true);
  const auto first = static_cast<std::size_t>(forwards_first(layout, stage, static_cast<int>(forward.size())));
  std::vector<StageWork> order(forward.begin(), forward.begin() + static_cast<std::ptrdiff_t>(first));
  for (std::size_t i = 0; i < backward.size(); ++i) {
    if (first + i < forward.size()) order.push_back(forward[first + i]);
    order.push_back(backward[i]);
  }
  return order;
}

}  // namespace ithaca
