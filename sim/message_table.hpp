#pragma once
// Messages of an exchange told apart by bytes, delay and colours.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sim/classes.hpp"
#include "sim/lower_messages.hpp"
#include "sim/mix.hpp"

namespace ithaca {

/// What colours the messages of an exchange: their ends, or those that come together, and their links.
struct FlowColours {
  std::vector<std::uint32_t> end;  ///< by rank
  const std::vector<std::uint32_t>& link;
};

/// The classes of an exchange's messages: equal bytes, delays, colours of ends, and colours of links in order.
class MessageTable {
 public:
  MessageTable() : slots_(64, kFree) {}

  std::uint32_t find(std::uint64_t hash, const WireFlow& flow, const FlowColours& colours) {
    std::size_t slot = hash & (slots_.size() - 1);
    for (; slots_[slot] != kFree; slot = (slot + 1) & (slots_.size() - 1)) {
      if (hashes_[slots_[slot]] == hash && is(slots_[slot], flow, colours)) return slots_[slot];
    }
    const auto added = static_cast<std::uint32_t>(classes_.size());
    slots_[slot] = added;
    hashes_.push_back(hash);
    classes_.from.push_back(colours.end[flow.from]);
    classes_.to.push_back(colours.end[flow.to]);
    classes_.bytes.push_back(flow.bytes);
    classes_.delay.push_back(flow.delay);
    for (const std::uint32_t k : flow.route) classes_.route.items.push_back(colours.link[k]);
    classes_.route.begin.push_back(static_cast<std::uint32_t>(classes_.route.items.size()));
    if (2 * hashes_.size() > slots_.size()) grow();
    return added;
  }
  std::size_t size() const { return classes_.size(); }
  const MessageClasses& classes() const { return classes_; }

 private:
  static constexpr std::uint32_t kFree = 0xFFFFFFFF;

  bool is(std::uint32_t m, const WireFlow& flow, const FlowColours& colours) const {
    const auto route = classes_.route[m];
    return classes_.bytes[m] == flow.bytes && classes_.delay[m] == flow.delay &&
           classes_.from[m] == colours.end[flow.from] && classes_.to[m] == colours.end[flow.to] &&
           std::equal(route.begin(), route.end(), flow.route.begin(), flow.route.end(),
                      [&](std::uint32_t colour, std::uint32_t k) { return colour == colours.link[k]; });
  }
  void grow() {
    slots_.assign(2 * slots_.size(), kFree);
    for (std::uint32_t m = 0; m < hashes_.size(); ++m) {
      std::size_t slot = hashes_[m] & (slots_.size() - 1);
      while (slots_[slot] != kFree) slot = (slot + 1) & (slots_.size() - 1);
      slots_[slot] = m;
    }
  }

  std::vector<std::uint32_t> slots_;
  std::vector<std::uint64_t> hashes_;
  MessageClasses classes_;
};

/// What tells a message: a hash of its bytes, delay and colours.
class Signature {
 public:
  explicit Signature(const FlowColours& colours) : colours_(colours) {}
  std::uint64_t operator()(const WireFlow& flow) {
    if (flow.bytes != bytes_ || flow.delay != delay_) {
      bytes_ = flow.bytes;
      delay_ = flow.delay;
      numbers_ = mix(mix(bits(bytes_)) + bits(delay_));
    }
    std::uint64_t hash = numbers_ ^ mix(std::uint64_t{colours_.end[flow.from]} << 32 | colours_.end[flow.to]);
    for (const std::uint32_t k : flow.route) {
      hash = (hash ^ colours_.link[k]) * 0x9E3779B97F4A7C15u;
      hash ^= hash >> 29;
    }
    return mix(hash);
  }

 private:
  const FlowColours& colours_;
  double bytes_ = -1, delay_ = -1;
  std::uint64_t numbers_ = 0;
};

}  // namespace ithaca
