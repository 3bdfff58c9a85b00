#pragma once
// A mesh as a group of ranks.

#include "validate/communicator.hpp"
#include "validate/tcp/collectives.hpp"

namespace ithaca {

class TcpCommunicator final : public Communicator {
 public:
  /// `mesh` must stay.
  explicit TcpCommunicator(const Mesh& mesh) : mesh_(mesh) {}

  int rank() const override { return mesh_.rank(); }
  int ranks() const override { return mesh_.ranks(); }
  double sent_bytes() const override { return mesh_.sent_bytes(); }
  Trouble all_to_all(const Blocks& to, Blocks& from) override { return ithaca::all_to_all(mesh_, to, from); }
  Trouble all_gather(std::vector<float>& buffer) override { return ithaca::all_gather(mesh_, buffer); }
  Trouble reduce_scatter(std::vector<float>& buffer) override { return ithaca::reduce_scatter(mesh_, buffer); }

 private:
  const Mesh& mesh_;
};

}  // namespace ithaca
