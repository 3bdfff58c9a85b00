#include "cli/arguments.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <sstream>

#include "cli/text.hpp"
#include "configs/reader/nearest.hpp"

namespace ithaca {
namespace {

bool is_negative_number(const std::string& word) {
  return word.size() > 1 && word[0] == '-' && word[1] >= '0' && word[1] <= '9';
}

/// Joins "--gpus -5" to "--gpus=-5", so that the number is not taken for a flag.
std::vector<std::string> join_negative_values(const std::vector<std::string>& words) {
  std::vector<std::string> joined;
  for (const std::string& word : words) {
    const bool follows_flag = !joined.empty() && joined.back().rfind("--", 0) == 0 && joined.back().size() > 2 &&
                              joined.back().find('=') == std::string::npos;
    if (is_negative_number(word) && follows_flag) {
      joined.back() += "=" + word;
    } else {
      joined.push_back(word);
    }
  }
  return joined;
}

std::vector<std::string> names_of(const Command& command) {
  std::vector<std::string> names{"--help"};
  for (const Flag& flag : command.flags) names.emplace_back(flag.name);
  return names;
}

std::string help_of(const Command& command) { return "see 'ithaca " + std::string(command.name) + " --help'"; }

/// What CLI11 could not place: the command's words, unknown flags, and words that belong to none. Gives the flags that
/// were probably meant.
std::vector<std::string> report_rest(const Command& command, const std::vector<std::string>& rest,
                                     ParsedArguments& parsed) {
  Diagnostics& problems = parsed.problems;
  std::vector<std::string> meant;
  bool after_flag = false;
  for (const std::string& word : rest) {
    const bool is_flag = word.size() > 1 && word[0] == '-';
    if (is_flag) {
      const std::string name = word.substr(0, word.find('='));
      const std::string near = nearest(name, names_of(command)).value_or("");
      problems.push_back(mistake(name, "unknown flag", help_of(command), suggestion(name, names_of(command))));
      meant.push_back(near);
    } else if (!after_flag && parsed.arguments.words.size() < command.words) {
      parsed.arguments.words.push_back(word);
    } else if (!after_flag) {
      problems.push_back(mistake(word, "this word belongs to no flag", "write a flag before it; " + help_of(command)));
    }
    after_flag = is_flag;
  }
  return meant;
}

void take(const Flag& flag, const CLI::Option& option, ParsedArguments& parsed) {
  const std::string name(flag.name);
  const std::vector<std::string>& values = option.results();
  const bool is_switch = flag.value.empty();
  if (values.size() > 1 && !flag.repeatable) {
    parsed.problems.push_back(mistake(name, "given " + std::to_string(values.size()) + " times", "give it once"));
  } else if (!is_switch && (values.empty() || std::find(values.begin(), values.end(), "") != values.end())) {
    parsed.problems.push_back(mistake(name, "needs a value", "write " + name + " " + std::string(flag.value)));
  } else if (is_switch && !values.empty() && values[0] != "true") {
    parsed.problems.push_back(mistake(name + "=" + values[0], "this flag takes no value", "write " + name + " alone"));
  } else {
    for (const std::string& value : values) parsed.arguments.add(flag.name, value);
    if (values.empty()) parsed.arguments.set(flag.name, "");
  }
}

std::vector<std::string> typed(const Command& command, const std::vector<std::string>& words) {
  std::vector<std::string> all{"ithaca"};
  std::istringstream name{std::string(command.name)};
  for (std::string word; name >> word;) all.push_back(word);
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

void report_missing(const Command& command, const std::vector<std::string>& missing, Diagnostics& problems) {
  if (missing.empty()) return;
  problems.push_back(mistake(join_words(missing), "missing",
                             "ithaca " + std::string(command.name) + " " + std::string(command.usage)));
}

}  // namespace

std::optional<std::string> Arguments::find(std::string_view flag) const {
  const auto found = values_.find(flag);
  if (found == values_.end()) return std::nullopt;
  return found->second.front();
}

std::vector<std::string> Arguments::all(std::string_view flag) const {
  const auto found = values_.find(flag);
  return found == values_.end() ? std::vector<std::string>{} : found->second;
}

ParsedArguments parse_arguments(const Command& command, const std::vector<std::string>& words) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::vector<CLI::Option*> options;
  for (const Flag& flag : command.flags) {
    const std::string name(flag.name);
    CLI::Option* option = flag.value.empty() ? app.add_flag(name) : app.add_option(name)->expected(0, 1);
    options.push_back(option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll));
  }
  ParsedArguments parsed;
  parsed.arguments.typed = typed(command, words);
  std::vector<std::string> reversed = join_negative_values(words);
  std::reverse(reversed.begin(), reversed.end());
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    parsed.problems.push_back(mistake(std::string(command.name), error.what(), help_of(command)));
    return parsed;
  }
  const std::vector<std::string> meant = report_rest(command, app.remaining(), parsed);
  std::vector<std::string> missing;
  for (std::size_t i = 0; i < options.size(); ++i) {
    const Flag& flag = command.flags[i];
    const bool misspelt = std::find(meant.begin(), meant.end(), flag.name) != meant.end();
    if (options[i]->count() > 0) {
      take(flag, *options[i], parsed);
    } else if (flag.required && !misspelt) {
      missing.emplace_back(flag.name);
    }
  }
  const bool answered = command.words_instead && !parsed.arguments.words.empty();
  if (!answered) report_missing(command, missing, parsed.problems);
  return parsed;
}

}  // namespace ithaca
