#pragma once
// Which layouts can exist at all and, where the workload names a framework, run in it (model/framework_rules.hpp).

#include <optional>

#include "model/cluster.hpp"
#include "model/refusal.hpp"
#include "model/transformer.hpp"
#include "model/workload.hpp"

namespace ithaca {

/// The first rule that the layout breaks, if any.
std::optional<Refusal> check_layout(const Transformer& model, const Workload& work, const Cluster& cluster,
                                    const Layout& layout);

}  // namespace ithaca
