#pragma once
// What the command knows about where its output goes.

#include <optional>
#include <string>
#include <string_view>

namespace ithaca {

enum class ColorWhen { automatic, always, never };

class SweepCrew;

/// The streams and variables that decide on width and colour, read once at the start.
struct Environment {
  bool out_is_terminal = false;
  int columns = 80;               ///< of the terminal; 80 elsewhere
  std::string term;               ///< TERM
  std::string no_color;           ///< NO_COLOR: set and not empty switches colour off
  std::string force_color;        ///< FORCE_COLOR or CLICOLOR_FORCE: set, not empty and not 0 switches it on
  bool talk_is_terminal = false;  ///< stderr
  SweepCrew* crew = nullptr;      ///< processes that share a sweep; null where this is the only one
};
Environment read_environment();
/// Of the environment; none where it is not set.
std::optional<std::string> variable(const std::string& name);

/// --color first, then FORCE_COLOR and CLICOLOR_FORCE, then NO_COLOR, then whether it is a terminal that can.
bool use_color(ColorWhen when, const Environment& environment);

/// How a writer may dress its text. Colour repeats what words say and is never the only carrier.
struct Style {
  int width = 80;
  bool color = false;

  std::string strong(std::string_view text) const { return paint(text, "\x1b[1m"); }
  std::string good(std::string_view text) const { return paint(text, "\x1b[32m"); }
  std::string bad(std::string_view text) const { return paint(text, "\x1b[31m"); }

 private:
  std::string paint(std::string_view text, std::string_view code) const;
};

}  // namespace ithaca
