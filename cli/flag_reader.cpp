#include "cli/flag_reader.hpp"

#include "cli/text.hpp"
#include "model/units.hpp"

namespace ithaca {
namespace {

constexpr Choice<ColorWhen> kColorNames[] = {
    {"auto", ColorWhen::automatic}, {"always", ColorWhen::always}, {"never", ColorWhen::never}};

}  // namespace

void FlagReader::complain(std::string_view flag, std::string what, std::string next, std::string hint) {
  const std::string given = text(flag);
  const std::string where = given.empty() ? std::string(flag) : std::string(flag) + " " + given;
  problems_.push_back(mistake(where, std::move(what), std::move(next), std::move(hint)));
}

std::optional<std::int64_t> FlagReader::count(std::string_view flag, std::int64_t least, std::int64_t most) {
  const auto text = arguments_.find(flag);
  if (!text) return std::nullopt;
  const auto number = parse_count(*text);
  if (!number) {
    complain(flag, number.error().what, number.error().next);
    return std::nullopt;
  }
  if (*number < least || *number > most) {
    complain(flag, "outside " + grouped(least) + " to " + grouped(most),
             *number < least ? "give at least " + grouped(least) : "give at most " + grouped(most));
    return std::nullopt;
  }
  return *number;
}

ColorWhen FlagReader::color() { return choice<ColorWhen>("--color", kColorNames).value_or(ColorWhen::automatic); }

std::optional<Tokens> FlagReader::tokens(std::string_view flag, std::vector<std::string>& notices) {
  const auto text = arguments_.find(flag);
  if (!text) return std::nullopt;
  const auto tokens = parse_tokens(*text);
  if (!tokens) {
    complain(flag, tokens.error().what, tokens.error().next);
    return std::nullopt;
  }
  const bool decimal = text->back() == 'K' || text->back() == 'k' || text->back() == 'M' || text->back() == 'G';
  const auto binary = parse_tokens(*text + "i");
  if (decimal && binary) {
    notices.push_back(std::string(flag) + " " + *text + " is " + grouped(tokens->count) + " tokens (powers of ten); " +
                      *text + "i would be " + grouped(binary->count));
  }
  return *tokens;
}

std::optional<Dollars> FlagReader::dollars(std::string_view flag) {
  const auto text = arguments_.find(flag);
  if (!text) return std::nullopt;
  const auto dollars = parse_dollars(*text);
  if (!dollars) {
    complain(flag, dollars.error().what, dollars.error().next);
    return std::nullopt;
  }
  if (dollars->value() < 0) complain(flag, "a price below zero", "give a price such as 2.50USD");
  return *dollars;
}

std::vector<std::string> FlagReader::words(std::string_view flag) const {
  const auto list = arguments_.find(flag);
  std::vector<std::string> found;
  if (!list) return found;
  for (std::size_t at = 0; at <= list->size();) {
    const std::size_t end = std::min(list->find(',', at), list->size());
    found.push_back(list->substr(at, end - at));
    at = end + 1;
  }
  return found;
}

}  // namespace ithaca
