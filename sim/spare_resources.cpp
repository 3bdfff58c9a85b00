#include "sim/spare_resources.hpp"

#include <bit>

namespace ithaca {
namespace {

/// For each resource those of its first flow's route that may stand for it, a bit each; later flows rule them out.
class Stand {
 public:
  Stand(std::span<const double> capacity, const IndexRows& route, Usage usage)
      : capacity_(capacity),
        route_(route),
        usage_(usage),
        first_flow_(capacity.size(), kNobody),
        possible_(capacity.size(), kAll) {}

  void look_at(std::uint32_t flow) {
    for (std::uint32_t i = route_.begin[flow]; i < route_.begin[flow + 1]; ++i) {
      const std::uint32_t k = route_.items[i];
      if (possible_[k] == 0) continue;
      if (first_flow_[k] == kNobody) first_flow_[k] = flow;
      rule_out(k, i, flow);
    }
  }
  bool is_spare(std::uint32_t k) const { return possible_[k] != 0; }

 private:
  static constexpr std::uint64_t kAll = ~std::uint64_t{0};

  void rule_out(std::uint32_t k, std::uint32_t item, std::uint32_t flow) {
    const auto candidates = route_[first_flow_[k]];
    std::uint64_t still = 0;
    for (std::uint64_t left = possible_[k]; left != 0; left &= left - 1) {
      const auto place = static_cast<std::size_t>(std::countr_zero(left));
      if (place >= candidates.size()) break;
      if (fills_first(candidates[place], k, item, flow)) still |= std::uint64_t{1} << place;
    }
    possible_[k] = still;
  }

  /// Whether the flow crosses `other`, which would be full of such flows before `k`, its item `item`, would.
  bool fills_first(std::uint32_t other, std::uint32_t k, std::uint32_t item, std::uint32_t flow) const {
    for (std::uint32_t i = route_.begin[flow]; i < route_.begin[flow + 1]; ++i) {
      if (route_.items[i] != other) continue;
      const double room = usage_[i] * capacity_[k], other_room = usage_[item] * capacity_[other];
      return room > other_room || (room == other_room && other < k);
    }
    return false;
  }

  std::span<const double> capacity_;
  const IndexRows& route_;
  Usage usage_;
  std::vector<std::uint32_t> first_flow_;
  std::vector<std::uint64_t> possible_;  ///< places in the first flow's route; those beyond 64 are not looked at
};

}  // namespace

std::vector<std::uint8_t> find_spare(std::span<const double> capacity, const IndexRows& route, Usage usage) {
  Stand stand(capacity, route, usage);
  for (std::uint32_t f = 0; f < route.size(); ++f) stand.look_at(f);
  std::vector<std::uint8_t> spare(capacity.size());
  for (std::uint32_t k = 0; k < spare.size(); ++k) spare[k] = stand.is_spare(k);
  return spare;
}

}  // namespace ithaca
