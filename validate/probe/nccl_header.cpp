// Our declarations of NCCL against its header.

#include <nccl.h>

#include "validate/probe/nccl_library.hpp"

namespace ithaca::nccl {

static_assert(kSuccess == ncclSuccess && kInProgress == ncclInProgress && kSum == ncclSum);
static_assert(static_cast<int>(kFloat32) == ncclFloat32 && static_cast<int>(kBfloat16) == ncclBfloat16);
static_assert(sizeof(UniqueId) == sizeof(ncclUniqueId) && sizeof(ncclComm_t) == sizeof(Handle));
static_assert(sizeof(ncclResult_t) == sizeof(Status) && sizeof(ncclDataType_t) == sizeof(int) &&
              sizeof(ncclRedOp_t) == sizeof(int));
#if NCCL_VERSION_CODE >= NCCL_VERSION(2, 22, 0)
static_assert(sizeof(SimInfo) == sizeof(ncclSimInfo_t) &&
              offsetof(SimInfo, estimated_us) == offsetof(ncclSimInfo_t, estimatedTime));
#endif

/// The arguments too: each call here goes to the header's declaration with our types.
[[maybe_unused]] static Status calls(Handle handle, Stream stream, const void* from, void* to) {
  auto* comm = static_cast<ncclComm_t>(handle);
  ncclAllGather(from, to, 1, ncclFloat32, comm, stream);
  ncclReduceScatter(from, to, 1, ncclFloat32, ncclSum, comm, stream);
  ncclAllReduce(from, to, 1, ncclFloat32, ncclSum, comm, stream);
  ncclSend(from, 1, ncclFloat32, 0, comm, stream);
#if NCCL_VERSION_CODE >= NCCL_VERSION(2, 28, 0)
  ncclAlltoAll(from, to, 1, ncclFloat32, comm, stream);
#endif
  return ncclRecv(to, 1, ncclFloat32, 0, comm, stream);
}

}  // namespace ithaca::nccl
