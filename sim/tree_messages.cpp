#include "sim/tree_messages.hpp"

#include <algorithm>
#include <map>

namespace ithaca {

TreeMessages::TreeMessages(const ScheduleContext& context, Bytes message, bool chains)
    : layout_(context.layout), channels_(context.cluster, layout_), message_(message), chains_(chains) {
  for (int rank = 0; rank < context.call.ranks; ++rank) {
    const Seat seat = layout_.seat(rank);
    if (chains) chain_ = std::max(chain_, seat.members - 1);
    if (seat.position != 0) continue;
    for (int tree = 0; tree < kTrees; ++tree)
      depth_ = std::max(depth_, tree_depth(layout_.servers(seat), tree, seat.server));
  }
}

TreeMessages::Sent TreeMessages::make(const Seat& from, const Seat& to, int channel, int tree, int step) const {
  const auto rank = [&](const Seat& seat) { return static_cast<std::uint32_t>(layout_.rank(seat.base, seat.member)); };
  const Bytes bytes = message_ / (channels_.count() * trees());
  return {{rank(from), rank(to), bytes, static_cast<std::uint32_t>(channel * trees() + tree), Leg::whole},
          step,
          from.server == to.server};
}

void TreeMessages::add_chain(int channel, int tree, const Seat& seat, std::vector<Sent>& sent) const {
  const int entry = channels_.entry(channel, seat.members);
  int place = 0;
  for (int x = entry; x != seat.position; ++place) x = channels_.next(channel, seat.members, x);
  const auto to = [&](int position, int step) {
    sent.push_back(make(seat, layout_.seat(seat, seat.server, position), channel, tree, step));
  };
  if (place > 0) to(channels_.before(channel, seat.members, seat.position), chain_ - place);
  const int next = channels_.next(channel, seat.members, seat.position);
  if (next != entry) to(next, chain_ + 2 * depth_ + place);
}

void TreeMessages::add_tree(int channel, int tree, const Seat& seat, std::vector<Sent>& sent) const {
  if (channels_.entry(channel, seat.members) != seat.position) return;
  const int servers = layout_.servers(seat);
  const auto to = [&](int server, int step) {
    const int members = layout_.seat(seat, server, 0).members;
    sent.push_back(make(seat, layout_.seat(seat, server, channels_.entry(channel, members)), channel, tree, step));
  };
  const int depth = tree_depth(servers, tree, seat.server), parent = tree_parent(servers, tree, seat.server);
  if (parent >= 0) to(parent, chain_ + depth_ - depth);
  for (const int child : tree_children(servers, tree, seat.server)) to(child, chain_ + depth_ + depth);
}

void TreeMessages::add(std::uint32_t rank, std::vector<Sent>& sent) const {
  const Seat seat = layout_.seat(static_cast<int>(rank));
  for (int channel = 0; channel < channels_.count(); ++channel) {
    for (int tree = 0; tree < trees(); ++tree) {
      if (chains_) add_chain(channel, tree, seat, sent);
      add_tree(channel, tree, seat, sent);
    }
  }
}

void TreeMessages::add_stream(std::uint32_t rank, std::vector<Message>& messages) const {
  std::vector<Sent> sent;
  add(rank, sent);
  for (const Sent& s : sent) {
    if (s.inside) {
      add_or_merge(messages, s.message);
    } else {
      messages.push_back(s.message);
    }
  }
}

TreeMessages::Busiest TreeMessages::busiest(bool mesh) const {
  std::map<int, Bytes> out_of_server;
  Busiest most;
  std::vector<Sent> sent;
  for (int member = 0; member < layout_.size(); ++member) {
    const Seat seat = layout_.seat(layout_.rank(0, member));
    std::map<std::uint32_t, Bytes> by_peer;
    sent.clear();
    add(static_cast<std::uint32_t>(layout_.rank(0, member)), sent);
    for (const Sent& s : sent) (s.inside ? by_peer[s.message.to] : out_of_server[seat.server]) += s.message.bytes;
    Bytes port;
    for (const auto& [peer, bytes] : by_peer) port = mesh ? max(port, bytes * (seat.members - 1)) : port + bytes;
    most.near = max(most.near, port);
  }
  for (const auto& [server, bytes] : out_of_server) most.far = max(most.far, bytes);
  return most;
}

}  // namespace ithaca
