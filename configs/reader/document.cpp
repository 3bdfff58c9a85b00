#include "configs/reader/document.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <sstream>

namespace ithaca {
namespace {

constexpr std::size_t kLargestText = 16u << 20;
constexpr std::size_t kDeepest = 64;

std::string line_of(const std::string& text, int line) {
  std::size_t start = 0;
  for (int i = 1; i < line; ++i) {
    start = text.find('\n', start);
    if (start == std::string::npos) return "";
    ++start;
  }
  std::string found = text.substr(start, text.find('\n', start) - start);
  if (!found.empty() && found.back() == '\r') found.pop_back();
  std::replace(found.begin(), found.end(), '\t', ' ');
  return found;
}

constexpr std::size_t kWidestLine = 100;

/// "   13 |   rail:", or " > 14 | ..." for the line that is meant.
std::string numbered(const std::string& text, int line, bool meant, int number_width) {
  std::string number = std::to_string(line);
  number.insert(0, static_cast<std::size_t>(number_width) - number.size(), ' ');
  return (meant ? " > " : "   ") + number + " | " + line_of(text, line).substr(0, kWidestLine);
}

Place make_place(const std::string& file, const std::string& text, int line, int column, std::size_t width) {
  Place place{file, line, column, static_cast<int>(width), ""};
  if (line == 0) return place;
  const int number_width = static_cast<int>(std::to_string(line).size());
  if (line > 1 && !line_of(text, line - 1).empty())
    place.excerpt = numbered(text, line - 1, false, number_width) + "\n";
  place.excerpt += numbered(text, line, true, number_width) + "\n";
  const std::size_t start = static_cast<std::size_t>(std::max(1, column)) - 1;
  if (start >= kWidestLine) return place;
  const std::size_t room = line_of(text, line).size();
  const std::size_t carets = std::max<std::size_t>(1, std::min(width, room > start ? room - start : 1));
  place.excerpt += std::string(static_cast<std::size_t>(number_width) + 3, ' ') + " | " + std::string(start, ' ') +
                   std::string(std::min<std::size_t>(carets, 40), '^');
  return place;
}

/// Builds our tree from yaml-cpp's events, which carry the marks of keys too.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const std::string& file, const std::string& text) : file_(file), text_(text) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check(mark, anchor, "?");
    add(at(mark, Node::Kind::null));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(mark, "aliases are not read here", "write the value out");
    add(at(mark, Node::Kind::null));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check(mark, anchor, tag);
    Node node = at(mark, Node::Kind::scalar);
    node.text = value;
    node.quoted = tag == "!";
    if (!node.quoted && (value == "~" || value == "null")) node.kind = Node::Kind::null;
    add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    check(mark, anchor, tag);
    open(at(mark, Node::Kind::sequence));
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    check(mark, anchor, tag);
    open(at(mark, Node::Kind::map));
  }
  void OnMapEnd() override { close(); }

  Node root;
  Diagnostics problems;
  bool too_deep = false;

 private:
  struct Open {
    Node node;
    bool has_key = false;
    Node key;
  };

  static Node at(const YAML::Mark& mark, Node::Kind kind) {
    Node node;
    node.kind = kind;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    return node;
  }

  void refuse(const YAML::Mark& mark, std::string what, std::string next) {
    if (problems.size() >= 20) return;
    problems.push_back({make_place(file_, text_, mark.line + 1, mark.column + 1, 1), std::move(what), "",
                        std::move(next), std::nullopt});
  }
  void check(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& tag) {
    if (anchor != 0) refuse(mark, "anchors are not read here", "write the value out where it is used");
    if (!tag.empty() && tag != "?" && tag != "!") refuse(mark, "tag '" + tag + "' is not read here", "leave it out");
  }

  void open(Node node) {
    too_deep = too_deep || stack_.size() >= kDeepest;
    if (too_deep) throw YAML::ParserException(YAML::Mark::null_mark(), "nested too deeply");
    stack_.push_back({std::move(node), false, {}});
  }
  void close() {
    Node node = std::move(stack_.back().node);
    stack_.pop_back();
    add(std::move(node));
  }
  void add(Node node) {
    if (stack_.empty()) {
      root = std::move(node);
      return;
    }
    Open& parent = stack_.back();
    if (parent.node.kind == Node::Kind::sequence) {
      parent.node.items.push_back(std::move(node));
    } else if (parent.has_key) {
      parent.node.entries.push_back({std::move(parent.key), std::move(node)});
      parent.has_key = false;
    } else {
      parent.key = std::move(node);
      parent.has_key = true;
    }
  }

  const std::string& file_;
  const std::string& text_;
  std::vector<Open> stack_;
};

Diagnostics whole_input(const std::string& file, std::string what, std::string next) {
  return {Diagnostic{Place{file, 0, 0, 1, ""}, std::move(what), "", std::move(next), std::nullopt}};
}

}  // namespace

Place Document::place(const Node& node) const {
  return make_place(file, text, node.line, node.column, std::max<std::size_t>(1, node.text.size()));
}

Result<Document, Diagnostics> parse_document(std::string file, std::string text) {
  if (text.size() > kLargestText) return whole_input(file, "larger than 16 MiB", "give a smaller file");
  if (text.find('\0') != std::string::npos) return whole_input(file, "holds a zero byte", "give a text file in UTF-8");
  TreeBuilder builder(file, text);
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return whole_input(file, "is empty", "");
    TreeBuilder second(file, text);
    if (builder.problems.empty() && parser.HandleNextDocument(second)) {
      return whole_input(file, "holds more than one document", "split it at the '---' line");
    }
  } catch (const YAML::Exception& error) {
    if (builder.too_deep) return whole_input(file, "is nested too deeply", "flatten it to fewer than 64 levels");
    const bool somewhere = error.mark.line >= 0;
    return Diagnostics{{make_place(file, text, somewhere ? error.mark.line + 1 : 0, error.mark.column + 1, 1),
                        "this is neither YAML nor JSON: " + error.msg, "", "mend the text at the caret", std::nullopt}};
  }
  if (!builder.problems.empty()) return std::move(builder.problems);
  return Document{std::move(file), std::move(text), std::move(builder.root)};
}

}  // namespace ithaca
