#include "configs/reader/excerpt.hpp"

#include <algorithm>

namespace ithaca {
namespace {

constexpr std::size_t kWidest = 100;  // bytes of a line that are shown
constexpr std::size_t kBefore = 40;   // of these, at most so many before the caret where a long line is cut
constexpr std::size_t kMostCarets = 40;

bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_character));
}

/// Where to begin so that byte `at` is shown.
std::size_t window_start(std::string_view line, std::size_t at) {
  if (line.size() <= kWidest || at <= kBefore) return 0;
  std::size_t start = at - kBefore;
  while (start > 0 && !starts_character(line[start])) --start;
  return start;
}

/// At most kWidest bytes, with dots where something is cut off.
std::string window(std::string_view line, std::size_t start) {
  std::size_t end = std::min(line.size(), start + kWidest);
  while (end < line.size() && !starts_character(line[end])) --end;
  return (start > 0 ? "..." : "") + printable(line.substr(start, end - start)) + (end < line.size() ? "..." : "");
}

/// "   13 |   rail:", or " > 14 | ..." for the line that is meant.
std::string numbered(const char* mark, std::string number, std::size_t width, const std::string& shown) {
  number.insert(0, width - number.size(), ' ');
  return mark + number + " | " + shown;
}

}  // namespace

std::string_view line_of(std::string_view text, int line) {
  if (line < 1) return "";
  for (int i = 1; i < line; ++i) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return "";
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

std::size_t utf8_length(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t k) { return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0U; };
  const auto continues = [&](std::size_t k) { return (byte(k) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0), second = byte(1);
  if (i < text.size() && first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool overlong = first == 0xE0 && second < 0xA0;
    const bool surrogate = first == 0xED && second > 0x9F;
    return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool out_of_range = (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
    return continues(1) && continues(2) && continues(3) && !out_of_range ? 4 : 0;
  }
  return 0;
}

std::string printable(std::string_view text) {
  std::string shown;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text, i);
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool control =
        byte < 0x20 || byte == 0x7F || (byte == 0xC2 && length == 2 && static_cast<unsigned char>(text[i + 1]) < 0xA0);
    if (length == 0 || control) {
      shown += byte == '\t' ? ' ' : '?';
    } else {
      shown += text.substr(i, length);
    }
    i += std::max<std::size_t>(1, length);
  }
  return shown;
}

Place place_in(const std::string& file, std::string_view text, int line, int column, std::size_t width) {
  if (line <= 0) return {file, 0, 0, 1, ""};
  const std::string_view meant = line_of(text, line);
  const std::size_t at = std::min(static_cast<std::size_t>(std::max(1, column)) - 1, meant.size());
  const auto before = count_characters(meant.substr(0, at));
  const auto carets = std::max<std::size_t>(1, count_characters(meant.substr(at, width)));
  Place place{file, line, static_cast<int>(before) + 1, static_cast<int>(carets), ""};

  const std::string number = std::to_string(line);
  const std::string_view previous = line > 1 ? line_of(text, line - 1) : "";
  if (!previous.empty())
    place.excerpt = numbered("   ", std::to_string(line - 1), number.size(), window(previous, 0)) + "\n";
  const std::size_t start = window_start(meant, at);
  const std::size_t indent = (start > 0 ? 3 : 0) + count_characters(meant.substr(start, at - start));
  place.excerpt += numbered(" > ", number, number.size(), window(meant, start)) + "\n";
  place.excerpt +=
      numbered("   ", "", number.size(), std::string(indent, ' ')) + std::string(std::min(carets, kMostCarets), '^');
  return place;
}

}  // namespace ithaca
