#pragma once
// An XML text as a tree that still knows where everything stands. Document types, and with them entities of one's own,
// absurd depth and whatever Expat cannot read come back as diagnostics.

#include <string>
#include <string_view>
#include <vector>

#include "configs/reader/document.hpp"

namespace ithaca {

struct XmlElement {
  Node name;
  Node attributes;   ///< a map
  std::string text;  ///< between the tags, without that of the children
  std::vector<XmlElement> children;

  /// The value's node, or null.
  const Node* attribute(std::string_view key) const;
};

struct XmlDocument {
  Document source;  ///< for places; its own root stays empty
  XmlElement root;
};

Result<XmlDocument, Diagnostics> parse_xml(std::string file, std::string text);

}  // namespace ithaca
