#pragma once
// What the fits of GEMMs and of attention share: samples chosen, a curve's parameters searched, errors counted.

#include <functional>
#include <string>
#include <vector>

#include "configs/reader/load_kernels.hpp"
#include "model/gpu.hpp"

namespace ithaca {

using Samples = std::vector<KernelSample>;

Samples filter(const Samples& samples, const std::function<bool(const KernelSample&)>& choice);
Samples not_held_out(const Samples& samples);

/// Leaves in `gpu` the parameters, found from `start` on, whose times are nearest to the samples'; `place` puts
/// parameters into the GPU's curve. Residuals are logarithms, quadratic up to 30 % and linear beyond: a shape for which
/// the library picked a bad algorithm must not bend the curve.
void fit(Gpu& gpu, const Samples& samples, const std::vector<double>& start,
         const std::function<void(Gpu&, const std::vector<double>&)>& place);

/// Adds the errors in percent of the samples that were fitted and of those that were held out, where there are any.
void add_errors(const Gpu& gpu, const Samples& samples, const std::string& of, std::vector<FitError>& errors);

}  // namespace ithaca
