#pragma once
// Help texts, made from the table of commands. No line is wider than 80 columns.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.hpp"

namespace ithaca {

inline constexpr std::string_view kPurpose = "how to split a long sequence over GPUs, and what that costs";
inline constexpr std::string_view kConventions =
    "Units are always written: 1Mi tokens is 2^20 and 1M is 10^6, 80GB is not 80GiB, 400Gbps is bits and 50GBps bytes. "
    "The result goes to stdout, everything else to stderr. Colour: --color, then FORCE_COLOR and CLICOLOR_FORCE, then "
    "NO_COLOR, then whether stdout is a terminal.";
inline constexpr Flag kCommonFlags[] = {
    {"-h, --help", "", "short and full help; of a command after its name"},
    {"--version", "", "version and git revision"},
};

/// A word that may come first: a command's name, or the one with which several of two words begin.
struct FirstWord {
  std::string_view word;
  std::string summary;
  std::vector<std::string_view> second;  ///< what may follow; empty for a command of one word
};
std::vector<FirstWord> first_words(std::span<const Command> commands);

/// `ithaca` alone: what it is, the commands, two examples.
std::string overview(std::span<const Command> commands);
/// `ithaca --help`: examples first, the commands, exit codes.
std::string full_help(std::span<const Command> commands);
/// `ithaca COMMAND -h`: usage and required flags.
std::string short_help(const Command& command);
/// `ithaca COMMAND --help`: examples first, what it answers, all flags, exit codes.
std::string full_help(const Command& command);

}  // namespace ithaca
