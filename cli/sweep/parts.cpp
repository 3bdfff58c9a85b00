#include "cli/sweep/parts.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace ithaca {
namespace {

double measure(const RowMerit& m, SweepKeep by) {
  switch (by) {
    case SweepKeep::smallest: return m.memory;
    case SweepKeep::cheapest: return m.cost;
    default: return m.time;
  }
}

/// Stands for a group in which nothing is feasible: what needs least memory, a refusal (no memory) only if all are.
bool nearer(const RowMerit& a, const RowMerit& b) {
  if ((a.memory > 0) != (b.memory > 0)) return a.memory > 0;
  return a.memory < b.memory;
}

class Packer {
 public:
  template <class T>
  void put(const T& value) {
    static_assert(std::is_arithmetic_v<T>);
    char raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof raw);
    bytes.append(raw, sizeof raw);
  }
  void put(const std::string& text) {
    put<std::uint64_t>(text.size());
    bytes += text;
  }
  void put(const std::vector<SweepCandidate>& candidates) {
    put<std::uint64_t>(candidates.size());
    for (const SweepCandidate& c : candidates) {
      put(c.merit.time);
      put(c.merit.memory);
      put(c.merit.cost);
      put(c.merit.feasible);
      put(c.text);
    }
  }
  std::string bytes;
};

class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : rest_(bytes) {}
  template <class T>
  void get(T& value) {
    static_assert(std::is_arithmetic_v<T>);
    if (rest_.size() < sizeof(T)) return fail();
    std::memcpy(&value, rest_.data(), sizeof(T));
    rest_.remove_prefix(sizeof(T));
  }
  void get(std::string& text) {
    std::uint64_t size = 0;
    get(size);
    if (size > rest_.size()) return fail();
    text = rest_.substr(0, size);
    rest_.remove_prefix(size);
  }
  void get(std::vector<SweepCandidate>& candidates) {
    std::uint64_t size = 0;
    get(size);
    if (size > rest_.size()) return fail();
    for (std::uint64_t i = 0; i < size && !failed_; ++i) {
      SweepCandidate c;
      get(c.merit.time);
      get(c.merit.memory);
      get(c.merit.cost);
      get(c.merit.feasible);
      get(c.text);
      candidates.push_back(std::move(c));
    }
  }
  bool good() const { return !failed_ && rest_.empty(); }

 private:
  void fail() {
    failed_ = true;
    rest_ = {};
  }
  std::string_view rest_;
  bool failed_ = false;
};

/// One order of the fields for both ways.
template <class Way, class Part>
void pass(Way& way, Part& part, double& best, bool& has_best) {
  const auto each = [&](auto& field) {
    if constexpr (requires { way.put(field); }) way.put(field);
    if constexpr (requires { way.get(field); }) way.get(field);
  };
  each(part.head);
  each(part.head_closed);
  each(part.text);
  each(part.tail);
  each(part.counts.points);
  each(part.counts.rows);
  each(part.counts.answered);
  each(part.counts.feasible);
  each(has_best);
  each(best);
  each(part.counts.best_words);
}

}  // namespace

bool dominates(const RowMerit& a, const RowMerit& b) {
  if (a.time > b.time || a.memory > b.memory || a.cost > b.cost) return false;
  return a.time < b.time || a.memory < b.memory || a.cost < b.cost;
}

bool wanted(const std::vector<SweepCandidate>& kept, const RowMerit& merit, SweepKeep by) {
  if (kept.empty() || by == SweepKeep::all) return true;
  const RowMerit& first = kept.front().merit;
  if (merit.feasible != first.feasible) return merit.feasible;
  if (!merit.feasible) return nearer(merit, first);
  if (by != SweepKeep::front) return measure(merit, by) < measure(first, by);
  return std::none_of(kept.begin(), kept.end(), [&](const SweepCandidate& c) { return dominates(c.merit, merit); });
}

void keep(std::vector<SweepCandidate>& kept, SweepCandidate candidate, SweepKeep by) {
  if (!wanted(kept, candidate.merit, by)) return;
  if (by == SweepKeep::front && candidate.merit.feasible) {
    std::erase_if(kept,
                  [&](const SweepCandidate& c) { return !c.merit.feasible || dominates(candidate.merit, c.merit); });
  } else if (by != SweepKeep::all) {
    kept.clear();
  }
  kept.push_back(std::move(candidate));
}

void SweepCounts::add(const SweepCounts& other) {
  points += other.points;
  rows += other.rows;
  answered += other.answered;
  feasible += other.feasible;
  if (!other.best || (best && *best <= *other.best)) return;
  best = other.best;
  best_words = other.best_words;
}

void PartJoiner::join(SweepPart part, std::string& text) {
  state_.counts.add(part.counts);
  if (begins_inside_ && !state_.head_closed) {
    for (SweepCandidate& candidate : part.head) ithaca::keep(state_.head, std::move(candidate), by_);
    state_.head_closed = part.head_closed;
  } else {
    for (SweepCandidate& candidate : part.head) ithaca::keep(state_.tail, std::move(candidate), by_);
    if (part.head_closed) {
      for (const SweepCandidate& candidate : state_.tail) text += candidate.text;
      state_.tail.clear();
    }
  }
  text += part.text;
  for (SweepCandidate& candidate : part.tail) ithaca::keep(state_.tail, std::move(candidate), by_);
}

std::string pack(const SweepPart& part) {
  Packer packer;
  bool has_best = part.counts.best.has_value();
  double best = part.counts.best.value_or(0);
  pass(packer, part, best, has_best);
  return std::move(packer.bytes);
}

std::optional<SweepPart> unpack(std::string_view bytes) {
  Unpacker unpacker(bytes);
  SweepPart part;
  bool has_best = false;
  double best = 0;
  pass(unpacker, part, best, has_best);
  if (!unpacker.good()) return std::nullopt;
  if (has_best) part.counts.best = best;
  return part;
}

}  // namespace ithaca
