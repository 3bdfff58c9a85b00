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

/// Where in the step the peak falls: at the loss, or in the first layer's backward right after it.
enum class Moment : std::uint8_t { loss, backward };
std::string_view name(Moment moment);

struct MemoryLedger {
  Moment moment{};  ///< of the peak; `terms` are alive then
  int stage = 0;    ///< pipeline stage of the peak
  StaticVector<MemoryTerm, 24> terms;
  StaticVector<MemoryTerm, 4> host_terms;  ///< offloaded, in host memory, for this GPU
  Bytes capacity{};

  Bytes peak() const;
  Bytes host() const;
  bool fits() const { return peak() <= capacity; }
};

/// `layout` must be legal (model/legality.hpp).
MemoryLedger peak_memory(const Transformer& model, const Workload& work, const Cluster& cluster, const Layout& layout,
                         const RankSplit& rank);

}  // namespace ithaca
