#pragma once
// A YAML or JSON text as a tree that still knows where everything stands. Anchors, tags, several documents, absurd
// depth and whatever yaml-cpp cannot read come back as diagnostics; scalars stay text, so that nothing is converted
// silently.

#include <cstdint>
#include <string>
#include <vector>

#include "configs/reader/diagnostic.hpp"
#include "model/result.hpp"

namespace ithaca {

constexpr std::size_t kLargestText = 4u << 20;  ///< bytes; yaml-cpp reads about 1 MiB a second

struct Entry;

struct Node {
  enum class Kind : std::uint8_t { null, scalar, sequence, map };
  Kind kind = Kind::null;
  std::string text;     ///< of a scalar
  bool quoted = false;  ///< a quoted scalar is text whatever it looks like
  int line = 0, column = 0;
  std::vector<Node> items;     ///< of a sequence
  std::vector<Entry> entries;  ///< of a map, in order; duplicates are kept for the reader to report
};

struct Entry {
  Node key;
  Node value;
};

struct Document {
  std::string file;
  std::string text;
  Node root;

  /// The place of a node, with its excerpt.
  Place place(const Node& node) const;
};

/// What makes a text unreadable in any format: its size, zero bytes, what is not UTF-8. Drops a byte order mark.
Diagnostics prepare_text(const std::string& file, std::string& text);

Result<Document, Diagnostics> parse_document(std::string file, std::string text);

}  // namespace ithaca
