#include "cli/saved_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/problem.hpp"

namespace ithaca {

Answered answered_by(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return Answered::training;
  if (json.contains("collective")) return Answered::collective;
  if (json.contains("offers")) return Answered::curriculum;
  if (json.contains("cases")) return Answered::flows;
  const auto made = json.value("provenance", nlohmann::json());
  const auto argv = made.is_object() ? made.value("argv", nlohmann::json()) : nlohmann::json();
  const bool sweep = argv.is_array() && argv.size() > 1 && argv[1] == "sweep";
  return sweep ? Answered::sweep : Answered::training;
}

Diagnostics try_reading(const std::string& file, std::string_view of, std::string next,
                        const std::function<void()>& read) {
  std::string reason;
  try {
    read();
    return {};
  } catch (const nlohmann::json::exception& error) {
    const std::string words = error.what();  // "[json.exception.parse_error.101] parse error at line 1 ..."
    reason = words.substr(std::min(words.size(), words.find("] ") + 2));
  } catch (const Unexpected& error) {
    reason = error.what();
  }
  return {mistake(file, fmt::format("is no answer of {}: {}", of, reason), std::move(next))};
}

std::string shell_word(const std::string& word) {
  constexpr std::string_view kPlain = "-_./,:=@%+0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace ithaca
