#pragma once
// `ithaca_probe collectives` and `layers`: NCCL on this machine's GPUs.

#include "validate/probe/collective_options.hpp"

namespace ithaca {

/// The exit code.
int run_collectives(const CollectiveOptions& options);

}  // namespace ithaca
