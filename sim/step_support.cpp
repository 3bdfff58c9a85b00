#include "sim/step_support.hpp"

namespace ithaca {

std::optional<std::string> not_simulated(const Workload& work, const Layout& layout) {
  const bool offload = work.offload.checkpoints || work.offload.optimizer || work.offload.parameters;
  if (!offload || layout.pp == 1) return std::nullopt;
  return "the event engine does not simulate offload to host memory in a pipeline (pp " + std::to_string(layout.pp) +
         ") yet";
}

}  // namespace ithaca
