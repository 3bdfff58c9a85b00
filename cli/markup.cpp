#include "cli/markup.hpp"

#include <fmt/format.h>

#include "configs/reader/excerpt.hpp"

namespace ithaca {

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : printable(text)) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '"')
      result += "&quot;";
    else
      result += c;
  }
  return result;
}

std::string svg_text(double x, double y, std::string_view style, std::string_view words) {
  return fmt::format("<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", style, x, y, escaped(words));
}

std::string figure(double exact_value, std::string_view words) {
  return fmt::format("<data value=\"{}\">{}</data>", exact_value, escaped(words));
}

}  // namespace ithaca
