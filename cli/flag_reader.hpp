#pragma once
// Typed values out of a command line. Whatever is wrong becomes a problem, and reading goes on with the default, so
// that all mistakes are reported at once.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "cli/arguments.hpp"
#include "cli/problem.hpp"
#include "configs/reader/nearest.hpp"
#include "model/quantity.hpp"

namespace ithaca {

template <class T>
using Choice = std::pair<std::string_view, T>;

class FlagReader {
 public:
  FlagReader(const Arguments& arguments, Diagnostics& problems) : arguments_(arguments), problems_(problems) {}

  bool has(std::string_view flag) const { return arguments_.has(flag); }
  std::string text(std::string_view flag) const { return arguments_.find(flag).value_or(""); }

  /// A whole number between `least` and `most`.
  std::optional<std::int64_t> count(std::string_view flag, std::int64_t least, std::int64_t most);
  /// A sequence length; a decimal suffix (1M) gives a notice in `notices`.
  std::optional<Tokens> tokens(std::string_view flag, std::vector<std::string>& notices);
  std::optional<Dollars> dollars(std::string_view flag);
  /// --color
  ColorWhen color();

  template <class T>
  std::optional<T> choice(std::string_view flag, std::span<const Choice<T>> choices) {
    const auto word = arguments_.find(flag);
    return word ? match(flag, *word, choices) : std::nullopt;
  }
  /// Words of a comma list that name a choice; empty if the flag is not there.
  template <class T>
  std::vector<T> choices(std::string_view flag, std::span<const Choice<T>> valid) {
    std::vector<T> found;
    for (const std::string& word : words(flag)) {
      if (const auto one = match(flag, word, valid)) found.push_back(*one);
    }
    return found;
  }

  /// Words of a comma list.
  std::vector<std::string> words(std::string_view flag) const;

  void complain(std::string_view flag, std::string what, std::string next, std::string hint = "");

 private:
  template <class T>
  std::optional<T> match(std::string_view flag, const std::string& word, std::span<const Choice<T>> valid) {
    std::vector<std::string> names;
    for (const Choice<T>& choice : valid) {
      if (choice.first == word) return choice.second;
      names.emplace_back(choice.first);
    }
    complain(flag, "'" + word + "' is none of its values", "", suggestion(word, names));
    return std::nullopt;
  }
  const Arguments& arguments_;
  Diagnostics& problems_;
};

}  // namespace ithaca
