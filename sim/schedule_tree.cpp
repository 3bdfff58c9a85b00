// All-reduce along trees: in each server a chain from its entry, between the entries of the servers a pair of binary
// trees. Sums go up to the roots, results come down again.

#include <algorithm>
#include <map>

#include "sim/double_tree.hpp"
#include "sim/schedule_parts.hpp"

namespace ithaca {
namespace {

/// Channels, each with two trees of half its bytes; one where there is a single server.
class Trees {
 public:
  Trees(const ScheduleContext& context, Bytes message)
      : layout_(context.layout), channels_(context.cluster, layout_), message_(message) {
    for (int rank = 0; rank < context.call.ranks; ++rank) {
      const Seat seat = layout_.seat(rank);
      chain_ = std::max(chain_, seat.members - 1);
      if (seat.position != 0) continue;
      for (int tree = 0; tree < kTrees; ++tree)
        depth_ = std::max(depth_, tree_depth(layout_.servers(seat), tree, seat.server));
    }
  }

  /// Messages of one step follow those of the step before.
  int steps() const { return 2 * (chain_ + depth_); }
  int trees() const { return layout_.one_server() ? 1 : kTrees; }

  bool inside(const Message& m) const {
    return layout_.seat(static_cast<int>(m.from)).server == layout_.seat(static_cast<int>(m.to)).server;
  }

  /// Calls send(Message, step) for all that a rank sends. A message's channel tells channel and tree.
  template <class Send>
  void visit(std::uint32_t rank, Send send) const {
    const Seat seat = layout_.seat(static_cast<int>(rank));
    for (int c = 0; c < channels_.count(); ++c) {
      const int entry = channels_.entry(c, seat.members);
      const int next = channels_.next(c, seat.members, seat.position);
      for (int tree = 0; tree < trees(); ++tree) {
        const auto to = [&](int server, int position, int step) {
          const Seat peer = layout_.seat(seat, server, position);
          send(Message{rank, static_cast<std::uint32_t>(layout_.rank(peer.base, peer.member)),
                       message_ / (channels_.count() * trees()), static_cast<std::uint32_t>(c * trees() + tree),
                       Leg::whole},
               step);
        };
        const int place = place_in_chain(c, seat);
        if (place > 0) to(seat.server, channels_.before(c, seat.members, seat.position), chain_ - place);
        if (place == 0) visit_tree(c, tree, seat, to);
        if (next != entry) to(seat.server, next, chain_ + 2 * depth_ + place);
      }
    }
  }

 private:
  int place_in_chain(int channel, const Seat& seat) const {
    int place = 0;
    for (int x = channels_.entry(channel, seat.members); x != seat.position; ++place)
      x = channels_.next(channel, seat.members, x);
    return place;
  }

  template <class To>
  void visit_tree(int channel, int tree, const Seat& seat, To to) const {
    const int servers = layout_.servers(seat);
    const auto entry_of = [&](int server) { return channels_.entry(channel, layout_.seat(seat, server, 0).members); };
    const int depth = tree_depth(servers, tree, seat.server), parent = tree_parent(servers, tree, seat.server);
    if (parent >= 0) to(parent, entry_of(parent), chain_ + depth_ - depth);
    for (const int child : tree_children(servers, tree, seat.server))
      to(child, entry_of(child), chain_ + depth_ + depth);
  }

  GroupLayout layout_;
  Channels channels_;
  Bytes message_;
  int chain_ = 0, depth_ = 0;
};

/// NCCL's tuner counts two buffers through a wire for a tree of any shape. Where the busiest wire of a level carries
/// less, tree traffic is taken to be slower in proportion: this is its share of the achieved rate, inside servers and
/// between them.
struct Pace {
  double near = 1, far = 1;
};
Pace pace(const ScheduleContext& context) {
  const Trees trees(context, Bytes{1});
  const bool mesh = context.cluster.scale_up == ScaleUp::mesh;
  std::map<int, double> out_of_server;
  double near = 0;
  for (int m = 0; m < context.layout.size(); ++m) {
    const Seat seat = context.layout.seat(context.layout.rank(0, m));
    std::map<std::uint32_t, double> by_peer;
    double port = 0;
    trees.visit(static_cast<std::uint32_t>(context.layout.rank(0, m)), [&](const Message& message, int) {
      double& link = trees.inside(message) ? by_peer[message.to] : out_of_server[seat.server];
      link += message.bytes.value();
    });
    for (const auto& [peer, bytes] : by_peer) port = mesh ? std::max(port, bytes * (seat.members - 1)) : port + bytes;
    near = std::max(near, port);
  }
  double far = 0;
  for (const auto& [server, bytes] : out_of_server) far = std::max(far, bytes);
  return {near > 0 ? std::min(1.0, near / 2) : 1, far > 0 ? std::min(1.0, far / 2) : 1};
}

void slow_down(Exchange& exchange, const ScheduleContext& context, const Pace& pace) {
  bool outside = false;
  for (std::size_t level = 0; level < exchange.wires.size(); ++level) {
    outside |= level > 0 && context.cluster.domains[level - 1].uplink == Domain::Uplink::nics;
    exchange.wires[level].efficiency *= outside ? pace.far : pace.near;
  }
}

}  // namespace

std::vector<Round> tree_rounds(const ScheduleContext& context) {
  const HopCosts hop = hop_costs(context.cluster, context.placement, Algorithm::tree, context.cost.protocol);
  const Trees trees(context, context.call.message);
  std::vector<Round> rounds;
  if (!context.call.step_by_step) {
    const auto all = [trees](std::uint32_t rank, std::vector<Message>& messages) {
      trees.visit(rank, [&](const Message& message, int) {
        if (trees.inside(message)) {
          add_or_merge(messages, message);
        } else {
          messages.push_back(message);  // what both trees send between a pair keeps the share of two
        }
      });
    };
    rounds.push_back({make_stream(context, Rates::ring, hop.share, all), 1});
    slow_down(rounds.front().exchange, context, pace(context));
    return rounds;
  }
  for (int step = 0; step < trees.steps(); ++step) {
    add_rounds(rounds, context, Rates::ring, hop, 1, [trees, step](std::uint32_t rank, std::vector<Message>& messages) {
      trees.visit(rank, [&](const Message& message, int at) {
        if (at == step) messages.push_back(message);
      });
    });
  }
  return rounds;
}

}  // namespace ithaca
