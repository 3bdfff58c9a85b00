#pragma once
// NCCL, opened at run time: a machine without it can still time kernels, and nothing is needed to build. Types and
// constants as nccl.h has them; nccl_header.cpp holds them against the header where there is one.

#include <cstddef>
#include <string>

#include "model/result.hpp"
#include "validate/probe/device_kernels.hpp"
#include "validate/probe/nvml.hpp"

namespace ithaca::nccl {

using Status = int;    ///< ncclResult_t
using Handle = void*;  ///< ncclComm_t
using Stream = device::Stream;
constexpr Status kSuccess = 0, kInProgress = 7;
constexpr int kSum = 0;
/// ncclDataType_t
enum Type : int { kFloat32 = 7, kBfloat16 = 9 };
constexpr std::size_t size_of(Type type) { return type == kFloat32 ? 4 : 2; }

struct UniqueId {
  char internal[128] = {};
};
struct SimInfo {
  std::size_t size = sizeof(SimInfo);
  unsigned magic = 0x74685283;
  unsigned version = 0;
  float estimated_us = -1;
};

/// Each function as nccl.h declares it.
struct Library {
  Status (*get_version)(int*) = nullptr;
  Status (*get_unique_id)(UniqueId*) = nullptr;
  Status (*init_rank)(Handle*, int ranks, UniqueId, int rank) = nullptr;
  Status (*destroy)(Handle) = nullptr;
  Status (*abort)(Handle) = nullptr;
  Status (*async_error)(Handle, Status*) = nullptr;
  const char* (*error_text)(Status) = nullptr;
  Status (*group_start)() = nullptr;
  Status (*group_end)() = nullptr;
  Status (*all_gather)(const void*, void*, std::size_t, int type, Handle, Stream) = nullptr;
  Status (*reduce_scatter)(const void*, void*, std::size_t, int type, int op, Handle, Stream) = nullptr;
  Status (*all_reduce)(const void*, void*, std::size_t, int type, int op, Handle, Stream) = nullptr;
  Status (*send)(const void*, std::size_t, int type, int peer, Handle, Stream) = nullptr;
  Status (*receive)(void*, std::size_t, int type, int peer, Handle, Stream) = nullptr;
  Status (*all_to_all)(const void*, void*, std::size_t, int type, Handle, Stream) = nullptr;  ///< since 2.28, or null
  Status (*simulate_end)(SimInfo*) = nullptr;                                                 ///< since 2.22, or null

  std::string version() const;  ///< "2.28.9"
  std::string text(Status status) const { return error_text(status); }
};

/// In libnccl.so.2, or in one sentence why not.
Result<SymbolLookup, std::string> open_nccl();
Result<Library, std::string> load_nccl(const SymbolLookup& lookup);

}  // namespace ithaca::nccl
