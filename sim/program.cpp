#include "sim/program.hpp"

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

}  // namespace ithaca
