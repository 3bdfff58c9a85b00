#pragma once
// What ranks send along the pair of trees between servers and the chains inside them.

#include "sim/double_tree.hpp"
#include "sim/schedule_parts.hpp"

namespace ithaca {

/// Every channel has two trees of half its bytes between the entries of the servers (one where there is a single
/// server) and, if asked for, a chain from the entry through its server.
class TreeMessages {
 public:
  TreeMessages(const ScheduleContext& context, Bytes message, bool chains);

  /// Messages of one step follow those of the step before. Sums go up in the first half, results down in the second.
  int steps() const { return 2 * (chain_ + depth_); }

  struct Sent {
    Message message;  ///< its channel tells channel and tree
    int step = 0;
    bool inside = true;  ///< stays in the server
  };
  void add(std::uint32_t rank, std::vector<Sent>& sent) const;
  /// All steps as one stream. What both trees send between two servers stays two messages.
  void add_stream(std::uint32_t rank, std::vector<Message>& messages) const;

  /// Bytes on the busiest wire: through a port (on a mesh the busiest link times the number of links) and out of a
  /// server, of the first group.
  struct Busiest {
    Bytes near{}, far{};
  };
  Busiest busiest(bool mesh) const;

 private:
  int trees() const { return layout_.one_server() ? 1 : kTrees; }
  Sent make(const Seat& from, const Seat& to, int channel, int tree, int step) const;
  void add_chain(int channel, int tree, const Seat& seat, std::vector<Sent>& sent) const;
  void add_tree(int channel, int tree, const Seat& seat, std::vector<Sent>& sent) const;

  GroupLayout layout_;
  Channels channels_;
  Bytes message_;
  bool chains_ = true;
  int chain_ = 0, depth_ = 0;
};

}  // namespace ithaca
