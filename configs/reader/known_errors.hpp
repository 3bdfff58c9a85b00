#pragma once
// The errors that kernel files and profiles state beside their curves, as standard deviations. Of normal errors the
// mean absolute one is 0.798 of the deviation, and an interval of 90 % is 3.29 deviations wide. Only held-out errors
// count.

#include <string_view>
#include <vector>

#include "configs/reader/load_kernels.hpp"
#include "model/known_errors.hpp"

namespace ithaca {

void take_gemm_errors(const std::vector<FitError>& fits, Uncertainty& errors);
/// Of an attention kernel: forward and backward by their 1 : 2.5 FLOPs.
CurveError attention_error(const std::vector<FitError>& fits, std::string_view kernel);
/// Of whole steps, every table of published runs alike; 0 where there are none.
double step_deviation(const std::vector<FitError>& fits);
/// Of all messages from 1 MiB on; 0 where none was held out.
double collective_deviation(const std::vector<FitError>& fits, Op op);
/// Of a figure with a 90 % interval; 0 where there is none.
double interval_deviation(double low, double high);

}  // namespace ithaca
