#include "validate/probe/nccl_library.hpp"

#include <dlfcn.h>

namespace ithaca::nccl {
namespace {

template <class F>
bool find(const SymbolLookup& lookup, const char* symbol, F& function) {
  function = reinterpret_cast<F>(lookup(symbol));
  return function != nullptr;
}

}  // namespace

Result<SymbolLookup, std::string> open_nccl() {
  void* library = dlopen("libnccl.so.2", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr)
    return std::string("libnccl.so.2 cannot be opened: install NCCL, or add its folder to LD_LIBRARY_PATH");
  return SymbolLookup([library](const char* symbol) { return dlsym(library, symbol); });
}

Result<Library, std::string> load_nccl(const SymbolLookup& lookup) {
  Library nccl;
  const bool complete =
      find(lookup, "ncclGetVersion", nccl.get_version) && find(lookup, "ncclGetUniqueId", nccl.get_unique_id) &&
      find(lookup, "ncclCommInitRank", nccl.init_rank) && find(lookup, "ncclCommDestroy", nccl.destroy) &&
      find(lookup, "ncclCommAbort", nccl.abort) && find(lookup, "ncclCommGetAsyncError", nccl.async_error) &&
      find(lookup, "ncclGetErrorString", nccl.error_text) && find(lookup, "ncclGroupStart", nccl.group_start) &&
      find(lookup, "ncclGroupEnd", nccl.group_end) && find(lookup, "ncclAllGather", nccl.all_gather) &&
      find(lookup, "ncclReduceScatter", nccl.reduce_scatter) && find(lookup, "ncclAllReduce", nccl.all_reduce) &&
      find(lookup, "ncclSend", nccl.send) && find(lookup, "ncclRecv", nccl.receive);
  if (!complete) return std::string("libnccl.so.2 lacks a function: NCCL 2.7 or newer is needed");
  find(lookup, "ncclAlltoAll", nccl.all_to_all);
  find(lookup, "ncclGroupSimulateEnd", nccl.simulate_end);
  return nccl;
}

std::string Library::version() const {
  int code = 0;
  if (get_version(&code) != kSuccess) return "unknown";
  // NCCL_VERSION: thousands up to 2.8, ten thousands from 2.9 on.
  const int major = code < 10000 ? code / 1000 : code / 10000, minor = code / 100 % (code < 10000 ? 10 : 100);
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(code % 100);
}

}  // namespace ithaca::nccl
