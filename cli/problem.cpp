#include "cli/problem.hpp"

#include <algorithm>
#include <numeric>

#include "cli/text.hpp"

namespace ithaca {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string nearest_name(std::string_view wrong, const std::vector<std::string>& valid) {
  std::string nearest;
  std::size_t best = std::max<std::size_t>(1, wrong.size() / 3) + 1;
  for (const std::string& name : valid) {
    const std::size_t distance = edit_distance(wrong, name);
    if (distance < best) {
      best = distance;
      nearest = name;
    }
  }
  return nearest;
}

std::string suggest(std::string_view wrong, const std::vector<std::string>& valid) {
  const std::string near = nearest_name(wrong, valid);
  if (!near.empty()) return "did you mean '" + near + "'?";
  return valid.size() <= 8 ? "choose from " + join_words(valid) : "";
}

std::string print(const Problems& problems) {
  std::string text;
  for (const Problem& problem : problems) {
    text += wrap("error: " + problem.where + ": " + problem.what, 80, "", "  ");
    if (!problem.next.empty()) text += wrap("next: " + problem.next, 80, "  ", "    ");
  }
  return text;
}

}  // namespace ithaca
