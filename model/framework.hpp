#pragma once
// A training framework that layouts are held against, in one of its releases.

#include <cstdint>
#include <string>
#include <string_view>

namespace ithaca {

/// deepspeed: with Hugging Face models (ALST) and Megatron-DeepSpeed. megatron: Megatron-LM on Megatron-Core.
/// verl: its FSDP engine for Ulysses, its Megatron engine for the rest.
enum class Framework : std::uint8_t { any, deepspeed, megatron, accelerate, verl };
inline constexpr int kFrameworks = 5;

/// Releases by one number that rises with them.
constexpr int release(int major, int minor, int patch = 0) { return (major * 1000 + minor) * 1000 + patch; }
inline constexpr int kNewest = release(1000, 0);

/// What a workload is trained with.
struct FrameworkRelease {
  Framework framework = Framework::any;
  int version = kNewest;
  friend constexpr bool operator==(const FrameworkRelease&, const FrameworkRelease&) = default;
};

/// The minor releases that rules are known for, as one reads them: first.major.minor to last.
struct KnownReleases {
  int first = 0, last = 0;
};
KnownReleases known_releases(Framework framework);

std::string_view name(Framework framework);          ///< as --framework takes it: "megatron"
std::string_view display_name(Framework framework);  ///< "Megatron-LM"
std::string version_text(int version);               ///< "0.17", "0.16.4"; empty for the newest

}  // namespace ithaca
