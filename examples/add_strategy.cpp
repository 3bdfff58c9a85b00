// A strategy that Ithaca does not have, put together from the parts of those that it has: Ulysses whose forward
// all-to-alls carry fp8, one byte an element, while everything is computed in bf16 as before. Its bytes are Ulysses's
// halved, its times come from the same collective on the same wires, its kernels and its memory are Ulysses's.
//
// In Ithaca itself a strategy is a value of `Strategy` in model/layout.hpp: add one, and the compiler names every
// switch that has to say something about it, from the rules (model/legality.cpp) to the traffic (model/traffic.cpp).

#include <cstdio>

#include "configs/reader/load_hardware.hpp"
#include "configs/reader/load_model.hpp"
#include "model/split.hpp"
#include "model/step.hpp"
#include "model/units.hpp"

using namespace ithaca;

namespace {

/// One layer's forward with one byte an element on the wire.
LayerTraffic in_fp8(const LayerTraffic& ulysses, const Cluster& cluster, const Layout& layout, Dtype dtype) {
  const double share = 1 / element_bytes(dtype);
  const Placement placement = place_groups(cluster, layout).ulysses;
  LayerTraffic traffic;
  for (Collective c : ulysses.collectives) {
    if (c.op == Op::all_to_all) {
      for (Bytes* bytes : {&c.message, &c.sent, &c.received, &c.sent_mean, &c.nic}) *bytes = *bytes * share;
      c.cost = all_to_all_cost(cluster, placement, max(c.sent, c.received));
    }
    traffic.add(c);
  }
  return traffic;
}

}  // namespace

int main() {
  const auto model = load_model("llama3-8b");
  const auto cluster = load_cluster("dgx-h100");
  if (!model || !cluster) return 2;
  Workload work;
  work.seq_len = Tokens{1 << 18};
  Layout layout;
  layout.ulysses = 32;
  const auto known = estimate_step(model->model, work, cluster->cluster, layout);
  if (!known) {
    std::printf("refused: %s; %s\n", why(known.error()).c_str(), instead(known.error()).c_str());
    return 3;
  }

  // Ulysses computes nothing beside its all-to-alls: what they lose in length, each layer's forward loses. A full
  // recompute runs the forward twice.
  const LayerTraffic own = in_fp8(known->forward, cluster->cluster, layout, work.dtype);
  const double passes = work.recompute == Recompute::full ? 2 : 1;
  const Seconds saved = (known->forward.time - own.time) * (passes * static_cast<double>(model->model.layers));
  const Seconds step = known->step.time - saved;

  std::printf("%-12s %16s %16s %12s\n", "", "forward sends", "takes", "a step");
  std::printf("%-12s %16s %16s %12s\n", "ulysses 32", print(known->forward.sent).c_str(),
              print(known->forward.time).c_str(), print(known->step.time).c_str());
  std::printf("%-12s %16s %16s %12s\n", "the same fp8", print(own.sent).c_str(), print(own.time).c_str(),
              print(step).c_str());
  return own.time >= own.bound && step < known->step.time ? 0 : 1;
}
