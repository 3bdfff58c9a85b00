// All-reduce along trees: in each server a chain from its entry, between the entries of the servers a pair of binary
// trees. Sums go up to the roots, results come down again.

#include "sim/tree_messages.hpp"

namespace ithaca {

std::vector<Round> tree_rounds(const ScheduleContext& context) {
  const TreeMessages tree(context, context.call.message, true);
  if (!context.call.step_by_step) {
    const auto [near, far] = tree.busiest(context.cluster.scale_up == ScaleUp::mesh);
    const auto stream = [tree](std::uint32_t rank, std::vector<Message>& messages) { tree.add_stream(rank, messages); };
    return {{make_stream(context, Rates::ring, share_of_model(context, near, far), stream), 1}};
  }
  const HopCosts hop = hop_costs(context.cluster, context.placement, Algorithm::tree, context.cost.protocol);
  std::vector<Round> rounds;
  for (int step = 0; step < tree.steps(); ++step) {
    add_rounds(rounds, context, Rates::ring, hop, 1, [tree, step](std::uint32_t rank, std::vector<Message>& messages) {
      std::vector<TreeMessages::Sent> sent;
      tree.add(rank, sent);
      for (const auto& s : sent) {
        if (s.step == step) messages.push_back(s.message);
      }
    });
  }
  return rounds;
}

}  // namespace ithaca
