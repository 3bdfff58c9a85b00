#include "model/stage.hpp"

#include <algorithm>

namespace ithaca {

Stage stage(const Transformer& m, const Layout& layout, int index) {
  const std::int64_t chunks = std::int64_t{layout.pp} * layout.virtual_pp;
  const std::int64_t share = m.layers / chunks, more = m.layers % chunks;
  const std::int64_t dense = layers_of(m, LayerKind::dense);
  Stage s{index, 0, 0, index == 0, index == layout.pp - 1};
  for (std::int64_t chunk = index; chunk < chunks; chunk += layout.pp) {
    const std::int64_t first = chunk * share + std::min(chunk, more);
    const std::int64_t count = share + (chunk < more ? 1 : 0);
    const std::int64_t here = std::clamp<std::int64_t>(dense - first, 0, count);
    s.dense += here;
    s.moe += count - here;
  }
  return s;
}

double micro_batches_in_flight(const Layout& layout, int stage, double micro_batches) {
  if (layout.schedule == Schedule::gpipe) return micro_batches;
  const int after = layout.pp - stage - 1;
  if (layout.virtual_pp == 1) return std::min(micro_batches, after + 1.0);
  const double chunks = 2.0 * after + (layout.virtual_pp - 1.0) * layout.pp + 1;
  return std::min(micro_batches, chunks / layout.virtual_pp);
}

}  // namespace ithaca
