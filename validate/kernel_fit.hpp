#pragma once
// Efficiency curves from measured kernels. A declared part of the samples is never fitted and tells how far the curve
// can be trusted.

#include <string>
#include <vector>

#include "configs/reader/load_kernels.hpp"
#include "model/gpu.hpp"

namespace ithaca {

/// Kernels from here on are told apart in the errors: launches are a small part of them, those of training are as long,
/// and shorter GEMMs show the library's luck with split k.
inline constexpr Seconds kLongKernel{25e-6};

/// GEMMs: every fourth shape by a hash of (batch, m, n, k). Attention: the lengths 1024 and 8192.
bool is_held_out(const KernelSample& sample);
/// The model's answer to the sample. Of a GEMM beside something else: alone; of a copy over PCIe, which the model does
/// not know: the GPU's memory, a lower bound.
Seconds predicted_time(const Gpu& gpu, const KernelSample& sample);

/// Curves of all kernels among the samples of `gpu`; name and source stay empty. TF32, and split k and batches where
/// the samples do not tell them, stay as `gpu` has them.
/// What was not measured is derived:
/// - backward with a causal mask, where no sample shows it: from the full one, by the ratio that another kernel of the
///   same GPU shows;
/// - forward and backward apart, where all but one shape were measured only together: by their shares of that shape,
///   whose samples are then neither fitted nor judged.
Kernels fit_kernels(const Gpu& gpu, const std::vector<KernelSample>& samples);
/// The same for all samples of the tables that nothing makes doubtful, named after the GPU and with the tables'
/// sources.
Kernels fit_tables(const Gpu& gpu, const std::vector<KernelSamples>& tables);

}  // namespace ithaca
