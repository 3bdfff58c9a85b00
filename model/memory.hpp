#pragma once
// Peak memory of one GPU as a ledger of named terms, each with its formula and source; the total is derived.

#include <cstdint>
#include <string_view>

#include "model/cluster.hpp"
#include "model/layout.hpp"
#include "model/quantity.hpp"
#include "model/split.hpp"
#include "model/static_vector.hpp"
#include "model/transformer.hpp"
#include "model/workload.hpp"

namespace ithaca {

struct MemoryTerm {
  std::string_view name;
  Bytes bytes{};
  std::string_view formula;
  std::string_view source;
};

/// When the peak falls: at the loss, in the backward of the layer that comes first then, or while the optimizer steps;
/// in inference, in the forward of a layer.
enum class Moment : std::uint8_t { loss, backward, optimizer, forward };
std::string_view name(Moment moment);

/// What runs at the peak.
enum class Operator : std::uint8_t { head, ffn, experts, attention, update };
std::string_view name(Operator op);

struct MemoryLedger {
  Moment moment{};  ///< of the peak; `terms` are alive then
  Operator op{};    ///< in its backward, for Moment::backward
  int stage = 0;    ///< pipeline stage of the peak
  StaticVector<MemoryTerm, 24> terms;
  StaticVector<MemoryTerm, 4> host_terms;  ///< offloaded, in host memory, for this GPU
  Bytes capacity{};
  Bytes host_capacity{};  ///< of a node; zero where it is not known
  int node_gpus = 1;      ///< GPUs of the layout that share a node's memory

  Bytes peak() const;
  Bytes host() const;
  Bytes host_of_node() const { return host() * node_gpus; }
  bool fits_gpu() const { return peak() <= capacity; }
  bool fits_host() const { return host_capacity == Bytes{} || host_of_node() <= host_capacity; }
  bool fits() const { return fits_gpu() && fits_host(); }
};

/// The peak of one stage of the pipeline. `layout` must be legal (model/legality.hpp).
MemoryLedger stage_memory(const Transformer& model, const Workload& work, const Cluster& cluster, const Layout& layout,
                          const RankSplit& rank, int stage);
/// Of the stage that needs most.
MemoryLedger peak_memory(const Transformer& model, const Workload& work, const Cluster& cluster, const Layout& layout,
                         const RankSplit& rank);

}  // namespace ithaca
