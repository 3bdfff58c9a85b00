#pragma once
// Text and numbers inside HTML and SVG.

#include <string>
#include <string_view>

namespace ithaca {

/// Fit for an element's text and for an attribute in double quotes, whatever it was.
std::string escaped(std::string_view text);

/// `words` at a place of a picture, under a class of its style sheet.
std::string svg_text(double x, double y, std::string_view style, std::string_view words);

/// A figure as people read it that carries its exact value: <data value="34.912345">34.9</data>.
std::string figure(double exact_value, std::string_view words);

}  // namespace ithaca
