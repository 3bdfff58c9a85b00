#include "sim/next_hops.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "sim/mix.hpp"

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

/// Works target by target. A set of steps is known by the sum of its arcs' hashes.
class NextHops::Builder {
 public:
  Builder(NextHops& out, std::uint32_t nodes, std::span<const Arc> arcs, std::span<const std::uint8_t> passes)
      : out_(out),
        passes_(passes),
        leaving_(nodes, arcs, &Arc::from),
        entering_(nodes, arcs, &Arc::to),
        distance_(nodes),
        sum_(nodes),
        nodes_(nodes) {
    std::uint8_t most = 1;
    for (const Arc& arc : arcs) most = std::max(most, arc.cost);
    waiting_.resize(most + std::size_t{1});
  }

  /// A node has no more choices than its links have subsets.
  bool surely_narrow() const {
    for (std::uint32_t v = 0; v < nodes_.size(); ++v) {
      if (leaving_[v].size() > 8) return false;
    }
    return true;
  }

  /// Enters every node's choice in `row`. False if there are nodes without a path to the target.
  bool add_target(std::uint32_t target, std::vector<std::uint16_t>& row) {
    measure(target);
    for (const std::uint32_t node : reached_) {
      if (node != target) row[node] = number(node, target);
    }
    return reached_.size() == nodes_.size();
  }

  /// Returns the most choices that a node has.
  std::size_t finish() {
    std::size_t most = 0;
    for (auto& node : nodes_) {
      out_.first_choice_.push_back(static_cast<std::uint32_t>(out_.choices_.size()));
      out_.choices_.insert(out_.choices_.end(), node.choices.begin(), node.choices.end());
      most = std::max(most, node.choices.size());
    }
    return most;
  }

 private:
  struct Node {
    std::vector<Choice> choices = std::vector<Choice>(1);
    std::unordered_map<std::uint64_t, std::uint16_t> known;
    std::uint64_t last_sum = 0;
    std::uint16_t last = 0;
  };

  /// Dijkstra's algorithm against the arcs, with a bucket for each of the next distances.
  void measure(std::uint32_t target) {
    std::fill(distance_.begin(), distance_.end(), kFar);
    reached_.clear();
    distance_[target] = 0;
    waiting_[0].push_back(target);
    std::size_t left = 1;
    for (std::uint32_t d = 0; left > 0; ++d) {
      auto& bucket = waiting_[d % waiting_.size()];
      left -= bucket.size();
      for (const std::uint32_t node : bucket) {
        if (distance_[node] != d) continue;
        reached_.push_back(node);
        if (passes_[node] || node == target) left += relax(node);
      }
      bucket.clear();
    }
  }

  std::size_t relax(std::uint32_t node) {
    std::size_t added = 0;
    for (std::uint32_t i = entering_.begin[node]; i < entering_.begin[node + 1]; ++i) {
      const Arc& arc = entering_.arcs[i];
      const std::uint32_t distance = distance_[node] + arc.cost;
      if (distance > distance_[arc.from]) continue;
      if (distance < distance_[arc.from]) {
        distance_[arc.from] = distance;
        sum_[arc.from] = 0;
        waiting_[distance % waiting_.size()].push_back(arc.from);
        ++added;
      }
      sum_[arc.from] += mix(i);
    }
    return added;
  }

  std::uint16_t number(std::uint32_t v, std::uint32_t target) {
    Node& node = nodes_[v];
    if (node.last != 0 && node.last_sum == sum_[v]) return node.last;
    const auto [known, added] = node.known.try_emplace(sum_[v], static_cast<std::uint16_t>(node.choices.size()));
    if (added) node.choices.push_back(choice(v, target));
    node.last_sum = sum_[v];
    return node.last = known->second;
  }

  Choice choice(std::uint32_t v, std::uint32_t target) {
    found_.clear();
    for (const Arc& arc : leaving_[v]) {
      const bool leads_on = passes_[arc.to] || arc.to == target;
      if (leads_on && distance_[arc.to] != kFar && distance_[arc.to] + arc.cost == distance_[v]) found_.push_back(arc);
    }
    std::stable_sort(found_.begin(), found_.end(), [](const Arc& a, const Arc& b) { return a.order < b.order; });
    Choice choice;
    choice.begin = static_cast<std::uint32_t>(out_.steps_.size());
    choice.count = static_cast<std::uint32_t>(found_.size());
    choice.first = {found_[0].link, found_[0].to};
    for (const Arc& arc : found_) {
      if (arc.order == found_[0].order) ++choice.preferred;
      out_.steps_.push_back({arc.link, arc.to});
      out_.cost_.push_back(arc.cost);
    }
    return choice;
  }

  NextHops& out_;
  std::span<const std::uint8_t> passes_;
  const Adjacency leaving_, entering_;
  std::vector<std::uint32_t> distance_;
  std::vector<std::uint64_t> sum_;  ///< by node, of the arcs that begin its shortest paths
  std::vector<Node> nodes_;
  std::vector<std::vector<std::uint32_t>> waiting_;  ///< nodes by distance modulo their number
  std::vector<std::uint32_t> reached_;
  std::vector<Arc> found_;
};

NextHops::NextHops(std::uint32_t nodes, std::span<const Arc> arcs, std::span<const std::uint32_t> targets,
                   std::span<const std::uint8_t> passes)
    : targets_(targets.begin(), targets.end()) {
  Builder builder(*this, nodes, arcs, passes);
  const bool narrow = builder.surely_narrow();
  narrow ? narrow_.reserve(targets.size() * nodes) : wide_.reserve(targets.size() * nodes);
  std::vector<std::uint16_t> row(nodes);
  for (const std::uint32_t target : targets) {
    std::fill(row.begin(), row.end(), std::uint16_t{0});
    complete_ = builder.add_target(target, row) && complete_;
    if (narrow) {
      narrow_.insert(narrow_.end(), row.begin(), row.end());
    } else {
      wide_.insert(wide_.end(), row.begin(), row.end());
    }
  }
  if (builder.finish() <= 256 && !narrow) {
    narrow_.assign(wide_.begin(), wide_.end());
    wide_ = {};
  }
}

std::uint32_t NextHops::distance(std::uint32_t node, std::uint32_t target) const {
  std::uint32_t sum = 0;
  for (; node != targets_[target]; node = choice(node, target).first.node) sum += cost_[choice(node, target).begin];
  return sum;
}

}  // namespace ithaca
