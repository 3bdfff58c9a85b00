#include "cli/help.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "cli/text.hpp"

namespace ithaca {
namespace {

constexpr int kWidth = 80;
constexpr int kFlagWidth = 20;

constexpr std::string_view kExitCodes =
    "Exit codes\n"
    "  0    done (rows may be refused: each says why)\n"
    "  1    internal error, or a file or stream cannot be written\n"
    "  2    the command line or an input file is wrong\n"
    "  3    nothing is feasible: every row is refused\n"
    "  4    a validation lies outside its tolerance\n"
    "  5    a device or library that a measurement needs is missing\n"
    "  130  interrupted\n";

std::string lines_of(const std::vector<std::pair<std::string, std::string>>& rows) {
  std::size_t widest = 0;
  for (const auto& row : rows) widest = std::max(widest, row.first.size());
  std::string text;
  for (const auto& row : rows) {
    text += wrap(row.second, kWidth, fmt::format("  {:<{}}  ", row.first, widest), std::string(widest + 4, ' '));
  }
  return text;
}

std::string command_list(std::span<const Command> commands) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const Command& command : commands) rows.emplace_back(command.name, command.summary);
  return lines_of(rows);
}

/// What the commands that share a first word have in common.
std::string_view group_summary(std::string_view first) {
  return first == "validate" ? "predicted against measured" : "the event engine";
}

/// Commands of two words share the line of their first one.
std::string short_command_list(std::span<const Command> commands) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const Command& command : commands) {
    const std::size_t space = command.name.find(' ');
    const std::string first(command.name.substr(0, space));
    if (space == std::string_view::npos) {
      rows.emplace_back(first, command.summary);
      continue;
    }
    const std::string second(command.name.substr(space + 1));
    if (!rows.empty() && rows.back().first == first) {
      rows.back().second += ", " + second;
    } else {
      rows.emplace_back(first, std::string(group_summary(first)) + ": " + second);
    }
  }
  return rows.size() > 1 ? lines_of(rows) : command_list(commands);
}

std::string example_list(const Command& command, std::size_t most) {
  std::string text;
  for (const std::string_view example : command.examples.first(std::min(most, command.examples.size()))) {
    text += wrap(example, kWidth - 2, "  ", "      ");
  }
  return text;
}

std::string flag_line(const Flag& flag) {
  const std::string name = fmt::format("  {} {}", flag.name, flag.value);
  return wrap(flag.help, kWidth, fmt::format("{:<{}} ", name, kFlagWidth + 2), std::string(kFlagWidth + 3, ' '));
}

std::string usage_line(const Command& command) {
  return wrap(fmt::format("usage: ithaca {} {}", command.name, command.usage), kWidth, "", "    ");
}

/// Text whose empty lines separate paragraphs.
std::string wrap_paragraphs(std::string_view text) {
  constexpr std::string_view kGap = "\n\n";
  const std::size_t gap = text.find(kGap);
  if (gap == std::string_view::npos) return wrap(text, kWidth);
  return wrap(text.substr(0, gap), kWidth) + "\n" + wrap_paragraphs(text.substr(gap + kGap.size()));
}

}  // namespace

std::string overview(std::span<const Command> commands) {
  std::string text =
      "ithaca: how to split a long sequence over GPUs, and what that costs\n"
      "usage: ithaca COMMAND [flags]\n";
  text += short_command_list(commands) + "\n";
  for (const Command& command : commands.first(std::min<std::size_t>(2, commands.size()))) {
    text += example_list(command, 1);
  }
  return text + "more: ithaca COMMAND -h (short), ithaca COMMAND --help, ithaca --help\n";
}

std::string full_help(std::span<const Command> commands) {
  std::string text = "Examples\n";
  for (const Command& command : commands) text += example_list(command, command.examples.size());
  text += "\nusage: ithaca COMMAND [flags]\n\nCommands\n" + command_list(commands);
  text += "\nFlags everywhere\n";
  text += flag_line({"-h, --help", "", "short and full help; of a command after its name"});
  text += flag_line({"--version", "", "version and git revision"});
  text += "\n" + wrap(
                     "Units are always written: 1Mi tokens is 2^20 and 1M is 10^6, 80GB is not 80GiB, 400Gbps is "
                     "bits and 50GBps bytes. The result goes to stdout, everything else to stderr. Colour: --color, "
                     "then FORCE_COLOR and CLICOLOR_FORCE, then NO_COLOR, then whether stdout is a terminal.",
                     kWidth);
  return text + "\n" + std::string(kExitCodes);
}

std::string short_help(const Command& command) {
  std::string text = usage_line(command) + "\n";
  for (const Flag& flag : command.flags) {
    if (flag.required || command.flags.size() < 8) text += flag_line(flag);
  }
  text += "\nexample:\n" + example_list(command, 1);
  return text + fmt::format("\nall flags: ithaca {} --help\n", command.name);
}

std::string full_help(const Command& command) {
  std::string text = "Examples\n" + example_list(command, command.examples.size());
  text += "\n" + usage_line(command) + "\n" + wrap_paragraphs(command.about);
  text += "\nFlags\n";
  for (const Flag& flag : command.flags) text += flag_line(flag);
  text += flag_line({"-h, --help", "", "short and full help"});
  return text + "\n" + std::string(kExitCodes);
}

}  // namespace ithaca
