#pragma once
// Who is next: the smallest of many times that change one by one or all at once, kept in a tournament tree.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace ithaca {

class Earliest {
 public:
  /// All at infinity.
  void resize(std::size_t size) {
    leaves_ = std::bit_ceil(size + (size == 0));
    best_.assign(2 * leaves_, std::numeric_limits<double>::infinity());
  }

  double time() const { return best_[1]; }
  double time(std::size_t who) const { return best_[leaves_ + who]; }

  void set(std::size_t who, double time) {
    std::size_t node = leaves_ + who;
    best_[node] = time;
    while (node > 1) {
      node /= 2;
      const double winner = smaller(node);
      if (best_[node] == winner) return;
      best_[node] = winner;
    }
  }

  /// Many at once: put() each, then settle().
  void put(std::size_t who, double time) { best_[leaves_ + who] = time; }
  void settle() {
    for (std::size_t node = leaves_ - 1; node > 0; --node) best_[node] = smaller(node);
  }

  /// Calls `visit(who)` for everyone whose time is at most `limit`, in the order of numbers.
  template <class Visit>
  void up_to(double limit, Visit visit) const {
    descend(1, limit, visit);
  }

 private:
  double smaller(std::size_t node) const {
    return best_[2 * node] < best_[2 * node + 1] ? best_[2 * node] : best_[2 * node + 1];
  }
  template <class Visit>
  void descend(std::size_t node, double limit, Visit& visit) const {
    if (!(best_[node] <= limit)) return;
    if (node >= leaves_) {
      visit(static_cast<std::uint32_t>(node - leaves_));
      return;
    }
    descend(2 * node, limit, visit);
    descend(2 * node + 1, limit, visit);
  }

  std::size_t leaves_ = 1;
  std::vector<double> best_;
};

}  // namespace ithaca
