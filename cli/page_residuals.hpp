#pragma once
// The page's figure of predicted against measured: how well the curves of the machine's GPU, or of the profile that it
// was calibrated into, meet the measurements that they were and were not fitted to.

#include <string>
#include <string_view>
#include <vector>

#include "configs/reader/load_kernels.hpp"

namespace ithaca {

struct Residual {
  std::string file;
  FitError error;
};

/// Of `profile`, a file of `ithaca calibrate`, where there is one; else of the catalogue's kernel files of the GPU. Of
/// matrix products those of the type (bf16, fp32), of attention those of the kernel.
std::vector<Residual> known_residuals(const std::string& gpu, const std::string& profile, std::string_view type,
                                      std::string_view kernel);

/// A figure of the page: bars of what was held out, a table of all. Empty without residuals.
std::string residual_figure(const std::vector<Residual>& residuals);

}  // namespace ithaca
