#pragma once
// Which links lead on along shortest paths, from every node of a part of a network to each of some targets. Small where
// many targets share their next links: a fat tree's leaf has one set of them for all other leaves.

#include <cstdint>
#include <span>
#include <vector>

namespace ithaca {

class NextHops {
 public:
  /// A link between nodes that are numbered from 0 in this part.
  struct Arc {
    std::uint32_t from = 0, to = 0, link = 0;
  };
  struct Step {
    std::uint32_t link = 0, node = 0;
  };

  NextHops() = default;
  /// Where `passes` is zero a path may begin or end but not go on. Steps keep the order of `arcs`.
  NextHops(std::uint32_t nodes, std::span<const Arc> arcs, std::span<const std::uint32_t> targets,
           std::span<const std::uint8_t> passes);

  /// The most that the table for a part takes, in bytes.
  static double table_bytes(double nodes, double targets) { return 2 * nodes * targets; }

  /// All steps that begin a shortest path from `node` to target number `target`. None at the target itself, and where
  /// there is no path.
  std::span<const Step> steps(std::uint32_t node, std::uint32_t target) const {
    const std::size_t cell = std::size_t{node} * targets_.size() + target;
    const Set& set = sets_[first_set_[node] + (wide_.empty() ? narrow_[cell] : wide_[cell])];
    return {steps_.data() + set.begin, set.count};
  }
  std::uint32_t target(std::uint32_t number) const { return targets_[number]; }
  std::size_t targets() const { return targets_.size(); }
  bool reaches(std::uint32_t node, std::uint32_t target) const {
    return node == targets_[target] || !steps(node, target).empty();
  }
  /// Whether every node reaches every target.
  bool complete() const { return complete_; }
  /// Steps to the target; there must be a path.
  std::uint32_t hops(std::uint32_t node, std::uint32_t target) const;

 private:
  struct Set {
    std::uint32_t begin = 0, count = 0;
  };
  struct Builder;

  std::vector<std::uint32_t> targets_;
  bool complete_ = true;
  std::vector<std::uint8_t> narrow_;  ///< by node and target, the number of the set among the node's; 0: no step
  std::vector<std::uint16_t> wide_;   ///< the same where a node may have more than 256 sets
  std::vector<std::uint32_t> first_set_;
  std::vector<Set> sets_;
  std::vector<Step> steps_;
};

}  // namespace ithaca
