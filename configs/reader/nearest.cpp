#include "configs/reader/nearest.hpp"

#include <algorithm>
#include <numeric>

namespace ithaca {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Letters added, left out, replaced, or swapped with their neighbour (optimal string alignment); overlooks capitals.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  const auto same = [&](std::size_t i, std::size_t j) { return lower(a[i - 1]) == lower(b[j - 1]); };
  std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  std::iota(above.begin(), above.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same(i, j) ? 0 : 1)});
      if (i > 1 && j > 1 && same(i, j - 1) && same(i - 1, j)) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[b.size()];
}

constexpr std::size_t kLongestWord = 64;  // nobody misspells more than that

constexpr std::size_t kMostNames = 8;

std::string first_names(const std::vector<std::string>& names) {
  std::string list;
  for (std::size_t i = 0; i < names.size() && i < kMostNames; ++i) list += (i == 0 ? "" : ", ") + names[i];
  return names.size() > kMostNames ? list + " and " + std::to_string(names.size() - kMostNames) + " more" : list;
}

/// The names that hold the word as it is: "h100" is a part of "dgx-h100".
std::vector<std::string> holding(std::string_view word, const std::vector<std::string>& names) {
  std::vector<std::string> found;
  if (word.size() < 2) return found;
  for (const std::string& name : names) {
    if (name.find(word) != std::string::npos) found.push_back(name);
  }
  return found;
}

}  // namespace

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& names) {
  if (word.size() > kLongestWord) return std::nullopt;
  const std::string* best = nullptr;
  std::size_t distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& name : names) {
    const auto [shorter, longer] = std::minmax({word.size(), name.size()});
    if (longer - shorter >= distance) continue;  // so many letters have no partner
    const std::size_t d = edit_distance(word, name);
    if (d < distance) {
      distance = d;
      best = &name;
    }
  }
  return best == nullptr ? std::nullopt : std::optional(*best);
}

std::string suggestion(std::string_view word, const std::vector<std::string>& names) {
  if (const auto name = nearest(word, names)) return "did you mean '" + *name + "'?";
  const auto longer = holding(word, names);
  if (longer.size() == 1) return "did you mean '" + longer[0] + "'?";
  if (!longer.empty()) return "did you mean one of " + first_names(longer) + "?";
  if (names.empty() || names.size() > kMostNames) return "";
  return (names.size() == 1 ? "the only name is " : "one of ") + first_names(names);
}

}  // namespace ithaca
