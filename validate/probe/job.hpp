#pragma once
// A kernel with its buffers, ready to be called over and over.

#include <functional>

#include "configs/reader/load_kernels.hpp"
#include "validate/probe/cuda_device.hpp"

namespace ithaca {

struct Job {
  int sets = 1;                             ///< of buffers, for calls to take turns
  bool in_graph = true;                     ///< can be captured into a CUDA graph
  std::function<Trouble(int set)> enqueue;  ///< on the device's stream; owns the buffers
};

/// Room for buffers: what is free but a tenth.
Bytes buffer_budget(const Device& device);

Result<Job, std::string> gemm_job(Device& device, const KernelSample& sample);
Result<Job, std::string> attention_job(Device& device, const KernelSample& sample);
/// Norms, activations, residual, pack and unpack.
Result<Job, std::string> memory_job(Device& device, const KernelSample& sample);
Result<Job, std::string> copy_job(Device& device, const KernelSample& sample);

/// Small shapes against validate/probe/references.hpp: what is wrong with the results, if anything is.
Trouble check_gemm(Device& device);
Trouble check_attention(Device& device);
Trouble check_memory(Device& device);

}  // namespace ithaca
