#pragma once
// The rows of a stretch of a sweep, chosen group by group, in a form that stretches can be put together from in order:
// chunks of one process, of other processes, shards of other machines.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ithaca {

/// all: every row. The others choose among the rows of a group that are feasible: the least time or dollars a token,
/// the least memory, or the Pareto front of the three.
enum class SweepKeep { all, fastest, smallest, cheapest, front };

/// What a row is chosen by, smaller is better.
struct RowMerit {
  double time = 0;    ///< seconds a token of the whole job
  double memory = 0;  ///< peak bytes
  double cost = 0;    ///< dollars a token; 0 where it has no price
  bool feasible = false;
};

/// Whether `a` is no worse in anything and better in something.
bool dominates(const RowMerit& a, const RowMerit& b);

struct SweepCandidate {
  RowMerit merit;
  std::string text;  ///< the row
};

/// Adds a row to those kept of its group. Of equal rows the earlier one stays, on a front both. Where nothing is
/// feasible, the one that needs least memory stands for the group, else the first.
void keep(std::vector<SweepCandidate>& kept, SweepCandidate candidate, SweepKeep by);
/// Whether keep() would take it, so that its text is worth writing.
bool wanted(const std::vector<SweepCandidate>& kept, const RowMerit& merit, SweepKeep by);

struct SweepCounts {
  std::uint64_t points = 0, rows = 0;        ///< rows as they were worked out, before the choice
  std::uint64_t answered = 0, feasible = 0;  ///< rows that are not refused, and those of them that fit
  std::optional<double> best;                ///< seconds of the fastest feasible step
  std::string best_words;                    ///< and its layout
  void add(const SweepCounts& other);
};

/// Rows of a stretch of points. `head` belongs to a group that began before; `tail` to one that goes on behind.
struct SweepPart {
  std::vector<SweepCandidate> head;
  bool head_closed = false;  ///< its group ends in this part
  std::string text;          ///< of whole groups
  std::vector<SweepCandidate> tail;
  SweepCounts counts;
};

/// Puts parts together in order, from a state in which `text` is empty.
class PartJoiner {
 public:
  /// `begins_inside`: the first point's group began before; its rows stay in the head.
  PartJoiner(SweepKeep by, bool begins_inside, SweepPart state = {})
      : by_(by), begins_inside_(begins_inside), state_(std::move(state)) {}
  /// Appends to `text` the rows that are final with this part.
  void join(SweepPart part, std::string& text);
  /// What is not final yet, and what was counted.
  const SweepPart& state() const { return state_; }

 private:
  SweepKeep by_;
  bool begins_inside_;
  SweepPart state_;
};

/// As bytes, for files and other processes; nothing where they are none of ours.
std::string pack(const SweepPart& part);
std::optional<SweepPart> unpack(std::string_view bytes);

}  // namespace ithaca
