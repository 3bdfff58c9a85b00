#include "cli/commands.hpp"

#include <algorithm>

#include "cli/arguments.hpp"
#include "cli/help.hpp"
#include "cli/version.hpp"
#include "configs/reader/nearest.hpp"

namespace ithaca {
namespace {

Outcome say(std::string text) { return {ExitCode::done, std::move(text), "", ""}; }

Outcome unknown_command(const std::string& word) {
  std::vector<std::string> names;
  for (const Command& command : all_commands()) names.emplace_back(command.name);
  const bool flag = !word.empty() && word[0] == '-';
  const std::string what = flag ? "a command comes first" : "there is no such command";
  return {ExitCode::usage, "", print(mistake(word, what, "see 'ithaca --help'", suggestion(word, names))), ""};
}

bool has(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

Outcome run_command(const Command& command, const std::vector<std::string>& words, const Environment& environment) {
  if (has(words, "--help")) return say(full_help(command));
  if (has(words, "-h")) return say(short_help(command));
  const ParsedArguments parsed = parse_arguments(command, words);
  return command.run(parsed.arguments, parsed.problems, environment);
}

}  // namespace

std::span<const Command> all_commands() {
  static const Command commands[] = {kCompare, kInspect, kSimulate};
  return commands;
}

Outcome run(const std::vector<std::string>& words, const Environment& environment) {
  if (words.empty() || words[0] == "-h") return say(overview(all_commands()));
  if (words[0] == "--help" || (words[0] == "help" && words.size() == 1)) return say(full_help(all_commands()));
  if (words[0] == "--version") return say(version_line() + "\n");
  const bool help = words[0] == "help";
  const std::string& name = words[help ? 1 : 0];
  for (const Command& command : all_commands()) {
    if (command.name != name) continue;
    if (help) return say(full_help(command));
    return run_command(command, {words.begin() + 1, words.end()}, environment);
  }
  return unknown_command(name);
}

}  // namespace ithaca
