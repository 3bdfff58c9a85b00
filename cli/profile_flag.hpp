#pragma once
// --profile: what `ithaca calibrate` wrote, put in place of the catalogue's figures.

#include <optional>

#include "cli/arguments.hpp"
#include "configs/reader/load_profile.hpp"

namespace ithaca {

inline constexpr Flag kProfileFlag[] = {
    {"--profile", "FILE", "what 'ithaca calibrate' found on this machine, in place of NCCL's constants and old curves"},
};

/// The profile that is asked for; none, and problems if it cannot be read.
std::optional<Profile> read_profile_flag(const Arguments& arguments, Diagnostics& problems);

/// Reads it and applies it to the cluster.
void apply_profile_flag(const Arguments& arguments, LoadedCluster& cluster, Diagnostics& problems);

}  // namespace ithaca
