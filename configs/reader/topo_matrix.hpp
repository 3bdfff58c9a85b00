#pragma once
// The matrix that `nvidia-smi topo -m` prints, with whatever stands around it: a server of GPUs and NICs. Cells are X,
// NV1 .. NV18, PIX, PXB, PHB, NODE and SYS. GPUs that all have the same number of NVLinks to each other, more together
// than a GPU has, hang on an NVSwitch; others are joined directly. A CPU is what devices nearer than SYS share, or GPUs
// with the same CPU affinity.
//
// The matrix names no rates. They are NCCL's (configs/reader/nccl_rates.hpp) for the GPUs and CPUs of `cluster`;
// without one for A100 with PCIe 4 and, where a GPU has more NVLinks than that, H100 with PCIe 5, on Intel CPUs of
// their time.

#include <string>
#include <string_view>

#include "configs/reader/fabric_graph.hpp"
#include "model/cluster.hpp"

namespace ithaca {

bool is_topo_matrix(std::string_view text);
/// `cluster` may be null.
Result<LoadedGraph, Diagnostics> read_topo_matrix(std::string file, std::string text, const Cluster* cluster);

}  // namespace ithaca
