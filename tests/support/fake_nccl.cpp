#include "tests/support/fake_nccl.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <utility>

namespace ithaca::test {
namespace {

using nccl::Handle;
using nccl::Status;
using nccl::Stream;
constexpr Status kRemoteError = 6;

struct Group {
  std::mutex mutex;
  std::condition_variable changed;
  int joined = 0;
  std::map<std::pair<int, int>, std::deque<std::vector<char>>> mail;  ///< by sender and receiver
};
struct Comm {
  std::shared_ptr<Group> group;
  int rank = 0, ranks = 0;
  bool aborted = false;
};

std::mutex registry_mutex;
std::map<std::string, std::shared_ptr<Group>> groups;
std::vector<std::unique_ptr<Comm>> comms;  ///< kept: a thread may still be in a call when another aborts it
std::atomic<int> ids{0}, aborted{0};

thread_local int depth = 0;
thread_local bool has_model = false;  ///< a collective is in the open group
thread_local std::vector<std::function<Status()>> pending;

Comm& comm(Handle handle) { return *static_cast<Comm*>(handle); }

Status do_or_keep(std::function<Status()> work) {
  if (depth == 0) return work();
  pending.push_back(std::move(work));
  return nccl::kSuccess;
}

Status post(Comm& c, int to, const void* from, std::size_t bytes) {
  const auto* first = static_cast<const char*>(from);
  const std::scoped_lock lock(c.group->mutex);
  c.group->mail[{c.rank, to}].emplace_back(first, first + bytes);
  c.group->changed.notify_all();
  return nccl::kSuccess;
}

Status fetch(Comm& c, int from, std::vector<char>& letter) {
  std::unique_lock lock(c.group->mutex);
  auto& box = c.group->mail[{from, c.rank}];
  c.group->changed.wait(lock, [&] { return c.aborted || !box.empty(); });
  if (c.aborted) return kRemoteError;
  letter = std::move(box.front());
  box.pop_front();
  return nccl::kSuccess;
}

Status send(const void* from, std::size_t count, int type, int peer, Handle h, Stream) {
  const std::size_t bytes = count * nccl::size_of(static_cast<nccl::Type>(type));
  return do_or_keep([=] { return post(comm(h), peer, from, bytes); });
}

Status receive(void* to, std::size_t, int, int peer, Handle h, Stream) {
  return do_or_keep([=] {
    std::vector<char> letter;
    const Status status = fetch(comm(h), peer, letter);
    if (status == nccl::kSuccess && !letter.empty()) std::memcpy(to, letter.data(), letter.size());
    return status;
  });
}

/// Rank r posts `part(r)` of what it brings to each, and takes in what each sends.
Status collective(Handle h, const void* from, std::size_t part, bool same_for_all,
                  const std::function<void(int, const std::vector<char>&)>& take) {
  has_model = true;
  return do_or_keep([=] {
    Comm& c = comm(h);
    for (int r = 0; r < c.ranks; ++r)
      post(c, r, static_cast<const char*>(from) + (same_for_all ? 0 : part * static_cast<std::size_t>(r)), part);
    for (int r = 0; r < c.ranks; ++r) {
      std::vector<char> letter;
      if (const Status status = fetch(c, r, letter)) return status;
      take(r, letter);
    }
    return nccl::kSuccess;
  });
}

std::function<void(int, const std::vector<char>&)> side_by_side(void* to) {
  return [to](int r, const std::vector<char>& letter) {
    std::memcpy(static_cast<char*>(to) + letter.size() * static_cast<std::size_t>(r), letter.data(), letter.size());
  };
}

/// Of fp32; bf16 is not added up here.
std::function<void(int, const std::vector<char>&)> sum_into(void* to) {
  return [to](int r, const std::vector<char>& letter) {
    auto* sum = static_cast<float*>(to);
    for (std::size_t i = 0; i < letter.size() / sizeof(float); ++i) {
      float one = 0;
      std::memcpy(&one, letter.data() + i * sizeof one, sizeof one);
      sum[i] = r == 0 ? one : sum[i] + one;
    }
  };
}

std::size_t bytes(std::size_t count, int type) { return count * nccl::size_of(static_cast<nccl::Type>(type)); }

Status all_gather(const void* from, void* to, std::size_t count, int type, Handle h, Stream) {
  return collective(h, from, bytes(count, type), true, side_by_side(to));
}
Status all_to_all(const void* from, void* to, std::size_t count, int type, Handle h, Stream) {
  return collective(h, from, bytes(count, type), false, side_by_side(to));
}
Status reduce_scatter(const void* from, void* to, std::size_t count, int type, int, Handle h, Stream) {
  return collective(h, from, bytes(count, type), false, sum_into(to));
}
Status all_reduce(const void* from, void* to, std::size_t count, int type, int, Handle h, Stream) {
  return collective(h, from, bytes(count, type), true, sum_into(to));
}

Status get_version(int* version) { return *version = 22809, nccl::kSuccess; }
Status get_unique_id(nccl::UniqueId* id) {
  std::snprintf(id->internal, sizeof id->internal, "group %d", ids++);
  return nccl::kSuccess;
}

Status init_rank(Handle* handle, int ranks, nccl::UniqueId id, int rank) {
  std::shared_ptr<Group> group;
  {
    const std::scoped_lock lock(registry_mutex);
    auto& place = groups[id.internal];
    if (!place) place = std::make_shared<Group>();
    group = place;
    comms.push_back(std::make_unique<Comm>(Comm{group, rank, ranks}));
    *handle = comms.back().get();
  }
  std::unique_lock lock(group->mutex);
  ++group->joined;
  group->changed.notify_all();
  group->changed.wait(lock, [&] { return group->joined == ranks; });
  return nccl::kSuccess;
}

Status destroy(Handle) { return nccl::kSuccess; }
Status abort(Handle h) {
  const std::scoped_lock lock(comm(h).group->mutex);
  comm(h).aborted = true;
  ++aborted;
  comm(h).group->changed.notify_all();
  return nccl::kSuccess;
}
Status async_error(Handle, Status* status) { return *status = nccl::kSuccess, nccl::kSuccess; }
const char* error_text(Status status) { return status == kRemoteError ? "remote process exited" : "some error"; }

Status group_start() {
  if (depth++ == 0) has_model = false;
  return nccl::kSuccess;
}
Status group_end() {
  if (--depth > 0) return nccl::kSuccess;
  Status status = nccl::kSuccess;
  for (const auto& work : std::exchange(pending, {}))
    if (status == nccl::kSuccess) status = work();
  return status;
}
/// 12.5 us for whatever has a model.
Status simulate_end(nccl::SimInfo* info) {
  --depth;
  pending.clear();
  if (has_model) info->estimated_us = 12.5F;
  return info->magic == 0x74685283 && info->version == 22809 ? nccl::kSuccess : 4;
}

template <class F>
void* symbol(F function) {
  return reinterpret_cast<void*>(function);
}

}  // namespace

int aborted_communicators() { return aborted; }

SymbolLookup fake_nccl(bool has_all_to_all) {
  const std::map<std::string, void*> symbols{{"ncclGetVersion", symbol(get_version)},
                                             {"ncclGetUniqueId", symbol(get_unique_id)},
                                             {"ncclCommInitRank", symbol(init_rank)},
                                             {"ncclCommDestroy", symbol(destroy)},
                                             {"ncclCommAbort", symbol(abort)},
                                             {"ncclCommGetAsyncError", symbol(async_error)},
                                             {"ncclGetErrorString", symbol(error_text)},
                                             {"ncclGroupStart", symbol(group_start)},
                                             {"ncclGroupEnd", symbol(group_end)},
                                             {"ncclAllGather", symbol(all_gather)},
                                             {"ncclReduceScatter", symbol(reduce_scatter)},
                                             {"ncclAllReduce", symbol(all_reduce)},
                                             {"ncclSend", symbol(send)},
                                             {"ncclRecv", symbol(receive)},
                                             {"ncclGroupSimulateEnd", symbol(simulate_end)},
                                             {"ncclAlltoAll", has_all_to_all ? symbol(all_to_all) : nullptr}};
  return [symbols](const char* name) -> void* {
    const auto found = symbols.find(name);
    return found == symbols.end() ? nullptr : found->second;
  };
}

}  // namespace ithaca::test
