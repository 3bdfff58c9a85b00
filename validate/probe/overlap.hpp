#pragma once
// How much slower a GEMM runs while copies keep the memory or the PCIe link busy.

#include "validate/probe/job.hpp"
#include "validate/probe/nvml.hpp"
#include "validate/probe/sampling.hpp"

namespace ithaca {

struct Overlapped {
  Measurement alone, beside;
};
/// `sample.path` says which copies. A timing counts only if copies still ran when the GEMMs were through.
Result<Overlapped, std::string> measure_overlap(Device& device, const ClockMeter* meter, const KernelSample& sample,
                                                const StoppingRule& rule);

}  // namespace ithaca
