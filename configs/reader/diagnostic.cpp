#include "configs/reader/diagnostic.hpp"

namespace ithaca {
namespace {

std::string position(const Place& place) {
  if (place.line == 0) return place.file;
  return place.file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

/// The excerpt ends in the caret line; the hint goes beside the caret.
std::string pointed(const Place& place, const std::string& hint) {
  if (place.excerpt.empty()) return hint.empty() ? "" : "  " + hint + "\n";
  return place.excerpt + (hint.empty() ? "" : " " + hint) + "\n";
}

}  // namespace

std::string print(const Diagnostic& d) {
  std::string text = "error: " + position(d.at) + ": " + d.what + "\n" + pointed(d.at, d.hint);
  if (d.conflicts) text += "other place: " + position(*d.conflicts) + "\n" + pointed(*d.conflicts, "");
  if (!d.next.empty()) text += "next: " + d.next + "\n";
  return text;
}

std::string print(const Diagnostics& diagnostics) {
  std::string text;
  for (const Diagnostic& d : diagnostics) text += print(d);
  return text;
}

}  // namespace ithaca
