#pragma once
// Answers that commands wrote with --json, read back: who wrote one, and values out of it. `Json` is the library's,
// which stays out of headers; what is missing or of another kind throws.

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "configs/reader/diagnostic.hpp"

namespace ithaca {

/// Whose answer a text is. `training`: of compare, plan or simulate step and layer, and of whatever cannot be told.
enum class Answered : std::uint8_t { training, curriculum, sweep, collective, flows };
Answered answered_by(const std::string& text);

/// What no command writes.
struct Unexpected : std::runtime_error {
  using runtime_error::runtime_error;
};

/// Why `file` is no answer of `of` ("'ithaca compare --json'") if `read` throws, and what to do; nothing otherwise.
Diagnostics try_reading(const std::string& file, std::string_view of, std::string next,
                        const std::function<void()>& read);

template <class Json>
double number(const Json& json, const char* key) {
  const double value = json.at(key).template get<double>();
  if (value < 0) throw Unexpected(std::string(key) + " is below zero");
  return value;
}

template <class Json>
std::int64_t whole(const Json& json, const char* key) {
  const double value = number(json, key);
  if (value > 9007199254740992.0) throw Unexpected(std::string(key) + " is above 2^53");
  return static_cast<std::int64_t>(value);
}

template <class Json>
std::string text(const Json& json, const char* key) {
  return json.at(key).template get<std::string>();
}

/// A word as a shell takes it.
std::string shell_word(const std::string& word);

/// The command line in `provenance`, for a shell.
template <class Json>
std::string command_of(const Json& provenance) {
  std::string command;
  for (const Json& word : provenance.at("argv"))
    command += (command.empty() ? "" : " ") + shell_word(word.template get<std::string>());
  return command;
}

template <class Json>
std::string version_of(const Json& provenance) {
  return "ithaca " + text(provenance, "version") + " (" + text(provenance, "git") + ")";
}

}  // namespace ithaca
