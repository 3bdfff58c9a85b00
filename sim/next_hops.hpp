#pragma once
// Which links lead on along shortest paths, from every node of a part of a network to each of some targets. Small where
// many targets share their next links: a fat tree's leaf has one set of them for all other leaves.

#include <cstdint>
#include <span>
#include <vector>

namespace ithaca {

class NextHops {
 public:
  /// A link between nodes that are numbered from 0 in this part. Cost and order: see FabricGraph::Link.
  struct Arc {
    std::uint32_t from = 0, to = 0, link = 0;
    std::uint8_t cost = 1, order = 0;
  };
  struct Step {
    std::uint32_t link = 0, node = 0;
  };
  /// The steps that begin a shortest path, by order, then as the arcs came.
  struct Choice {
    std::uint32_t begin = 0;
    std::uint32_t count = 0;
    std::uint32_t preferred = 0;  ///< how many have the lowest order
    Step first;
  };

  NextHops() = default;
  /// Where `passes` is zero a path may begin or end but not go on.
  NextHops(std::uint32_t nodes, std::span<const Arc> arcs, std::span<const std::uint32_t> targets,
           std::span<const std::uint8_t> passes);

  /// The most that the table for a part takes, in bytes.
  static double table_bytes(double nodes, double targets) { return 2 * nodes * targets; }

  /// From `node` to target number `target`: of count 0 at the target itself, and where there is no path.
  const Choice& choice(std::uint32_t node, std::uint32_t target) const {
    const std::size_t cell = target * first_choice_.size() + node;
    return choices_[first_choice_[node] + (wide_.empty() ? narrow_[cell] : wide_[cell])];
  }
  std::span<const Step> steps(const Choice& choice) const { return {steps_.data() + choice.begin, choice.count}; }

  std::size_t targets() const { return targets_.size(); }
  bool reaches(std::uint32_t node, std::uint32_t target) const {
    return node == targets_[target] || choice(node, target).count > 0;
  }
  /// Whether every node reaches every target.
  bool complete() const { return complete_; }
  /// The cost of the path; there must be one.
  std::uint32_t distance(std::uint32_t node, std::uint32_t target) const;

 private:
  class Builder;

  std::vector<std::uint32_t> targets_;
  bool complete_ = true;
  std::vector<std::uint8_t> narrow_;  ///< by target and node, the number of the choice among the node's; 0: none
  std::vector<std::uint16_t> wide_;   ///< the same where a node has more than 256 choices
  std::vector<std::uint32_t> first_choice_;
  std::vector<Choice> choices_;
  std::vector<Step> steps_;
  std::vector<std::uint8_t> cost_;  ///< by step
};

}  // namespace ithaca
