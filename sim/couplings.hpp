#pragma once
// For each resource, which others the flows that it holds cross, and how often: what a change of its level changes.

#include <cstdint>
#include <span>
#include <vector>

namespace ithaca {

struct Coupling {
  double usage = 0;  ///< by all these flows
  std::uint32_t other = 0, flows = 0;
};

/// The couplings of one resource, in no particular order; many are found through a table.
class Couplings {
 public:
  std::span<const Coupling> list() const { return list_; }

  void clear() {
    list_.clear();
    table_.clear();
  }
  void add(std::uint32_t other, double usage);
  /// One flow less, which must be there.
  void drop(std::uint32_t other, double usage);

 private:
  static constexpr std::size_t kFew = 24;  ///< looked through one by one
  static constexpr std::uint32_t kEmpty = 0xFFFFFFFF;

  std::size_t home(std::uint32_t other) const { return (other * 0x9E3779B1u >> 7) & (table_.size() - 1); }
  std::size_t next(std::size_t at) const { return (at + 1) & (table_.size() - 1); }
  std::uint32_t find(std::uint32_t other) const;
  std::size_t entry(std::uint32_t other) const;
  void build_table();
  void put(std::uint32_t place);
  void take(std::uint32_t other);

  std::vector<Coupling> list_;
  std::vector<std::uint32_t> table_;  ///< places in the list, at the home of `other` or after it; empty: none yet
};

}  // namespace ithaca
