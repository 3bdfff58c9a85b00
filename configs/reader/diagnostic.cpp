#include "configs/reader/diagnostic.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "configs/reader/excerpt.hpp"

namespace ithaca {
namespace {

std::string position(const Place& place) {
  if (place.line == 0) return printable(place.file);
  return printable(place.file) + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

/// The excerpt ends in the caret line; the hint goes beside the caret.
std::string pointed(const Place& place, const std::string& hint) {
  if (place.excerpt.empty()) return hint.empty() ? "" : "  " + hint + "\n";
  return place.excerpt + (hint.empty() ? "" : " " + hint) + "\n";
}

/// The order of the files as they came, then of the lines; then as they came.
std::vector<const Diagnostic*> by_place(const Diagnostics& diagnostics) {
  std::map<std::string_view, std::size_t> rank_of_file;
  std::vector<std::tuple<std::size_t, int, int, const Diagnostic*>> keyed;
  for (const Diagnostic& d : diagnostics) {
    const std::size_t rank = rank_of_file.emplace(d.at.file, rank_of_file.size()).first->second;
    keyed.emplace_back(rank, d.at.line, d.at.column, &d);
  }
  std::sort(keyed.begin(), keyed.end());
  std::vector<const Diagnostic*> sorted;
  sorted.reserve(keyed.size());
  for (const auto& key : keyed) sorted.push_back(std::get<3>(key));
  return sorted;
}

}  // namespace

std::string print(const Diagnostic& d) {
  std::string text = "error: " + position(d.at) + ": " + printable(d.what) + "\n" + pointed(d.at, printable(d.hint));
  if (d.conflicts) text += "other place: " + position(*d.conflicts) + "\n" + pointed(*d.conflicts, "");
  if (!d.next.empty()) text += "next: " + printable(d.next) + "\n";
  return text;
}

std::string print(const Diagnostics& diagnostics) {
  std::string text;
  for (const Diagnostic* d : by_place(diagnostics)) text += print(*d);
  return text;
}

}  // namespace ithaca
