#pragma once
// Calibrated profiles (schema profile/1), as `ithaca calibrate` writes them: what one machine's own measurements say of
// its collectives and kernels.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "configs/reader/load_hardware.hpp"
#include "configs/reader/load_kernels.hpp"
#include "model/collective.hpp"

namespace ithaca {

struct Profile {
  struct Input {
    std::string file, hash;  ///< see text_hash
    int samples = 0;
  };
  std::string file;
  std::string cluster;  ///< name or path, as it was given; empty where only kernels were fitted
  std::string gpu;      ///< the same
  std::vector<Input> inputs;
  CollectiveProfile collectives;
  Kernels kernels;                             ///< curves and errors; the names stay empty
  std::optional<double> streaming_efficiency;  ///< of streaming kernels
  double streaming_deviation = 0;              ///< of that, by its interval
  double gemm_deviation = 0;                   ///< of the curve of matrix products, by its figures' intervals
  std::vector<std::pair<std::string, double>> attention_deviations;  ///< by kernel
  std::vector<LinkError> links;                                      ///< of kinds of collectives
};

Result<Profile, Diagnostics> load_profile(const std::string& path);
Result<Profile, Diagnostics> read_profile(const Document& document);

/// Puts the profile's figures in place of the catalogue's. A profile of another machine is refused.
Diagnostics apply(const Profile& profile, LoadedCluster& cluster);
Diagnostics apply(const Profile& profile, LoadedGpu& gpu);

/// FNV-1a of the bytes, 64 bits, 16 hexadecimal digits: tells whether a file is still the one that was fitted.
std::string text_hash(std::string_view text);

}  // namespace ithaca
