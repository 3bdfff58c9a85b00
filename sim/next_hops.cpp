#include "sim/next_hops.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>

namespace ithaca {
namespace {

constexpr std::uint32_t kFar = std::numeric_limits<std::uint32_t>::max();

/// Arcs by one of their ends, in their order.
struct Adjacency {
  std::vector<std::uint32_t> begin;
  std::vector<NextHops::Arc> arcs;

  Adjacency(std::uint32_t nodes, std::span<const NextHops::Arc> all, std::uint32_t NextHops::Arc::*end)
      : begin(nodes + 1), arcs(all.size()) {
    for (const auto& arc : all) ++begin[arc.*end + 1];
    for (std::uint32_t v = 0; v < nodes; ++v) begin[v + 1] += begin[v];
    std::vector<std::uint32_t> next(begin.begin(), begin.end() - 1);
    for (const auto& arc : all) arcs[next[arc.*end]++] = arc;
  }
  std::span<const NextHops::Arc> operator[](std::uint32_t node) const {
    return {arcs.data() + begin[node], arcs.data() + begin[node + 1]};
  }
};

}  // namespace

/// Works target by target; each node's sets are kept as lists of positions among its arcs.
struct NextHops::Builder {
  NextHops& out;
  std::span<const std::uint8_t> passes;
  Adjacency leaving, entering;
  std::vector<std::uint32_t> distance, queue;
  std::vector<std::vector<Set>> sets;  ///< by node; the steps lie in out.steps_
  std::vector<std::uint16_t> single;   ///< by arc of `leaving`, its set of one
  std::unordered_multimap<std::uint64_t, std::uint16_t> several;
  std::vector<Step> found;

  Builder(NextHops& hops, std::uint32_t nodes, std::span<const Arc> arcs, std::span<const std::uint8_t> pass)
      : out(hops),
        passes(pass),
        leaving(nodes, arcs, &Arc::from),
        entering(nodes, arcs, &Arc::to),
        distance(nodes),
        sets(nodes, std::vector<Set>(1)),
        single(arcs.size()) {}

  void measure(std::uint32_t target) {
    std::fill(distance.begin(), distance.end(), kFar);
    distance[target] = 0;
    queue.assign(1, target);
    for (std::size_t i = 0; i < queue.size(); ++i) {
      const std::uint32_t node = queue[i];
      if (!passes[node] && node != target) continue;
      for (const Arc& arc : entering[node]) {
        if (distance[arc.from] != kFar) continue;
        distance[arc.from] = distance[node] + 1;
        queue.push_back(arc.from);
      }
    }
  }

  std::uint16_t add_set(std::uint32_t node) {
    sets[node].push_back({static_cast<std::uint32_t>(out.steps_.size()), static_cast<std::uint32_t>(found.size())});
    out.steps_.insert(out.steps_.end(), found.begin(), found.end());
    return static_cast<std::uint16_t>(sets[node].size() - 1);
  }

  std::uint16_t set_of_several(std::uint32_t node) {
    std::uint64_t hash = node;
    for (const Step& step : found) hash = (hash ^ step.link) * 0x9E3779B97F4A7C15u;
    const auto [first, last] = several.equal_range(hash);
    for (auto known = first; known != last; ++known) {
      const Set& set = sets[node][known->second];
      const auto same = [](const Step& a, const Step& b) { return a.link == b.link; };
      if (std::equal(found.begin(), found.end(), out.steps_.begin() + set.begin,
                     out.steps_.begin() + set.begin + set.count, same))
        return known->second;
    }
    return several.emplace(hash, add_set(node))->second;
  }

  std::uint16_t set_at(std::uint32_t node, std::uint32_t target) {
    found.clear();
    std::uint32_t last = 0;
    for (std::uint32_t i = leaving.begin[node]; i < leaving.begin[node + 1]; ++i) {
      const Arc& arc = leaving.arcs[i];
      if (distance[arc.to] != distance[node] - 1 || (!passes[arc.to] && arc.to != target)) continue;
      found.push_back({arc.link, arc.to});
      last = i;
    }
    if (found.size() > 1) return set_of_several(node);
    if (single[last] == 0) single[last] = add_set(node);
    return single[last];
  }
};

NextHops::NextHops(std::uint32_t nodes, std::span<const Arc> arcs, std::span<const std::uint32_t> targets,
                   std::span<const std::uint8_t> passes)
    : targets_(targets.begin(), targets.end()) {
  Builder builder(*this, nodes, arcs, passes);
  std::size_t most_sets = 1;  // a node has no more sets than targets, nor than its links have subsets
  for (std::uint32_t v = 0; v < nodes; ++v) {
    const std::size_t degree = builder.leaving[v].size();
    const std::size_t subsets = degree < 16 ? std::size_t{1} << degree : targets_.size() + 1;
    most_sets = std::max(most_sets, std::min(subsets, targets_.size() + 1));
  }
  const bool narrow = most_sets <= 256;
  narrow ? narrow_.resize(nodes * targets_.size()) : wide_.resize(nodes * targets_.size());
  for (std::uint32_t t = 0; t < targets_.size(); ++t) {
    builder.measure(targets_[t]);
    complete_ = complete_ && builder.queue.size() == nodes;
    for (std::size_t i = 1; i < builder.queue.size(); ++i) {
      const std::uint32_t node = builder.queue[i];
      const std::uint16_t set = builder.set_at(node, targets_[t]);
      const std::size_t cell = node * targets_.size() + t;
      narrow ? void(narrow_[cell] = static_cast<std::uint8_t>(set)) : void(wide_[cell] = set);
    }
  }
  first_set_.reserve(nodes);
  for (const auto& list : builder.sets) {
    first_set_.push_back(static_cast<std::uint32_t>(sets_.size()));
    sets_.insert(sets_.end(), list.begin(), list.end());
  }
}

std::uint32_t NextHops::hops(std::uint32_t node, std::uint32_t target) const {
  std::uint32_t count = 0;
  for (; node != targets_[target]; ++count) node = steps(node, target).front().node;
  return count;
}

}  // namespace ithaca
