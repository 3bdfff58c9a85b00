#pragma once
// How far a sweep is: one line that is written over on a terminal, a line each 10 % elsewhere.

#include <cstdint>
#include <string>

#include "cli/sweep/parts.hpp"

namespace ithaca {

class SweepProgress {
 public:
  /// Of `points`, `done` were there before it began.
  SweepProgress(std::uint64_t points, std::uint64_t done, bool on_terminal, int columns);
  /// What to write to stderr `seconds` after the beginning; mostly nothing, and nothing in the first second.
  std::string update(const SweepCounts& counts, double seconds);
  /// What takes the line away again.
  std::string clear() const;

 private:
  std::string line(const SweepCounts& counts, double seconds, bool with_layout) const;
  std::uint64_t points_, before_;
  bool on_terminal_;
  int columns_;
  double last_ = 0;
  std::uint64_t tenth_ = 0;
  bool shown_ = false;
};

/// "0.4 s", "12 s", "3 min 20 s", "2 h 5 min".
std::string duration_words(double seconds);

}  // namespace ithaca
