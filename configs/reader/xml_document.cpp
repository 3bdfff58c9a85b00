#include "configs/reader/xml_document.hpp"

#include <expat.h>

#include <algorithm>
#include <memory>

#include "configs/reader/excerpt.hpp"

namespace ithaca {
namespace {

constexpr std::size_t kDeepestElement = 64;

/// Lines and columns of bytes that are asked for in rising order.
class Position {
 public:
  explicit Position(std::string_view text) : text_(text) {}

  /// A node of a kind that stands at a byte.
  Node node(std::size_t byte, Node::Kind kind, std::string text = "") {
    for (; at_ < byte && at_ < text_.size(); ++at_) {
      if (text_[at_] != '\n') continue;
      ++line_;
      line_start_ = at_ + 1;
    }
    Node node;
    node.kind = kind;
    node.text = std::move(text);
    node.line = line_;
    node.column = static_cast<int>(byte - line_start_) + 1;
    return node;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0, line_start_ = 0;
  int line_ = 1;
};

/// Collects Expat's events.
class XmlBuilder {
 public:
  XmlBuilder(XML_Parser parser, const Document& source) : parser_(parser), source_(source), position_(source.text) {
    XML_SetUserData(parser, this);
    XML_SetElementHandler(
        parser, [](void* self, const char* name, const char** attributes) { of(self).start(name, attributes); },
        [](void* self, const char*) { of(self).end(); });
    XML_SetCharacterDataHandler(parser, [](void* self, const char* text, int length) {
      if (!of(self).stack_.empty()) of(self).stack_.back().text.append(text, static_cast<std::size_t>(length));
    });
    XML_SetStartDoctypeDeclHandler(parser, [](void* self, const char*, const char*, const char*, int) {
      of(self).stop("document types are not read here", "leave out the '<!DOCTYPE ...>'");
    });
  }

  void stop(std::string what, std::string next) {
    if (problems.empty()) {
      const Node at = position_.node(byte(), Node::Kind::null);
      problems.push_back({source_.place(at), std::move(what), "", std::move(next), std::nullopt});
    }
    XML_StopParser(parser_, XML_FALSE);
  }

  XmlElement root;
  Diagnostics problems;

 private:
  static XmlBuilder& of(void* self) { return *static_cast<XmlBuilder*>(self); }
  std::size_t byte() const {
    return static_cast<std::size_t>(std::max<XML_Index>(0, XML_GetCurrentByteIndex(parser_)));
  }

  void start(const char* name, const char** attributes) {
    if (stack_.size() >= kDeepestElement)
      return stop("nested too deeply", "flatten it to fewer than " + std::to_string(kDeepestElement) + " levels");
    XmlElement element;
    element.name = position_.node(byte() + 1, Node::Kind::scalar, name);
    element.attributes = position_.node(byte() + 1, Node::Kind::map);
    std::size_t at = byte() + 1 + element.name.text.size();
    for (; *attributes != nullptr; attributes += 2) {
      at = source_.text.find_first_not_of(" \t\r\n", at);
      Node key = position_.node(at, Node::Kind::scalar, attributes[0]);
      at = source_.text.find_first_of("\"'", at);
      Node value = position_.node(at + 1, Node::Kind::scalar, attributes[1]);
      at = source_.text.find(source_.text[at], at + 1) + 1;
      element.attributes.entries.push_back({std::move(key), std::move(value)});
    }
    stack_.push_back(std::move(element));
  }

  void end() {
    if (stack_.empty()) return;
    XmlElement element = std::move(stack_.back());
    stack_.pop_back();
    if (stack_.empty()) {
      root = std::move(element);
    } else {
      stack_.back().children.push_back(std::move(element));
    }
  }

  XML_Parser parser_;
  const Document& source_;
  Position position_;
  std::vector<XmlElement> stack_;
};

}  // namespace

const Node* XmlElement::attribute(std::string_view key) const {
  for (const Entry& entry : attributes.entries) {
    if (entry.key.text == key) return &entry.value;
  }
  return nullptr;
}

Result<XmlDocument, Diagnostics> parse_xml(std::string file, std::string text) {
  if (Diagnostics problems = prepare_text(file, text); !problems.empty()) return problems;
  XmlDocument document{{std::move(file), std::move(text), {}}, {}};
  const std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser(XML_ParserCreate("UTF-8"), &XML_ParserFree);
  if (parser == nullptr) return Diagnostics{{{document.source.file, 0, 0, 1, ""}, "no memory to read it", "", "", {}}};
  XmlBuilder builder(parser.get(), document.source);
  const std::string& all = document.source.text;
  if (XML_Parse(parser.get(), all.data(), static_cast<int>(all.size()), XML_TRUE) != XML_STATUS_OK)
    builder.stop(std::string("this is no XML: ") + XML_ErrorString(XML_GetErrorCode(parser.get())),
                 "mend the text at the caret");
  if (!builder.problems.empty()) return std::move(builder.problems);
  document.root = std::move(builder.root);
  return document;
}

}  // namespace ithaca
