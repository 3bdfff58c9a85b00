#pragma once
// A server as NCCL writes it with NCCL_TOPO_DUMP_FILE and reads it with NCCL_TOPO_FILE, versions 1 (NCCL) and 2 (RCCL):
// `system` with `cpu`, `pci`, `gpu`, `nvlink`, `xgmi`, `c2c`, `pcilink`, `nic` and `net`. Rates are those that NCCL
// computes with. GPUs are ranks in the order of `rank`, or of the file where one has none. A NIC is limited by its slot
// or its ports; what it leads to is not part of the file.

#include "configs/reader/fabric_graph.hpp"
#include "configs/reader/xml_document.hpp"

namespace ithaca {

Result<LoadedGraph, Diagnostics> read_nccl_topology(const XmlDocument& document);

}  // namespace ithaca
