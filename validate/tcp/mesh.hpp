#pragma once
// Ranks that are processes, each connected with each other by TCP. They meet at rank 0, which listens on one address;
// whoever does not know the token, or talks something else, is turned away and changes nothing.

#include <atomic>
#include <memory>
#include <vector>

#include "validate/tcp/socket.hpp"

namespace ithaca {

struct Meeting {
  int rank = 0, ranks = 1;
  Endpoint at;           ///< where rank 0 listens and the others find it
  std::string token;     ///< at most 64 bytes, the same for all
  Seconds patience{30};  ///< with a silent rank, there and later on
  bool star = false;     ///< all are connected with rank 0 alone
};

class Mesh {
 public:
  /// `door`: rank 0's listening socket where it is open already (its port was the system's choice).
  static Result<Mesh, std::string> join(const Meeting& meeting, Socket door = {});

  int rank() const { return meeting_.rank; }
  int ranks() const { return meeting_.ranks; }

  /// Threads may call for different ranks at once, and send and receive on the same one.
  Trouble send(int to, std::span<const std::byte> bytes) const;
  Trouble receive(int from, std::span<std::byte> bytes) const;
  /// Payload that this rank sent so far, but for max_over_ranks().
  double sent_bytes() const { return static_cast<double>(sent_->load()); }

  void set_patience(Seconds patience) const;

  /// The largest of what the ranks bring; all leave together.
  Result<double, std::string> max_over_ranks(double mine) const;

 private:
  Trouble gather_guests(const Socket& door);
  Trouble call_on_host();
  Trouble meet_each_other(const Socket& door, const std::vector<Endpoint>& doors);

  Meeting meeting_;
  std::vector<Socket> to_;  ///< by rank
  std::unique_ptr<std::atomic<std::uint64_t>> sent_ = std::make_unique<std::atomic<std::uint64_t>>(0);
};

}  // namespace ithaca
