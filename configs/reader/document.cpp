#include "configs/reader/document.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "configs/reader/excerpt.hpp"

namespace ithaca {
namespace {

constexpr std::size_t kDeepest = 64;
constexpr std::size_t kMostNodes = 1000000;
constexpr std::size_t kMostSyntaxProblems = 20;

/// Builds our tree from yaml-cpp's events, which carry the marks of keys too.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const std::string& file, const std::string& text) : file_(file), text_(text) {}

  void OnDocumentStart(const YAML::Mark& mark) override { start = mark; }
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
  std::optional<YAML::Mark> start;
  Diagnostics problems;
  bool stopped = false;  ///< the last problem was reason to read no further

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

  void refuse(int line, int column, std::string what, std::string next) {
    if (problems.size() >= kMostSyntaxProblems) return;
    problems.push_back({place_in(file_, text_, line, column, 1), std::move(what), "", std::move(next), std::nullopt});
  }
  void refuse(const YAML::Mark& mark, std::string what, std::string next) {
    refuse(mark.line + 1, mark.column + 1, std::move(what), std::move(next));
  }
  void stop(const Node& node, std::string what, std::string next) {
    refuse(node.line, node.column, std::move(what), std::move(next));
    stopped = true;
    throw YAML::ParserException(YAML::Mark::null_mark(), "stopped");
  }
  void check(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& tag) {
    if (anchor != 0) refuse(mark, "anchors are not read here", "write the value out where it is used");
    if (!tag.empty() && tag != "?" && tag != "!") refuse(mark, "tag '" + tag + "' is not read here", "leave it out");
  }

  void open(Node node) {
    if (stack_.size() >= kDeepest)
      stop(node, "nested too deeply", "flatten it to fewer than " + std::to_string(kDeepest) + " levels");
    stack_.push_back({std::move(node), false, {}});
  }
  void close() {
    Node node = std::move(stack_.back().node);
    stack_.pop_back();
    add(std::move(node));
  }
  void check_key(const Node& key) {
    if (key.kind != Node::Kind::scalar) refuse(key.line, key.column, "a key must be text", "write 'key: value'");
    if (key.text == "<<" && !key.quoted)
      refuse(key.line, key.column, "merge keys are not read here", "write the keys out instead of '<<'");
  }
  void add(Node node) {
    if (++nodes_ > kMostNodes) stop(node, "more than a million values", "give a smaller file");
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
      check_key(node);
      parent.key = std::move(node);
      parent.has_key = true;
    }
  }

  const std::string& file_;
  const std::string& text_;
  std::vector<Open> stack_;
  std::size_t nodes_ = 0;
};

Diagnostics one(Place place, std::string what, std::string next) {
  return {Diagnostic{std::move(place), std::move(what), "", std::move(next), std::nullopt}};
}

Place place_of_byte(const std::string& file, const std::string& text, std::size_t at) {
  const auto begin = text.begin(), end = text.begin() + static_cast<std::ptrdiff_t>(at);
  const std::size_t newline = at == 0 ? std::string::npos : text.rfind('\n', at - 1);
  const std::size_t column = newline == std::string::npos ? at + 1 : at - newline;
  return place_in(file, text, static_cast<int>(std::count(begin, end, '\n')) + 1, static_cast<int>(column), 1);
}

/// The code of the escape \uXXXX at `i`, or 0.
unsigned escaped(const std::string& text, std::size_t i) {
  if (i + 6 > text.size() || text.compare(i, 2, "\\u") != 0) return 0;
  const std::string digits = text.substr(i + 2, 4);
  if (digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) return 0;
  return static_cast<unsigned>(std::strtoul(digits.c_str(), nullptr, 16));
}

