#pragma once
// The command line of one subcommand as flag -> text, checked against the command's table of flags.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.hpp"
#include "cli/problem.hpp"

namespace ithaca {

class Arguments {
 public:
  void set(std::string_view flag, std::string value) { values_[std::string(flag)] = {std::move(value)}; }
  void add(std::string_view flag, std::string value) { values_[std::string(flag)].push_back(std::move(value)); }
  bool has(std::string_view flag) const { return values_.find(flag) != values_.end(); }
  std::optional<std::string> find(std::string_view flag) const;
  /// Values of a repeatable flag, in the order of the command line.
  std::vector<std::string> all(std::string_view flag) const;
  /// Those that belong to no flag, as many as the command takes at most.
  std::vector<std::string> words;
  /// The command line as it was typed, "ithaca" and the command's name first, word by word.
  std::vector<std::string> typed;

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

struct ParsedArguments {
  Arguments arguments;
  Diagnostics problems;
};

/// Splits `words` (after the command's name) by the table: unknown flags, flags given twice, missing values and missing
/// required flags are all reported.
ParsedArguments parse_arguments(const Command& command, const std::vector<std::string>& words);

}  // namespace ithaca
