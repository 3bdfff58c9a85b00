#include "model/framework.hpp"

#include <array>

namespace ithaca {
namespace {

struct FrameworkNames {
  std::string_view name, display;
  KnownReleases releases;
};

// Releases: conda-forge's files of deepspeed; CHANGELOG.md of NVIDIA/Megatron-LM and the documentation of Megatron Core
// 0.19; documentation of huggingface/accelerate v1.15; tags of verl-project/verl.
constexpr std::array<FrameworkNames, kFrameworks> kNames{{
    {"any", "any framework", {}},
    {"deepspeed", "DeepSpeed", {release(0, 10), release(0, 19)}},
    {"megatron", "Megatron-LM", {release(0, 4), release(0, 19)}},
    {"accelerate", "Hugging Face Accelerate", {release(1, 0), release(1, 15)}},
    {"verl", "verl", {release(0, 2), release(0, 7)}},
}};

const FrameworkNames& names(Framework framework) { return kNames[static_cast<std::size_t>(framework)]; }

}  // namespace

KnownReleases known_releases(Framework framework) { return names(framework).releases; }
std::string_view name(Framework framework) { return names(framework).name; }
std::string_view display_name(Framework framework) { return names(framework).display; }

std::string version_text(int version) {
  if (version == kNewest) return "";
  const int patch = version % 1000, minor = version / 1000 % 1000, major = version / 1'000'000;
  std::string text = std::to_string(major) + "." + std::to_string(minor);
  if (patch > 0) text += "." + std::to_string(patch);
  return text;
}

}  // namespace ithaca
