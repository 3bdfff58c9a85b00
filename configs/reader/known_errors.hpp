#pragma once
// The errors that kernel files and profiles state beside their curves, as standard deviations. Of normal errors the
// mean absolute one is 0.798 of the deviation, and an interval of 90 % is 3.29 deviations wide. Only held-out errors
// count. What was measured elsewhere and carried over has the errors that the catalogue itself shows where both are
// known.

#include <string_view>
#include <vector>

#include "configs/reader/load_kernels.hpp"
#include "model/known_errors.hpp"

namespace ithaca {

void take_gemm_errors(const std::vector<FitError>& fits, Uncertainty& errors);
/// Of an attention kernel: forward and backward by their 1 : 2.5 FLOPs, or both together.
CurveError attention_error(const std::vector<FitError>& fits, std::string_view kernel);
/// Of whole steps, every table of published runs alike; 0 where there are none.
double step_deviation(const std::vector<FitError>& fits);
/// Of all messages from 1 MiB on; 0 where none was held out.
double collective_deviation(const std::vector<FitError>& fits, Op op);
/// Of a figure with a 90 % interval; 0 where there is none.
double interval_deviation(double low, double high);

/// Of another GPU's curves, rescaled, from what their own errors are.
CurveError carried_gemm(const CurveError& there);
CurveError carried_attention(const CurveError& there);
CurveError carried_streaming();
/// Of a curve that published steps shaped, where no kernel was timed alone.
CurveError step_error(const std::vector<FitError>& fits);
/// Of the catalogue's rates and NCCL's constants, for collectives inside a server and between servers.
CurveError catalogue_links(bool across_servers);

}  // namespace ithaca
