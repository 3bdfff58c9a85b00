#pragma once
// Where a rank stands in its group and in its server, and the order in which the channels of rings, chains and trees
// run through a server.

#include "model/collective.hpp"

namespace ithaca {

/// A member of a group. Members of one server follow each other in the group.
struct Seat {
  int base = 0;      ///< first rank of the group
  int member = 0;    ///< 0 .. size - 1
  int server = 0;    ///< counted from the group's first
  int position = 0;  ///< among the members in that server
  int members = 1;   ///< in that server
};

/// Servers are what NICs belong to. Members of a group may be spread unevenly over them.
class GroupLayout {
 public:
  GroupLayout(const Cluster& cluster, Group group, int ranks);

  int size() const { return group_.size; }
  int rank(int base, int member) const { return base + member * group_.stride; }
  Seat seat(int rank) const;
  /// The member of that server at that position.
  Seat seat(const Seat& peer, int server, int position) const;
  int servers(const Seat& peer) const { return seat(rank(peer.base, group_.size - 1)).server + 1; }
  /// At most, in one server.
  int most_members() const { return most_members_; }
  bool one_server() const { return server_gpus_ == 0 || most_members_ == group_.size; }
  /// Every server has equally many members of every group.
  bool even() const;

 private:
  bool far_apart() const { return server_gpus_ > 0 && group_.stride >= server_gpus_; }

  Group group_;
  int ranks_ = 0;
  int server_gpus_ = 0;  ///< 0: all in one
  int most_members_ = 1;
};

/// A channel runs once around the members of a server, from its entry, and leaves at the member before it. Entries
/// spread over the server's NICs. Through a switch every channel takes the members in their order; a full mesh has one
/// link for each pair, so the orders of its channels together use all of them alike: the steps 1 .. n-1 modulo a prime
/// n, or for n = prime + 1 the maps x -> ax + b with the last member as infinity.
class Channels {
 public:
  Channels(const Cluster& cluster, const GroupLayout& layout);

  int count() const { return orders_ * entries_; }
  int entry(int channel, int members) const { return channel / orders_ * members / entries_; }
  int next(int channel, int members, int position) const;
  int before(int channel, int members, int position) const;

 private:
  int orders(int members) const;

  bool mesh_ = false;
  int orders_ = 1, entries_ = 1;
};

/// The seat that `channel`'s ring visits after this one. Servers are passed forwards and backwards in turn, so that
/// what leaves by a NIC enters by the same one (a rail).
Seat after(const GroupLayout& layout, const Channels& channels, int channel, const Seat& seat);

}  // namespace ithaca
