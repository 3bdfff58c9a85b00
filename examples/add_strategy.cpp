// A strategy that Ithaca does not have, as a rule of what a layer moves: Ulysses whose all-to-alls carry fp8 on the way
// forward, one byte an element, while everything is computed in bf16 as before. The rule builds on Ulysses's own;
// degrees, kernels, overlap, ZeRO, pipeline, memory, price and the longest sequence are worked out as for any other.
//
// It takes the kernels and the memory of the strategy that it builds on. One that computes or keeps something else is a
// value of `Strategy` in model/layout.hpp: add one, and the compiler names every switch that has to say something about
// it, from the rules (model/legality.cpp) to the traffic (model/traffic.cpp).

#include <cstdio>

#include "configs/reader/load_hardware.hpp"
#include "configs/reader/load_model.hpp"
#include "model/compare.hpp"
#include "model/units.hpp"

using namespace ithaca;

namespace {

/// Whether a collective carries activations forward, in the first pass or in the one that a recompute repeats.
bool goes_forward(const Collective& c, bool in_forward) {
  return c.op == Op::all_to_all && c.tensor != Tensor::tokens && (in_forward || c.recomputed);
}

TrainingTraffic ulysses_fp8(const Transformer& model, const Workload& work, const Cluster& cluster,
                            const Layout& layout, const RankSplit& rank, const RankGroups& groups, LayerKind kind) {
  const TrainingTraffic known = layer_traffic(model, work, cluster, layout, rank, groups, kind);
  const double share = 1 / element_bytes(work.dtype);
  TrainingTraffic own;
  for (const auto pass : {&TrainingTraffic::forward, &TrainingTraffic::backward}) {
    for (Collective c : (known.*pass).collectives) {
      if (goes_forward(c, pass == &TrainingTraffic::forward)) {
        for (Bytes* bytes : {&c.message, &c.sent, &c.received, &c.sent_mean, &c.nic}) *bytes = *bytes * share;
        c.cost = all_to_all_cost(cluster, groups.ulysses, max(c.sent, c.received));
      }
      (own.*pass).add(c);
    }
  }
  return own;
}

void print_row(const char* title, const Row& row) {
  std::printf("%-14s ulysses %-3d %14s %14s %10s %8.2f USD %12lld tokens fit\n", title, row.layout.ulysses,
              print(row.estimate->forward.sent).c_str(), print(row.estimate->forward.time).c_str(),
              print(row.estimate->step.time).c_str(), row.per_million_tokens.value(),
              static_cast<long long>(row.max_seq_len.count));
}

}  // namespace

int main() {
  const auto model = load_model("llama3-8b");
  const auto cluster = load_cluster("dgx-h100");
  if (!model || !cluster) return 2;
  Question question;
  question.model = model->model;
  question.cluster = cluster->cluster;
  question.gpus = 32;
  question.work.seq_len = Tokens{1 << 18};

  const Row known = compare_strategy(question, Strategy::ulysses);
  if (known.refused) {
    std::printf("refused: %s; %s\n", why(*known.refused).c_str(), instead(*known.refused).c_str());
    return 3;
  }
  question.traffic = ulysses_fp8;
  const Row own = compare_strategy(question, Strategy::ulysses);

  std::printf("%-26s %14s %14s %10s %12s\n", "", "forward sends", "takes", "a step", "10^6 tokens");
  print_row("ulysses", known);
  print_row("the same fp8", own);
  const bool halved = own.estimate->forward.sent * element_bytes(question.work.dtype) == known.estimate->forward.sent;
  return halved && own.estimate->step.time < known.estimate->step.time ? 0 : 1;
}
