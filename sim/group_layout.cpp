#include "sim/group_layout.hpp"

#include <algorithm>

namespace ithaca {
namespace {

const Domain* find_server(const Cluster& cluster) {
  for (const Domain& domain : cluster.domains) {
    if (domain.uplink == Domain::Uplink::nics) return &domain;
  }
  return nullptr;
}

bool is_prime(int n) {
  for (int d = 2; d * d <= n; ++d) {
    if (n % d == 0) return false;
  }
  return n > 1;
}

int ceil_div(int a, int b) { return (a + b - 1) / b; }

}  // namespace

GroupLayout::GroupLayout(const Cluster& cluster, Group group, int ranks) : group_(group), ranks_(ranks) {
  const Domain* server = find_server(cluster);
  if (server != nullptr && ranks > server->gpus) server_gpus_ = server->gpus;
  most_members_ = server_gpus_ == 0 ? group.size : std::clamp(server_gpus_ / group.stride, 1, group.size);
}

Seat GroupLayout::seat(int rank) const {
  const int block = group_.size * group_.stride;
  Seat seat;
  seat.base = rank / block * block + rank % group_.stride;
  seat.member = (rank - seat.base) / group_.stride;
  if (server_gpus_ == 0) {
    seat.position = seat.member;
    seat.members = group_.size;
    return seat;
  }
  const int server = rank / server_gpus_, begin = server * server_gpus_;
  const int first = ceil_div(std::max(0, begin - seat.base), group_.stride);
  const int last = std::min(group_.size - 1, (begin + server_gpus_ - 1 - seat.base) / group_.stride);
  seat.position = seat.member - first;
  seat.members = last - first + 1;
  seat.server = far_apart() ? seat.member : server - seat.base / server_gpus_;
  return seat;
}

Seat GroupLayout::seat(const Seat& peer, int server, int position) const {
  int member = position;
  if (far_apart()) {
    member = server;
  } else if (server_gpus_ > 0) {
    const int begin = (peer.base / server_gpus_ + server) * server_gpus_;
    member += ceil_div(std::max(0, begin - peer.base), group_.stride);
  }
  return seat(rank(peer.base, member));
}

bool GroupLayout::even() const {
  for (int rank = 0; rank < ranks_; ++rank) {
    if (seat(rank).members * servers(seat(rank)) != group_.size) return false;
  }
  return true;
}

Channels::Channels(const Cluster& cluster, const GroupLayout& layout) : mesh_(cluster.scale_up == ScaleUp::mesh) {
  const int members = layout.most_members();
  orders_ = orders(members);
  if (layout.one_server()) return;
  const Domain* server = find_server(cluster);
  entries_ = mesh_ || server == nullptr ? members : std::clamp(server->ports, 1, members);
}

int Channels::orders(int members) const {
  if (!mesh_ || members < 3) return 1;
  if (is_prime(members)) return members - 1;
  return is_prime(members - 1) ? (members - 1) * (members - 2) : 1;
}

int Channels::next(int channel, int members, int x) const {
  const int orders = this->orders(members), order = channel % orders_ % orders;
  if (orders == 1 || orders == members - 1) return (x + order + 1) % members;
  const int p = members - 1, a = order / p + 1, b = order % p;
  if (x == p) return b;
  return (x + a) % p == b ? p : (x + a) % p;
}

int Channels::before(int channel, int members, int x) const {
  const int orders = this->orders(members), order = channel % orders_ % orders;
  if (orders == 1 || orders == members - 1) return (x - order - 1 + members) % members;
  const int p = members - 1, a = order / p + 1, b = order % p;
  if (x == b) return p;
  return ((x == p ? b : x) - a + p) % p;
}

Seat after(const GroupLayout& layout, const Channels& channels, int channel, const Seat& seat) {
  const auto entry = [&](int members) { return channels.entry(channel, members); };
  const auto exit = [&](int members) { return channels.before(channel, members, entry(members)); };
  const int servers = layout.servers(seat);
  const bool forwards = seat.server % 2 == 0;
  const int last = forwards ? exit(seat.members) : entry(seat.members);
  if (servers == 1 || seat.position != last) {
    const int position = forwards ? channels.next(channel, seat.members, seat.position)
                                  : channels.before(channel, seat.members, seat.position);
    return layout.seat(seat, seat.server, position);
  }
  const int server = (seat.server + 1) % servers;
  const int members = layout.seat(seat, server, 0).members;
  return layout.seat(seat, server, server % 2 == 0 ? entry(members) : exit(members));
}

}  // namespace ithaca
