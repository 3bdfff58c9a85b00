#include "cli/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace ithaca {
namespace {

int terminal_columns() {
  winsize size{};
  const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? std::clamp<int>(size.ws_col, 40, 200) : 80;
}

bool is_on(const std::string& value) { return !value.empty() && value != "0"; }

}  // namespace

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

Environment read_environment() {
  Environment environment;
  environment.out_is_terminal = isatty(STDOUT_FILENO) == 1;
  if (environment.out_is_terminal) environment.columns = terminal_columns();
  environment.talk_is_terminal = isatty(STDERR_FILENO) == 1;
  environment.term = variable("TERM").value_or("");
  environment.no_color = variable("NO_COLOR").value_or("");
  environment.force_color = variable("FORCE_COLOR").value_or("");
  if (environment.force_color.empty()) environment.force_color = variable("CLICOLOR_FORCE").value_or("");
  return environment;
}

bool use_color(ColorWhen when, const Environment& environment) {
  if (when != ColorWhen::automatic) return when == ColorWhen::always;
  if (is_on(environment.force_color)) return true;
  if (!environment.no_color.empty()) return false;
  return environment.out_is_terminal && environment.term != "dumb";
}

std::string Style::paint(std::string_view text, std::string_view code) const {
  if (!color) return std::string(text);
  return std::string(code) + std::string(text) + "\x1b[0m";
}

}  // namespace ithaca
