#include "cli/completion_writer.hpp"

#include <fmt/format.h>

#include <map>

#include "cli/help.hpp"
#include "cli/value_names.hpp"

namespace ithaca {
namespace {

/// Between single quotes, as POSIX shells and zsh read them.
std::string in_quotes(std::string_view text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

std::string fish_quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return result + "'";
}

template <class Words>
std::string joined(const Words& words, std::string_view between = " ") {
  std::string text;
  for (const auto& word : words) {
    if (!text.empty()) text += between;
    text += word;
  }
  return text;
}

std::vector<std::string_view> words_of(const std::vector<FirstWord>& words) {
  std::vector<std::string_view> names;
  names.reserve(words.size());
  for (const FirstWord& word : words) names.push_back(word.word);
  return names;
}

std::vector<std::string_view> flags_of(const Command& command) {
  std::vector<std::string_view> names;
  for (const Flag& flag : command.flags) names.push_back(flag.name);
  names.emplace_back("--help");
  return names;
}

/// Flags with a value that is no name and no file.
std::vector<std::string_view> free_flags(const Command& command) {
  std::vector<std::string_view> names;
  for (const Flag& flag : command.flags) {
    const ValueNames value = value_names(flag);
    if (!flag.value.empty() && value.names.empty() && !value.files) names.push_back(flag.name);
  }
  return names;
}

/// Every flag with names or files behind it, of whatever command.
std::map<std::string_view, ValueNames> guided_flags(std::span<const Command> commands) {
  std::map<std::string_view, ValueNames> guided;
  for (const Command& command : commands) {
    for (const Flag& flag : command.flags) {
      const ValueNames value = value_names(flag);
      if (!value.names.empty() || value.files) guided.emplace(flag.name, value);
    }
  }
  return guided;
}

/// "names='a b' files=yes"
std::string assignments(const ValueNames& value) {
  return fmt::format("names={} files={}", in_quotes(joined(value.names)), value.files ? "yes" : "''");
}

/// Cases of `case $prev in`: behind a flag its names stand in place of the command's. bash and zsh read them alike.
std::string value_cases(std::span<const Command> commands, std::string_view no_flags) {
  std::string text;
  for (const auto& [flag, value] : guided_flags(commands))
    text += fmt::format("    {}) {} {} ;;\n", flag, no_flags, assignments(value));
  return text;
}

std::string bash_cases(std::span<const Command> commands) {
  std::string text;
  for (const Command& command : commands) {
    text +=
        fmt::format("    {}) flags={} free={} {} ;;\n", in_quotes(command.name), in_quotes(joined(flags_of(command))),
                    in_quotes(joined(free_flags(command))), assignments(word_names(command)));
  }
  return text;
}

std::string zsh_flags(const Command& command) {
  std::string text;
  const auto add = [&](std::string_view flag, std::string_view help) {
    text += "\n      " + in_quotes(fmt::format("{}:{}", flag, help));
  };
  for (const Flag& flag : command.flags) add(flag.name, flag.help);
  add("--help", "full help");
  return text;
}

std::string zsh_cases(std::span<const Command> commands) {
  std::string text;
  for (const Command& command : commands) {
    text += fmt::format("    {}) free={} {}\n      flags=({}) ;;\n", in_quotes(command.name),
                        in_quotes(joined(free_flags(command))), assignments(word_names(command)), zsh_flags(command));
  }
  return text;
}

/// First words of groups, which take a second.
std::vector<const FirstWord*> groups(const std::vector<FirstWord>& words) {
  std::vector<const FirstWord*> found;
  for (const FirstWord& word : words) {
    if (!word.second.empty()) found.push_back(&word);
  }
  return found;
}

std::string group_pattern(const std::vector<FirstWord>& words) {
  std::vector<std::string_view> names;
  for (const FirstWord* group : groups(words)) names.push_back(group->word);
  return joined(names, "|");
}

std::string group_cases(const std::vector<FirstWord>& words) {
  std::string text;
  for (const FirstWord* group : groups(words))
    text += fmt::format("    {}) names={} ;;\n", group->word, in_quotes(joined(group->second)));
  return text + fmt::format("    help) names={} ;;\n", in_quotes(joined(words_of(words))));
}

std::string fish_values(const ValueNames& value, bool list) {
  const std::string names = joined(value.names);
  std::string text = value.files ? " -F" : "";
  if (names.empty()) return text;
  return text + " -a " +
         fish_quoted(list ? R"((__fish_complete_list , 'string split " " ")" + names + R"("'))" : names);
}

std::string fish_flag(const Flag& flag, const std::string& when) {
  const bool is_long = flag.name.substr(0, 2) == "--";
  std::string line =
      fmt::format("complete -c ithaca -n {} {} {}", when, is_long ? "-l" : "-s", flag.name.substr(is_long ? 2 : 1));
  const ValueNames value = value_names(flag);
  if (!flag.value.empty()) line += (value.files ? " -r" : " -x") + fish_values(value, takes_list(flag));
  return line + " -d " + fish_quoted(flag.help) + "\n";
}

std::string fish_command(const Command& command) {
  std::string words = "__fish_seen_subcommand_from " + std::string(command.name);
  if (const std::size_t space = words.rfind(' '); command.name.find(' ') != std::string_view::npos)
    words.replace(space, 1, "; and __fish_seen_subcommand_from ");
  const std::string when = fish_quoted(words);
  std::string text;
  const ValueNames value = word_names(command);
  if (!value.names.empty() || value.files) text += "complete -c ithaca -n " + when + fish_values(value, false) + "\n";
  for (const Flag& flag : command.flags) text += fish_flag(flag, when);
  return text;
}

}  // namespace

std::string bash_completion(std::span<const Command> commands) {
  const std::vector<FirstWord> words = first_words(commands);
  std::string script =
      "# bash completion of ithaca: source <(ithaca completion bash), or keep this file as\n"
      "# ~/.local/share/bash-completion/completions/ithaca\n"
      "_ithaca() {\n"
      "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}\n"
      "  local flags='' free='' names='' files=''\n"
      "  [[ $cur == '=' ]] && cur=''\n"
      "  [[ $prev == '=' ]] && prev=${COMP_WORDS[COMP_CWORD - 2]}\n";
  script += fmt::format("  ((COMP_CWORD > 2)) && case $command in {}) command+=\" ${{COMP_WORDS[2]}}\" ;; esac\n",
                        group_pattern(words));
  script += "  case $command in\n" + bash_cases(commands) + group_cases(words) + "  esac\n";
  script += fmt::format("  ((COMP_CWORD == 1)) && names='{} help' flags='--help --version' free='' files=''\n",
                        joined(words_of(words)));
  script += "  [[ \" $free \" == *\" $prev \"* ]] && return\n";
  script += "  case $prev in\n" + value_cases(commands, "flags=''") + "  esac\n";
  return script +
         "  [[ -z $cur || $cur == -* ]] && names+=\" $flags\"\n"
         "  local list=${cur%\"${cur##*,}\"}\n"
         "  mapfile -t COMPREPLY < <(compgen -P \"$list\" -W \"$names\" -- \"${cur##*,}\")\n"
         "  if [[ -n $files && $cur != -* ]]; then\n"
         "    compopt -o filenames 2>/dev/null\n"
         "    mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- \"$cur\")\n"
         "  fi\n"
         "}\n"
         "complete -F _ithaca ithaca\n";
}

std::string zsh_completion(std::span<const Command> commands) {
  const std::vector<FirstWord> words = first_words(commands);
  std::string script =
      "#compdef ithaca\n"
      "# zsh completion of ithaca: source <(ithaca completion zsh), or keep this file as _ithaca in a folder of "
      "$fpath\n"
      "_ithaca() {\n"
      "  local prev=$words[CURRENT-1] command=$words[2] free='' names='' files=''\n"
      "  local -a flags\n"
      "  if [[ $words[CURRENT] == --*=* ]]; then\n"
      "    prev=${words[CURRENT]%%=*}\n"
      "    compset -P '*='\n"
      "  fi\n";
  script +=
      fmt::format("  ((CURRENT > 3)) && case $command in {}) command+=\" $words[3]\" ;; esac\n", group_pattern(words));
  script += "  case $command in\n" + zsh_cases(commands) + group_cases(words) + "  esac\n";
  script += "  if ((CURRENT == 2)); then\n    flags=(";
  for (const FirstWord& word : words) script += "\n      " + in_quotes(fmt::format("{}:{}", word.word, word.summary));
  script += "\n      'help:full help' '--version:version and git revision')\n    free='' names='' files=''\n  fi\n";
  script += "  [[ \" $free \" == *\" $prev \"* ]] && return\n";
  script += "  case $prev in\n" + value_cases(commands, "flags=()") + "  esac\n";
  return script +
         "  ((${#flags})) && _describe ithaca flags\n"
         "  compset -P '*,'\n"
         "  [[ -n $names ]] && compadd -- ${=names}\n"
         "  [[ -n $files ]] && _files\n"
         "}\n"
         "if [[ $funcstack[1] == _ithaca ]]; then _ithaca; else compdef _ithaca ithaca; fi\n";
}

std::string fish_completion(std::span<const Command> commands) {
  const std::vector<FirstWord> words = first_words(commands);
  std::string script =
      "# fish completion of ithaca: keep this file as ~/.config/fish/completions/ithaca.fish\n"
      "complete -c ithaca -f\n"
      "complete -c ithaca -l help -s h -d 'short and full help'\n"
      "complete -c ithaca -n __fish_use_subcommand -l version -d 'version and git revision'\n"
      "complete -c ithaca -n __fish_use_subcommand -a help -d 'full help'\n";
  for (const FirstWord& word : words) {
    script +=
        fmt::format("complete -c ithaca -n __fish_use_subcommand -a {} -d {}\n", word.word, fish_quoted(word.summary));
    if (word.second.empty()) continue;
    const std::string second = joined(word.second);
    script += fmt::format(
        "complete -c ithaca -n '__fish_seen_subcommand_from {}; and not __fish_seen_subcommand_from {}' "
        "-a '{}'\n",
        word.word, second, second);
  }
  script += fmt::format("complete -c ithaca -n '__fish_seen_subcommand_from help' -a '{}'\n", joined(words_of(words)));
  for (const Command& command : commands) script += fish_command(command);
  return script;
}

}  // namespace ithaca
