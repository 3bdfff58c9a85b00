#pragma once
// One figure of a question changed at a time, the others kept consistent with it: what a slider or an axis of a sweep
// turns.

#include <cstdint>
#include <optional>

#include "model/compare.hpp"

namespace ithaca {

/// The cluster's domain whose uplink is its NICs.
std::optional<std::size_t> nic_domain(const Cluster& cluster);
/// Of one NIC. Tiers above keep their oversubscription, and every rate the share of the peak that it reaches. False
/// where there are no NICs.
bool set_nic_rate(Cluster& cluster, BytesPerSecond rate);
/// Of a GPU's port, one way; false where GPUs are joined by PCIe.
bool set_port_rate(Cluster& cluster, BytesPerSecond rate);
/// Query heads. Their width together stays, so that parameters and FLOPs do, and plain multi-head attention remains
/// one. False under latent attention and where they do not divide the width.
bool set_heads(Transformer& model, std::int64_t heads);

/// What the page's sliders turn, in the order in which several are applied.
enum class Knob : std::uint8_t {
  gpus,
  seq_len,
  micro_batch,
  global_batch,
  recompute,
  zero,
  tp,
  pp,
  dp,
  ulysses,
  ring,
  heads,
  kv_heads,
  nvlink,
  nic,
  price
};
inline constexpr int kKnobs = 16;

/// In SI base units; of a degree that is left open, zero (of pp one), and -1 of the ZeRO stage. None where the question
/// has no such figure (NICs of a single box).
std::optional<double> knob_value(const Question& question, Knob knob);
/// The same values; false, and nothing changes, where the question has no such figure or it would contradict another.
bool turn(Question& question, Knob knob, double value);

}  // namespace ithaca
