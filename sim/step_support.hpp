#pragma once
// What the event engine does not simulate, though the model may know it.

#include <optional>
#include <string>

#include "model/layout.hpp"
#include "model/workload.hpp"

namespace ithaca {

/// The first thing that step_program() would leave out or do in another way, as "the event engine does not simulate
/// ..."; nothing where it does everything.
std::optional<std::string> not_simulated(const Workload& work, const Layout& layout);

}  // namespace ithaca
