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
  const std::vector<FirstWord> words = first_words(commands);
  if (words.size() == 1) return command_list(commands);
  std::vector<std::pair<std::string, std::string>> rows;
  rows.reserve(words.size());
  for (const FirstWord& word : words) rows.emplace_back(word.word, word.summary);
  return lines_of(rows);
}

std::string exit_codes() {
  std::string text = "Exit codes\n";
  for (const ExitMeaning& exit : kExitMeanings)
    text += fmt::format("  {:<3}  {}\n", static_cast<int>(exit.code), exit.words);
  return text;
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

std::vector<FirstWord> first_words(std::span<const Command> commands) {
  std::vector<FirstWord> words;
  for (const Command& command : commands) {
    const std::size_t space = command.name.find(' ');
    const std::string_view first = command.name.substr(0, space);
    const bool alone = space == std::string_view::npos;
    if (alone || words.empty() || words.back().word != first)
      words.push_back({first, std::string(alone ? command.summary : group_summary(first)), {}});
    if (alone) continue;
    FirstWord& word = words.back();
    word.second.push_back(command.name.substr(space + 1));
    word.summary += (word.second.size() == 1 ? ": " : ", ") + std::string(word.second.back());
  }
  return words;
}

std::string overview(std::span<const Command> commands) {
  std::string text = fmt::format("ithaca: {}\nusage: ithaca COMMAND [flags]\n", kPurpose);
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
  for (const Flag& flag : kCommonFlags) text += flag_line(flag);
  return text + "\n" + wrap(kConventions, kWidth) + "\n" + exit_codes();
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
  return text + "\n" + exit_codes();
}

}  // namespace ithaca
