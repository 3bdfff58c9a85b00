#include "configs/reader/diagnostic.hpp"

#include <algorithm>
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

/// The order of the files as they came, then of the lines.
Diagnostics by_place(Diagnostics diagnostics) {
  std::vector<std::string> files;
  for (const Diagnostic& d : diagnostics) {
    if (std::find(files.begin(), files.end(), d.at.file) == files.end()) files.push_back(d.at.file);
  }
  const auto rank = [&](const Diagnostic& d) {
    return std::find(files.begin(), files.end(), d.at.file) - files.begin();
  };
  std::stable_sort(diagnostics.begin(), diagnostics.end(), [&](const Diagnostic& a, const Diagnostic& b) {
    return std::tuple(rank(a), a.at.line, a.at.column) < std::tuple(rank(b), b.at.line, b.at.column);
  });
  return diagnostics;
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
  for (const Diagnostic& d : by_place(diagnostics)) text += print(d);
  return text;
}

}  // namespace ithaca
