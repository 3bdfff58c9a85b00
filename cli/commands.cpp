#include "cli/commands.hpp"

#include <algorithm>

#include "cli/arguments.hpp"
#include "cli/help.hpp"
#include "cli/version.hpp"
#include "configs/reader/nearest.hpp"

namespace ithaca {
namespace {

Outcome say(std::string text) { return {ExitCode::done, std::move(text), "", ""}; }

using Words = std::vector<std::string>;

std::string_view first_word(std::string_view name) { return name.substr(0, name.find(' ')); }

/// The commands of two words that begin with this one.
std::span<const Command> group(std::string_view word) {
  const auto commands = all_commands();
  const auto member = [word](const Command& c) { return c.name != word && first_word(c.name) == word; };
  const auto begin = std::find_if(commands.begin(), commands.end(), member);
  return {begin, std::find_if_not(begin, commands.end(), member)};
}

/// The command with the longest name that the words begin with, and how many words that is.
struct Match {
  const Command* command = nullptr;
  std::size_t words = 0;
};
Match match(const Words& words) {
  Match best;
  std::string name;
  for (std::size_t n = 1; n <= std::min<std::size_t>(2, words.size()); ++n) {
    name += (n > 1 ? " " : "") + words[n - 1];
    for (const Command& command : all_commands()) {
      if (command.name == name) best = {&command, n};
    }
  }
  return best;
}

/// First words of all commands; of a group the second ones.
std::vector<std::string> words_of(std::span<const Command> commands, bool second) {
  std::vector<std::string> names;
  for (const Command& command : commands) {
    const std::string_view first = first_word(command.name);
    const std::string name(second ? command.name.substr(first.size() + 1) : first);
    if (names.empty() || names.back() != name) names.push_back(name);
  }
  return names;
}

Outcome unknown_command(const Words& words) {
  const auto members = group(words[0]);
  const bool in_group = !members.empty();
  const std::string& word = words[in_group ? 1 : 0];
  const std::string before = in_group ? words[0] + " " : "";
  const std::string what = !word.empty() && word[0] == '-' ? "a command comes first" : "there is no such command";
  const auto names = words_of(in_group ? members : all_commands(), in_group);
  const auto problem = mistake(before + word, what, "see 'ithaca " + before + "--help'", suggestion(word, names));
  return {ExitCode::usage, "", print(problem), ""};
}

bool has(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

Outcome run_command(const Command& command, const Words& words, const Environment& environment) {
  if (has(words, "--help")) return say(full_help(command));
  if (has(words, "-h")) return say(short_help(command));
  const ParsedArguments parsed = parse_arguments(command, words);
  return command.run(parsed.arguments, parsed.problems, environment);
}

}  // namespace

std::span<const Command> all_commands() {
  static const Command commands[] = {kCompare,
                                     kPlan,
                                     kSweep,
                                     kReport,
                                     kInspect,
                                     kSimulateCollective,
                                     kSimulateFlows,
                                     kSimulateLayer,
                                     kSimulateStep,
                                     kValidateAttention,
                                     kValidateCollectives,
                                     kValidateKernels,
                                     kValidateRuns,
                                     kMeasure,
                                     kImport,
                                     kCalibrate,
                                     kCompletion,
                                     kMan};
  return commands;
}

Outcome run(const std::vector<std::string>& words, const Environment& environment) {
  if (words.empty() || words[0] == "-h") return say(overview(all_commands()));
  if (words[0] == "--help") return say(full_help(all_commands()));
  if (words[0] == "--version") return say(version_line() + "\n");
  if (words[0] == "help") {
    Words rest(words.begin() + 1, words.end());
    rest.push_back("--help");
    return run(rest, environment);
  }
  const Match found = match(words);
  if (found.command) {
    const auto begin = words.begin() + static_cast<std::ptrdiff_t>(found.words);
    return run_command(*found.command, {begin, words.end()}, environment);
  }
  const auto members = group(words[0]);
  if (!members.empty() && has(words, "--help")) return say(full_help(members));
  if (!members.empty() && (words.size() == 1 || words[1] == "-h")) return say(overview(members));
  return unknown_command(words);
}

}  // namespace ithaca
