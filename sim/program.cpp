#include "sim/program.hpp"

#include <algorithm>

namespace ithaca {

const Wire& Exchange::wire(const Message& message) const {
  static constexpr Wire kPlain{};
  if (wires.empty()) return kPlain;
  std::size_t level = boxes.size();
  while (level > 0) {
    const auto box = static_cast<std::uint32_t>(boxes[level - 1]);
    if (message.from / box != message.to / box) break;
    --level;
  }
  return wires[level];
}

std::uint32_t Program::stages() const {
  const auto last = std::max_element(stage_of.begin(), stage_of.end());
  return last == stage_of.end() ? 1 : *last + 1u;
}

}  // namespace ithaca
