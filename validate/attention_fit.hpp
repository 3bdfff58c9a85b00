#pragma once
// Curves of flash attention from measured calls.

#include "validate/sample_fit.hpp"

namespace ithaca {

/// `samples` are of one kernel on `gpu`. Points stay empty where there is nothing to fit them to; a causal backward
/// pass follows from `like`, which may be null. Errors are added.
AttentionKernel fit_attention(Gpu gpu, Samples samples, const AttentionCurve* like, std::vector<FitError>& errors);

}  // namespace ithaca
