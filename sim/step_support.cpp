#include "sim/step_support.hpp"

namespace ithaca {
namespace {

std::string degree(const char* what, const char* flag, int value) {
  return std::string(what) + " (" + flag + " " + std::to_string(value) + ")";
}

std::optional<std::string> of_layout(const Layout& l) {
  if (l.strategy == Strategy::fpdt && l.gpus() > 1) return std::string(name(l.strategy));
  if (l.chunks > 1) return degree("attention by chunks", "chunks", l.chunks);
  return std::nullopt;
}

std::optional<std::string> of_work(const Workload& w) {
  if (w.offload.checkpoints || w.offload.optimizer || w.offload.parameters) return "offload to host memory";
  if (!w.overlap.gradients || !w.overlap.parameters) return "ZeRO's traffic without overlap";
  return std::nullopt;
}

}  // namespace

std::optional<std::string> not_simulated(const Workload& work, const Layout& layout) {
  auto what = of_layout(layout);
  if (!what) what = of_work(work);
  if (!what) return std::nullopt;
  return "the event engine does not simulate " + *what + " yet";
}

}  // namespace ithaca
