#pragma once
// Writes fitted curves as a kernel file, schema kernels/1: what load_kernels reads.

#include <string>

#include "configs/reader/load_kernels.hpp"

namespace ithaca {

/// Four significant digits, so that another compiler's last bits do not show.
std::string kernel_yaml(const Kernels& kernels);
/// Parts of it, for files that hold more: gemm and attention, and errors.
std::string kernel_curves_yaml(const Kernels& kernels);
std::string fit_errors_yaml(const std::vector<FitError>& errors);

}  // namespace ithaca
