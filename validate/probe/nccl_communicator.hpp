#pragma once
// NCCL as a group of ranks for code that keeps its numbers in host memory: validate/small_layer.hpp.

#include "validate/communicator.hpp"
#include "validate/probe/nccl_group.hpp"
#include "validate/probe/watchdog.hpp"

namespace ithaca {

class NcclCommunicator final : public Communicator {
 public:
  /// All of them must stay.
  NcclCommunicator(NcclGroup& group, Accelerator& accelerator, Watchdog& watchdog)
      : group_(group), accelerator_(accelerator), watchdog_(watchdog) {}

  int rank() const override { return group_.rank(); }
  int ranks() const override { return group_.ranks(); }
  /// What the calls asked to be sent to others; how NCCL routes it is not seen here.
  double sent_bytes() const override { return sent_bytes_; }
  Trouble all_to_all(const Blocks& to, Blocks& from) override;
  Trouble all_gather(std::vector<float>& buffer) override;
  Trouble reduce_scatter(std::vector<float>& buffer) override;

 private:
  struct Memory {
    std::shared_ptr<void> from, to;
  };
  Result<Memory, std::string> upload(std::span<const float> from, std::size_t received);
  Trouble download(const Memory& memory, std::span<float> to);

  NcclGroup& group_;
  Accelerator& accelerator_;
  Watchdog& watchdog_;
  double sent_bytes_ = 0;
};

}  // namespace ithaca
