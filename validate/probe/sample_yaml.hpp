#pragma once
// Writes measured kernels, schema measurements/1: what load_kernel_samples reads.

#include <string>
#include <string_view>

#include "configs/reader/load_kernels.hpp"

namespace ithaca {

std::string sample_yaml(const KernelSamples& table);
/// "h100.yaml" and "gemm" give "h100-gemm.yaml".
std::string with_family(const std::string& path, std::string_view family);
/// The name that hw_profiles/gpus has for what the driver calls "NVIDIA H100 80GB HBM3"; others in lower case with
/// hyphens.
std::string catalogue_gpu(std::string_view device_name);
std::string utc_now();  ///< "2026-01-31T12:00:00Z"

}  // namespace ithaca
