#pragma once
// Who is next: the smallest of many times that change one by one or all at once, kept in a tournament of eight at a
// time, as many as share a cache line.

#include <algorithm>
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
    rounds_.clear();
    first_ = kNever;
    do {
      size = (size + 7) / 8;
      rounds_.emplace_back(std::max<std::size_t>(size, 1));
    } while (size > 1);
  }

  double time() const { return first_; }
  double time(std::size_t who) const { return rounds_.front()[who / 8].times[who % 8]; }

  void set(std::size_t who, double time) {
    for (auto& round : rounds_) {
      Eight& eight = round[who / 8];
      if (eight.times[who % 8] == time) return;
      eight.times[who % 8] = time;
      time = eight.first();
      who /= 8;
    }
    first_ = time;
  }

  /// Many at once: put() each, then settle().
  void put(std::size_t who, double time) { rounds_.front()[who / 8].times[who % 8] = time; }
  void settle() {
    for (std::size_t r = 1; r < rounds_.size(); ++r) {
      for (std::size_t i = 0; i < rounds_[r - 1].size(); ++i)
        rounds_[r][i / 8].times[i % 8] = rounds_[r - 1][i].first();
    }
    first_ = rounds_.back().front().first();
  }

  /// Calls `visit(who)` for everyone whose time is at most `limit`, in the order of numbers.
  template <class Visit>
  void up_to(double limit, Visit visit) const {
    if (first_ <= limit) descend(rounds_.size() - 1, 0, limit, visit);
  }

 private:
  static constexpr double kNever = std::numeric_limits<double>::infinity();

  struct alignas(64) Eight {
    double times[8] = {kNever, kNever, kNever, kNever, kNever, kNever, kNever, kNever};

    double first() const {
      const double a = std::min(times[0], times[1]), b = std::min(times[2], times[3]);
      const double c = std::min(times[4], times[5]), d = std::min(times[6], times[7]);
      return std::min(std::min(a, b), std::min(c, d));
    }
    /// A bit for everyone.
    unsigned up_to(double limit) const {
      unsigned bits = 0;
      for (unsigned i = 0; i < 8; ++i) bits |= (times[i] <= limit ? 1u : 0u) << i;
      return bits;
    }
  };

  template <class Visit>
  void descend(std::size_t round, std::size_t group, double limit, Visit& visit) const {
    for (unsigned bits = rounds_[round][group].up_to(limit); bits != 0; bits &= bits - 1) {
      const std::size_t who = group * 8 + static_cast<std::size_t>(std::countr_zero(bits));
      if (round == 0) {
        visit(static_cast<std::uint32_t>(who));
      } else {
        descend(round - 1, who, limit, visit);
      }
    }
  }

  std::vector<std::vector<Eight>> rounds_;  ///< all times, then the first of each eight, and so on
  double first_ = kNever;
};

}  // namespace ithaca
