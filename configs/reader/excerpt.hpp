#pragma once
// Foreign text made fit to show: the lines around a place with a caret, and no bytes that would upset a terminal.

#include <string>
#include <string_view>

#include "configs/reader/diagnostic.hpp"

namespace ithaca {

/// Bytes of the UTF-8 character that starts at `i`; 0 if none does.
std::size_t utf8_length(std::string_view text, std::size_t i);

/// One line that a terminal shows as it is: tabs become spaces, other control characters and broken UTF-8 '?'.
std::string printable(std::string_view text);

/// A line of `text`, from 1, without its end; empty if there is none.
std::string_view line_of(std::string_view text, int line);

/// The place `column` bytes into a line of `text`, both from 1, and `width` bytes long. The place counts characters.
/// Its excerpt shows the line before too, and of long lines the part around the caret.
Place place_in(const std::string& file, std::string_view text, int line, int column, std::size_t width);

}  // namespace ithaca
