#pragma once
// Measured distributed attention (schema attention/1): one call of attention over a sequence that several GPUs share,
// with its communication.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "configs/reader/diagnostic.hpp"
#include "configs/reader/document.hpp"
#include "model/layout.hpp"
#include "model/quantity.hpp"
#include "model/result.hpp"

namespace ithaca {

enum class AttentionPass : std::uint8_t { forward, backward, both };
std::string_view name(AttentionPass pass);

/// What a method was asked to do.
struct AttentionSetting {
  std::int64_t batch = 1, seq = 0, heads = 0, kv_heads = 0, head_dim = 0;
  bool causal = true;
  AttentionPass pass = AttentionPass::forward;
  std::string variant;  ///< of the interface, where one method was timed through several
  friend bool operator==(const AttentionSetting&, const AttentionSetting&) = default;
};

struct AttentionCase {
  AttentionSetting setting;
  std::string method;  ///< in the source's words
  Layout layout;
  Seconds time{};
  bool held_out = true;
  bool order_only = false;  ///< judges the order of the methods, not the time
  std::string doubt;        ///< why it judges nothing; empty if nothing speaks against it
};

struct AttentionCases {
  std::string file, name, source, cluster, kernel, split;
  /// Of the machine, fitted to the cases marked fit: what its kernels reach of the kernel's curve, and what a call
  /// takes besides its kernels and communication.
  double kernel_share = 1;
  Seconds call{};
  std::vector<AttentionCase> cases;
};

/// FLOPs of all GPUs as benchmarks count them: 4 x area x heads x head_dim forward, 2.5 times that backward.
Flop counted_flops(const AttentionSetting& setting);

/// `path` may be "-" for the standard input. A case's figure is `per_s` (calls a second), `tflops_per_gpu` in the count
/// of counted_flops, or `time_s`.
Result<AttentionCases, Diagnostics> load_attention(const std::string& path);
Result<AttentionCases, Diagnostics> read_attention(const Document& document);

}  // namespace ithaca
