#include "cli/profile_flag.hpp"

namespace ithaca {

std::optional<Profile> read_profile_flag(const Arguments& arguments, Diagnostics& problems) {
  const auto path = arguments.find("--profile");
  if (!path) return std::nullopt;
  auto profile = load_profile(*path);
  if (profile) return std::move(profile).value();
  problems.insert(problems.end(), profile.error().begin(), profile.error().end());
  return std::nullopt;
}

void apply_profile_flag(const Arguments& arguments, LoadedCluster& cluster, Diagnostics& problems) {
  const auto profile = read_profile_flag(arguments, problems);
  if (!profile) return;
  const Diagnostics wrong = apply(*profile, cluster);
  problems.insert(problems.end(), wrong.begin(), wrong.end());
}

}  // namespace ithaca