/// JSON escapes a character beyond U+FFFF as two halves, which YAML does not know: writes them as the character.
std::string join_surrogates(const std::string& text) {
  std::string joined;
  std::size_t copied = 0;
  for (std::size_t i = text.find('\\'); i != std::string::npos; i = text.find('\\', i + 2)) {
    const unsigned high = escaped(text, i), low = escaped(text, i + 6);
    if ((high & 0xFC00) != 0xD800 || (low & 0xFC00) != 0xDC00) continue;
    const unsigned code = 0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF);
    joined.append(text, copied, i - copied);
    for (const unsigned byte :
         {0xF0 | (code >> 18), 0x80 | ((code >> 12) & 0x3F), 0x80 | ((code >> 6) & 0x3F), 0x80 | (code & 0x3F)})
      joined += static_cast<char>(byte);
    copied = i + 12;
    i += 10;
  }
  return joined.append(text, copied);
}

/// yaml-cpp's words for the common mistakes, and ours.
struct Mistake {
  std::string_view theirs, what, next;
};
constexpr Mistake kMistakes[] = {
    {"end of map flow not found", "this '{' is not closed, or a ',' is missing inside",
     "write {key: value, key: value}"},
    {"end of sequence flow not found", "this '[' is not closed, or a ',' is missing inside", "write [a, b]"},
    {"illegal EOF in scalar", "a quote is not closed", "close the text with the quote that opened it"},
    {"illegal map value", "a ':' where no key can be", "put text that holds ': ' in quotes, and mind the indentation"},
    {"end of map not found", "this is no 'key: value' line of the map above",
     "write 'key: value', indented like the lines above"},
    {"end of sequence not found", "this is no '- value' line of the list above",
     "write '- value', indented like the lines above"},
    {"unknown token", "this character cannot begin a value", "put the value in quotes"},
    {"the referenced anchor is not defined", "aliases are not read here", "write the value out, or put it in quotes"},
};

Diagnostics syntax_error(const std::string& file, const std::string& text, const YAML::Exception& error) {
  const int line = error.mark.line < 0 ? 0 : error.mark.line + 1;
  const Place place = place_in(file, text, line, error.mark.column + 1, 1);
  const std::string_view words = line_of(text, line);
  const std::size_t indent = words.find_first_not_of(' ');
  if (indent != std::string_view::npos && words[indent] == '\t')
    return one(place, "this line is indented with a tab", "indent with spaces");
  for (const Mistake& mistake : kMistakes) {
    if (error.msg == mistake.theirs) return one(place, std::string(mistake.what), std::string(mistake.next));
  }
  return one(place, "this is neither YAML nor JSON: " + error.msg, "mend the text at the caret");
}

}  // namespace

Place Document::place(const Node& node) const {
  return place_in(file, text, node.line, node.column,
                  std::max<std::size_t>(1, node.text.size()) + (node.quoted ? 2 : 0));
}

Diagnostics prepare_text(const std::string& file, std::string& text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  const Place whole{file, 0, 0, 1, ""};
  if (text.size() > kLargestText) return one(whole, "larger than 4 MiB", "give a smaller file");
  if (text.find('\0') != std::string::npos) return one(whole, "holds a zero byte", "give a text file in UTF-8");
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text, i);
    if (length == 0) return one(place_of_byte(file, text, i), "this byte is not UTF-8", "save the file as UTF-8");
    if (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n'))
      return one(place_of_byte(file, text, i), "a carriage return alone ends no line",
                 "save the file with LF line ends");
    i += length;
  }
  return {};
}

Result<Document, Diagnostics> parse_document(std::string file, std::string text) {
  if (Diagnostics problems = prepare_text(file, text); !problems.empty()) return problems;
  TreeBuilder builder(file, text), second(file, text);
  try {
    const bool json = text.find_first_not_of(" \t\r\n") == text.find('{');
    std::istringstream stream(json ? join_surrogates(text) : text);
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return one({file, 0, 0, 1, ""}, "is empty", "write 'key: value' lines");
    if (builder.problems.empty()) parser.HandleNextDocument(second);
  } catch (const YAML::Exception& error) {
    if (!builder.stopped && !second.start) return syntax_error(file, text, error);
  }
  if (!builder.problems.empty()) return std::move(builder.problems);
  if (second.start)
    return one(place_in(file, text, second.start->line + 1, second.start->column + 1, 1),
               "a second document starts here", "leave out the '---' line, or indent this line like those above");
  return Document{std::move(file), std::move(text), std::move(builder.root)};
}

}  // namespace ithaca
