#pragma once
// A communicator of NCCL on one accelerator. Calls enqueue on its stream and one thread makes them, but for abort().

#include <atomic>
#include <functional>
#include <vector>

#include "validate/probe/accelerator.hpp"
#include "validate/probe/nccl_library.hpp"

namespace ithaca {

class NcclGroup {
 public:
  /// All ranks call it at once with the same id; it returns when all are there. The library must stay.
  static Result<std::unique_ptr<NcclGroup>, std::string> join(const nccl::Library& library, const nccl::UniqueId& id,
                                                              Accelerator& accelerator, int rank, int ranks);
  NcclGroup(const NcclGroup&) = delete;
  NcclGroup& operator=(const NcclGroup&) = delete;
  ~NcclGroup();

  int rank() const { return rank_; }
  int ranks() const { return ranks_; }
  bool has_all_to_all() const { return library_.all_to_all != nullptr; }

  /// Counts are elements: of a rank's own block, of the block that it gets, of the buffer.
  Trouble all_gather(const void* from, void* to, std::size_t count, nccl::Type type);
  Trouble reduce_scatter(const void* from, void* to, std::size_t count, nccl::Type type);
  Trouble all_reduce(const void* from, void* to, std::size_t count, nccl::Type type);
  /// One equal block of `count` a rank: ncclAlltoAll, or sends and receives in one group where NCCL has none.
  Trouble all_to_all(const void* from, void* to, std::size_t count, nccl::Type type);
  /// To the next rank and from the one before.
  Trouble shift(const void* from, void* to, std::size_t count, nccl::Type type);
  /// Blocks by rank one after another in `from` and `to`, of any sizes, in one group; a rank's own too.
  Trouble all_to_all(const void* from, const std::vector<std::size_t>& sent, void* to,
                     const std::vector<std::size_t>& received, nccl::Type type);

  /// NCCL's own estimate of what `enqueue` would take; nothing is run. None where it has no model: send and receive.
  std::optional<Seconds> estimate(const std::function<Trouble()>& enqueue) const;

  /// Until the stream is through, the communicator reports an error or is aborted.
  Trouble wait();
  /// From any thread: makes calls and kernels that hang return. Nothing works afterwards.
  void abort();

 private:
  NcclGroup(const nccl::Library& library, Accelerator& accelerator, int rank, int ranks)
      : library_(library), accelerator_(accelerator), rank_(rank), ranks_(ranks) {}
  Trouble said(nccl::Status status, const char* what);

  const nccl::Library& library_;
  Accelerator& accelerator_;
  const int rank_, ranks_;
  std::atomic<nccl::Handle> handle_{nullptr};
  bool is_broken_ = false;
};

}  // namespace ithaca
