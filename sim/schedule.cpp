#include "sim/schedule.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <span>

#include "sim/schedule_parts.hpp"

namespace ithaca {
namespace {

using Wrong = std::optional<std::string>;

std::span<const Algorithm> algorithms(Op op) {
  static constexpr Algorithm kAllToAll[] = {Algorithm::direct, Algorithm::pairwise, Algorithm::hierarchical,
                                            Algorithm::bruck};
  static constexpr Algorithm kGather[] = {Algorithm::ring, Algorithm::recursive, Algorithm::nvls};
  static constexpr Algorithm kReduce[] = {Algorithm::ring, Algorithm::tree, Algorithm::nvls};
  static constexpr Algorithm kSend[] = {Algorithm::ring};
  switch (op) {
    case Op::all_to_all: return kAllToAll;
    case Op::all_gather:
    case Op::reduce_scatter: return kGather;
    case Op::all_reduce: return kReduce;
    case Op::send_recv: break;
  }
  return kSend;
}

Wrong check_algorithm(Op op, Algorithm algorithm) {
  const auto known = algorithms(op);
  if (std::find(known.begin(), known.end(), algorithm) != known.end()) return std::nullopt;
  std::string names;
  for (const Algorithm a : known) names += (names.empty() ? "" : ", ") + std::string(name(a));
  return std::string(name(op)) + " has no algorithm '" + std::string(name(algorithm)) + "'; it has " + names;
}

Wrong check_group(const CollectiveCall& call) {
  const auto [size, stride] = call.group;
  if (size < 1 || stride < 1 || call.ranks < 1) return "a group needs a size, a stride and ranks of at least 1";
  if (static_cast<std::int64_t>(size) * stride > call.ranks)
    return "groups of " + std::to_string(size) + " ranks, " + std::to_string(stride) + " apart, need " +
           std::to_string(static_cast<std::int64_t>(size) * stride) + " GPUs, and there are " +
           std::to_string(call.ranks);
  if (call.ranks % (size * stride) != 0)
    return std::to_string(call.ranks) + " GPUs do not divide into groups of " + std::to_string(size) + " ranks, " +
           std::to_string(stride) + " apart";
  if (!(call.message.value() >= 0) || !std::isfinite(call.message.value()))
    return "the message must have bytes of zero or more and finite";
  return std::nullopt;
}

Wrong check_fit(const ScheduleContext& context) {
  const int size = context.call.group.size;
  switch (context.algorithm) {
    case Algorithm::recursive:
      if (!std::has_single_bit(static_cast<unsigned>(size)))
        return "recursive doubling needs a group of a power of two, not " + std::to_string(size);
      break;
    case Algorithm::nvls:
      if (context.cluster.port_achieved_nvls == BytesPerSecond{})
        return "the switch of " + context.cluster.name + " has no NVLS";
      if (context.cost.algorithm != Algorithm::nvls)
        return "NVLS needs several GPUs of the group in one NVLink domain, and if it spans several domains an "
               "all-reduce with equally many in each";
      break;
    case Algorithm::hierarchical:
      if (!context.layout.even())
        return "a hierarchical all-to-all needs equally many members of the group in each server";
      break;
    default: break;
  }
  return std::nullopt;
}

std::vector<Round> rounds_of(const ScheduleContext& context) {
  switch (context.algorithm) {
    case Algorithm::direct:
    case Algorithm::pairwise:
    case Algorithm::hierarchical:
    case Algorithm::bruck: return all_to_all_rounds(context);
    case Algorithm::ring: return ring_rounds(context);
    case Algorithm::recursive: return recursive_rounds(context);
    case Algorithm::nvls: return nvls_rounds(context);
    case Algorithm::tree: break;
  }
  return tree_rounds(context);
}

}  // namespace

Result<std::vector<Round>, std::string> schedule(const Cluster& cluster, const CollectiveCall& call) {
  if (auto wrong = check_group(call)) return std::move(*wrong);
  const Placement placement = place(cluster, call.group, call.ranks);
  const auto cost = collective_cost(cluster, placement, call.op, call.message, call.algorithm);
  ScheduleContext context{cluster, call, placement, GroupLayout(cluster, call.group, call.ranks), {}, {}};
  if (cost) context.cost = *cost;
  context.algorithm = call.algorithm.value_or(context.cost.algorithm);
  if (call.group.size == 1) {
    if (auto wrong = call.algorithm ? check_algorithm(call.op, *call.algorithm) : std::nullopt)
      return std::move(*wrong);
    return std::vector<Round>{};
  }
  if (auto wrong = check_algorithm(call.op, context.algorithm)) return std::move(*wrong);
  if (auto wrong = check_fit(context)) return std::move(*wrong);
  return rounds_of(context);
}

}  // namespace ithaca
