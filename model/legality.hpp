#pragma once
// Which layouts can exist at all and, where the workload names a framework, run in it (model/framework_rules.hpp).

#include <optional>

#include "model/cluster.hpp"
#include "model/phase.hpp"
#include "model/refusal.hpp"
#include "model/transformer.hpp"
#include "model/workload.hpp"

namespace ithaca {

/// The first rule that the layout breaks, if any.
std::optional<Refusal> check_layout(const Transformer& model, const Workload& work, const Cluster& cluster,
                                    const Layout& layout);

/// What has no meaning in inference: a strategy made for the backward pass or for long sequences of queries, ZeRO
/// stages that shard nothing but gradients and optimizer states.
std::optional<Refusal> check_phase(const Layout& layout, Phase phase);

}  // namespace ithaca
