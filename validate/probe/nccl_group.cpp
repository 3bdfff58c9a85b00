#include "validate/probe/nccl_group.hpp"

#include <chrono>
#include <thread>

namespace ithaca {

Result<std::unique_ptr<NcclGroup>, std::string> NcclGroup::join(const nccl::Library& library, const nccl::UniqueId& id,
                                                                Accelerator& accelerator, int rank, int ranks) {
  std::unique_ptr<NcclGroup> group(new NcclGroup(library, accelerator, rank, ranks));
  nccl::Handle handle = nullptr;
  if (const Trouble trouble = group->said(library.init_rank(&handle, ranks, id, rank), "joining the ranks"))
    return *trouble;
  group->handle_ = handle;
  return group;
}

NcclGroup::~NcclGroup() {
  if (is_broken_) abort();
  if (const nccl::Handle handle = handle_.exchange(nullptr)) library_.destroy(handle);
}

void NcclGroup::abort() {
  if (const nccl::Handle handle = handle_.exchange(nullptr)) library_.abort(handle);
}

Trouble NcclGroup::said(nccl::Status status, const char* what) {
  if (status == nccl::kSuccess) return std::nullopt;
  is_broken_ = true;
  return "NCCL, " + std::string(what) + ": " + library_.text(status);
}

Trouble NcclGroup::all_gather(const void* from, void* to, std::size_t count, nccl::Type type) {
  return said(library_.all_gather(from, to, count, type, handle_, accelerator_.stream()), "all-gather");
}

Trouble NcclGroup::reduce_scatter(const void* from, void* to, std::size_t count, nccl::Type type) {
  return said(library_.reduce_scatter(from, to, count, type, nccl::kSum, handle_, accelerator_.stream()),
              "reduce-scatter");
}

Trouble NcclGroup::all_reduce(const void* from, void* to, std::size_t count, nccl::Type type) {
  return said(library_.all_reduce(from, to, count, type, nccl::kSum, handle_, accelerator_.stream()), "all-reduce");
}

Trouble NcclGroup::all_to_all(const void* from, void* to, std::size_t count, nccl::Type type) {
  if (has_all_to_all())
    return said(library_.all_to_all(from, to, count, type, handle_, accelerator_.stream()), "all-to-all");
  const std::vector<std::size_t> counts(static_cast<std::size_t>(ranks_), count);
  return all_to_all(from, counts, to, counts, type);
}

Trouble NcclGroup::shift(const void* from, void* to, std::size_t count, nccl::Type type) {
  const device::Stream stream = accelerator_.stream();
  Trouble trouble = said(library_.group_start(), "a group");
  if (trouble) return trouble;
  trouble = said(library_.send(from, count, type, (rank_ + 1) % ranks_, handle_, stream), "send");
  if (!trouble)
    trouble = said(library_.receive(to, count, type, (rank_ + ranks_ - 1) % ranks_, handle_, stream), "receive");
  const Trouble ended = said(library_.group_end(), "send and receive");
  return trouble ? trouble : ended;
}

Trouble NcclGroup::all_to_all(const void* from, const std::vector<std::size_t>& sent, void* to,
                              const std::vector<std::size_t>& received, nccl::Type type) {
  const device::Stream stream = accelerator_.stream();
  const auto* out = static_cast<const char*>(from);
  auto* in = static_cast<char*>(to);
  Trouble trouble = said(library_.group_start(), "a group");
  if (trouble) return trouble;
  for (int rank = 0; rank < ranks_ && !trouble; ++rank) {
    const auto i = static_cast<std::size_t>(rank);
    if (sent[i] > 0) trouble = said(library_.send(out, sent[i], type, rank, handle_, stream), "send");
    if (!trouble && received[i] > 0)
      trouble = said(library_.receive(in, received[i], type, rank, handle_, stream), "receive");
    out += sent[i] * nccl::size_of(type);
    in += received[i] * nccl::size_of(type);
  }
  const Trouble ended = said(library_.group_end(), "all-to-all");
  return trouble ? trouble : ended;
}

std::optional<Seconds> NcclGroup::estimate(const std::function<Trouble()>& enqueue) const {
  if (library_.simulate_end == nullptr) return std::nullopt;
  nccl::SimInfo info;
  int version = 0;
  if (library_.get_version(&version) != nccl::kSuccess) return std::nullopt;
  info.version = static_cast<unsigned>(version);
  if (library_.group_start() != nccl::kSuccess) return std::nullopt;
  const Trouble trouble = enqueue();
  if (library_.simulate_end(&info) != nccl::kSuccess || trouble || !(info.estimated_us > 0)) return std::nullopt;
  return Seconds{static_cast<double>(info.estimated_us) * 1e-6};
}

Trouble NcclGroup::wait() {
  using Clock = std::chrono::steady_clock;
  constexpr auto kSpin = std::chrono::milliseconds(20);  // then politely
  for (const auto begin = Clock::now();;) {
    const nccl::Handle handle = handle_;
    if (handle == nullptr) {
      is_broken_ = true;
      return "given up: other ranks did not answer in time";
    }
    const auto idle = accelerator_.is_idle();
    if (!idle) {
      is_broken_ = true;
      return idle.error();
    }
    if (*idle) return std::nullopt;
    nccl::Status status = nccl::kSuccess;
    const nccl::Status asked = library_.async_error(handle, &status);
    if (Trouble trouble = said(asked != nccl::kSuccess ? asked : status, "while it ran")) return trouble;
    if (Clock::now() - begin > kSpin) std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
}

}  // namespace ithaca
