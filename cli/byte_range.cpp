#include "cli/byte_range.hpp"

#include <cstdlib>
#include <optional>
#include <string>

namespace ithaca {
namespace {

using Sizes = std::vector<Bytes>;

constexpr std::size_t kMost = 1000;

UnitError wrong(std::string_view text, const char* why) {
  return {"'" + std::string(text) + "' " + why, "write 1KiB..1GiB*4, 8MiB..64MiB+8MiB, [1MiB,3MiB] or 16MiB"};
}

Parsed<Sizes> parse_list(std::string_view text) {
  Sizes sizes;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const auto size = parse_bytes(text.substr(at, end - at));
    if (!size) return size.error();
    sizes.push_back(*size);
    at = end + 1;
  }
  if (sizes.size() > kMost) return wrong(text, "has more than 1,000 sizes");
  return sizes;
}

/// "4" or "1.5"; nothing for what is not above one.
std::optional<double> parse_factor(const std::string& text) {
  char* end = nullptr;
  const bool digits = text.find_first_not_of("0123456789.") == std::string::npos;
  const double factor = digits ? std::strtod(text.c_str(), &end) : 0;
  if (text.empty() || !digits || *end != '\0' || factor <= 1 || factor > 1e18) return std::nullopt;
  return factor;
}

}  // namespace

Parsed<std::vector<Bytes>> parse_byte_range(std::string_view text) {
  if (text.size() > 1 && text.front() == '[' && text.back() == ']') return parse_list(text.substr(1, text.size() - 2));
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos) return parse_list(text);
  const std::size_t sign = text.find_first_of("*+", dots);
  if (sign == std::string_view::npos) return wrong(text, "does not say in which steps");
  const auto first = parse_bytes(text.substr(0, dots)), last = parse_bytes(text.substr(dots + 2, sign - dots - 2));
  if (!first) return first.error();
  if (!last) return last.error();
  if (*last < *first) return wrong(text, "ends below its beginning");
  double factor = 1;
  Bytes step;
  if (text[sign] == '*') {
    const auto given = parse_factor(std::string(text.substr(sign + 1)));
    if (!given) return wrong(text, "needs a factor above 1");
    factor = *given;
  } else {
    const auto given = parse_bytes(text.substr(sign + 1));
    if (!given) return given.error();
    step = *given;
  }
  Sizes sizes;
  for (Bytes size = *first; size <= *last; size = size * factor + step) {
    if (sizes.size() == kMost) return wrong(text, "has more than 1,000 sizes");
    sizes.push_back(size);
  }
  return sizes;
}

}  // namespace ithaca
