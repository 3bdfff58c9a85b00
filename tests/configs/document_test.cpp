// YAML and JSON as a tree with places; what the reader refuses although yaml-cpp reads it.

#include "configs/reader/document.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

/// The tree in one line: {key: value}, [item], 'quoted', plain and ~.
std::string shape(const Node& node) {
  std::string text;
  switch (node.kind) {
    case Node::Kind::null: return "~";
    case Node::Kind::scalar: return node.quoted ? "'" + node.text + "'" : node.text;
    case Node::Kind::sequence:
      for (const Node& item : node.items) text += (text.empty() ? "" : ", ") + shape(item);
      return "[" + text + "]";
    case Node::Kind::map: break;
  }
  for (const Entry& entry : node.entries)
    text += (text.empty() ? "" : ", ") + entry.key.text + ": " + shape(entry.value);
  return "{" + text + "}";
}

std::string parsed(const std::string& text) {
  const auto document = parse_document("f.yaml", text);
  return document ? shape(document->root) : print(document.error());
}

TEST(Document, ScalarsStayText) {
  EXPECT_EQ(parsed("a: 010\nb: yes\nc: 1_000\nd: .inf\ne: 2024-01-01\nf: 0x10\n"),
            "{a: 010, b: yes, c: 1_000, d: .inf, e: 2024-01-01, f: 0x10}");
  EXPECT_EQ(parsed("a: '010'\nb: \"x\\ty\"\nc: |\n  text\n"), "{a: '010', b: 'x\ty', c: 'text\n'}");
}

TEST(Document, NothingIsNullUnlessItIsInQuotes) {
  EXPECT_EQ(parsed("a:\nb: ~\nc: null\nd: '~'\ne: \"null\"\nf: ''\n"), "{a: ~, b: ~, c: ~, d: '~', e: 'null', f: ''}");
}

TEST(Document, DuplicateKeysAreKept) { EXPECT_EQ(parsed("a: 1\nb: 2\na: 3\n"), "{a: 1, b: 2, a: 3}"); }

TEST(Document, JsonIsRead) {
  EXPECT_EQ(parsed("{\n\t\"a\":\t1,\n\t\"b\": [1,\n\t\t2],\n\t\"c\": {\"d\": null, \"e\": true}\n}\n"),
            "{a: 1, b: [1, 2], c: {d: ~, e: true}}");
  EXPECT_EQ(parsed(R"({"a":1,"b":{"c":"http://x"},"d":[],"e":{}})"), "{a: 1, b: {c: 'http://x'}, d: [], e: {}}");
  // U+00E9 is C3 A9 in UTF-8; U+1F600 is F0 9F 98 80, in JSON as the halves D83D and DE00.
  EXPECT_EQ(parsed(R"({"a": "\u00e9 \ud83d\ude00 \/ \" \\ \n"})"), "{a: '\xC3\xA9 \xF0\x9F\x98\x80 / \" \\ \n'}");
  EXPECT_EQ(parsed("{\"a\": 1,\r\n \"b\": -1.5e-05}\r\n"), "{a: 1, b: -1.5e-05}");
}

TEST(Document, AByteOrderMarkIsSkipped) { EXPECT_EQ(parsed("\xEF\xBB\xBFkey: 1\n"), "{key: 1}"); }

TEST(Document, NodesKnowTheirPlaces) {
  const auto document = parse_document("dir/f.yaml", "# note\ntop:\n  - 1\n  - {x: \"yz\"}\n");
  ASSERT_TRUE(document);
  const Entry& top = document->root.entries.at(0);
  EXPECT_EQ(std::pair(top.key.line, top.key.column), std::pair(2, 1));
  const Node& map = top.value.items.at(1);
  EXPECT_EQ(std::pair(map.line, map.column), std::pair(4, 5));
  const Place place = document->place(map.entries.at(0).value);
  EXPECT_EQ(place.file, "dir/f.yaml");
  EXPECT_EQ(std::pair(place.line, place.column), std::pair(4, 9));
  EXPECT_EQ(place.excerpt, "   3 |   - 1\n > 4 |   - {x: \"yz\"}\n     |         ^^^^");
}

struct Refused {
  const char* name;
  std::string text;
  const char* said;  ///< the first line, and perhaps more
};

const Refused kRefused[] = {
    {"anchor", "a: &x 1\n", "error: f.yaml:1:4: anchors are not read here"},
    {"alias", "a: &x 1\nb: *x\n", "error: f.yaml:2:4: aliases are not read here"},
    {"merge_key", "a: 1\n<<: {b: 2}\n", "error: f.yaml:2:1: merge keys are not read here"},
    {"tag", "a: !!int \"5\"\n", "error: f.yaml:1:4: tag 'tag:yaml.org,2002:int' is not read here"},
    {"map_as_key", "? {x: 1}\n: 2\n", "error: f.yaml:1:3: a key must be text"},
    {"two_documents", "a: 1\n---\nb: 2\n", "error: f.yaml:2:1: a second document starts here"},
    {"nothing", "", "error: f.yaml: is empty"},
    {"only_a_comment", "# x\n", "error: f.yaml: is empty"},
    {"zero_byte", std::string("a: \0b\n", 6), "error: f.yaml: holds a zero byte"},
    {"latin_1", "a: caf\xE9\n", "error: f.yaml:1:7: this byte is not UTF-8"},
    {"lone_return", "a: 1\rb: 2\n", "error: f.yaml:1:5: a carriage return alone ends no line"},
    {"tab_indent", "a:\n\tb: 1\n", "error: f.yaml:2:"},
    {"open_list", "a: [1, 2\nb: 3\n", "this '[' is not closed, or a ',' is missing inside"},
    {"open_map", "{\"a\": 1\n \"b\": 2}\n", "this '{' is not closed, or a ',' is missing inside"},
    {"deep", std::string(70, '['), "nested too deeply"},
    {"large", std::string(kLargestText + 1, 'x'), "error: f.yaml: larger than 4 MiB"},
};

class Refusals : public testing::TestWithParam<Refused> {};
TEST_P(Refusals, SayWhatWhereAndWhatNext) {
  const std::string said = parsed(GetParam().text);
  EXPECT_NE(said.find(GetParam().said), std::string::npos) << said;
  EXPECT_NE(said.find("\nnext: "), std::string::npos) << said;
}
INSTANTIATE_TEST_SUITE_P(Documents, Refusals, testing::ValuesIn(kRefused),
                         [](const auto& info) { return info.param.name; });

TEST(Document, SeveralMistakesComeTogether) {
  const std::string said = parsed("a: &x 1\nb: *x\nc: !t 2\n");
  EXPECT_NE(said.find(":1:4: anchors"), std::string::npos) << said;
  EXPECT_NE(said.find(":2:4: aliases"), std::string::npos) << said;
  EXPECT_NE(said.find(":3:4: tag '!t'"), std::string::npos) << said;
}

TEST(Document, TheEndMarkerStartsNoSecondDocument) { EXPECT_EQ(parsed("---\na: 1\n...\n# end\n"), "{a: 1}"); }

}  // namespace
}  // namespace ithaca
