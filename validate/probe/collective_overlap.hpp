#pragma once
// How much slower a GEMM runs while a collective passes through the same GPU.

#include "validate/probe/job.hpp"
#include "validate/probe/measure_collectives.hpp"

namespace ithaca {

/// The forward FFN-up GEMM of N / P tokens beside all-gathers of the whole activation, as Megatron-SP has them. The
/// ensemble's accelerator must use the device's side stream. All ranks call it, and get the same but for the GEMM
/// alone.
Result<KernelSample, std::string> measure_gemm_beside(const Ensemble& ensemble, Device& device,
                                                      const Transformer& model, std::int64_t tokens,
                                                      const StoppingRule& rule);

}  // namespace ithaca
