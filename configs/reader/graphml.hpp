#pragma once
// A network as GraphML: nodes have the attributes `kind` and, inside a server, `host`; edges have `capacity` (400Gbps)
// and perhaps `latency` (1us). Ids are names, GPUs are ranks in the order of the file, and an undirected edge is a link
// each way. What else a program has written is passed over.

#include "configs/reader/fabric_graph.hpp"
#include "configs/reader/xml_document.hpp"

namespace ithaca {

Result<LoadedGraph, Diagnostics> read_graphml(const XmlDocument& document);

}  // namespace ithaca
