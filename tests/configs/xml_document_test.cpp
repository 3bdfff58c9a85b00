#include "configs/reader/xml_document.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

std::string problems(const std::string& text) {
  const auto document = parse_xml("f.xml", text);
  return document ? "" : print(document.error());
}
bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(XmlDocument, KeepsPlacesOfElementsAndAttributes) {
  const auto document = parse_xml("f.xml",
                                  "<?xml version=\"1.0\"?>\n<!-- a > b -->\n<system\n  version='1'>\n"
                                  "  <cpu arch=\"a &lt; b\" numaid = \"0\"/> text </system>\n");
  ASSERT_TRUE(document);
  const XmlElement& root = document->root;
  EXPECT_EQ(root.name.text, "system");
  EXPECT_EQ(root.name.line, 3);
  EXPECT_EQ(root.name.column, 2);
  ASSERT_NE(root.attribute("version"), nullptr);
  EXPECT_EQ(root.attribute("version")->text, "1");
  EXPECT_EQ(root.attribute("version")->line, 4);
  EXPECT_EQ(root.attribute("version")->column, 12);
  EXPECT_EQ(root.attribute("Version"), nullptr);
  ASSERT_EQ(root.children.size(), 1u);
  const XmlElement& cpu = root.children[0];
  EXPECT_EQ(cpu.attribute("arch")->text, "a < b");
  EXPECT_EQ(cpu.attribute("numaid")->line, 5);
  EXPECT_EQ(cpu.attribute("numaid")->column, 34);
  EXPECT_EQ(root.text, "\n   text ");
}

TEST(XmlDocument, SyntaxErrorsHavePlaces) {
  EXPECT_TRUE(contains(problems("<a>\n  <b>\n</a>"), "f.xml:3:")) << problems("<a>\n  <b>\n</a>");
  EXPECT_TRUE(contains(problems("<a x='1' x='2'/>"), "duplicate attribute"));
  for (const char* bad : {"", "<", "<a", "<a/><b/>", "text", "<a>&nbsp;</a>", "<a b=c/>", "<a\xff/>"})
    EXPECT_FALSE(problems(bad).empty()) << bad;
}

TEST(XmlDocument, NoDocumentTypesAndSoNoEntities) {
  const std::string text = "<!DOCTYPE a [<!ENTITY x \"xxxx\"><!ENTITY y \"&x;&x;\">]>\n<a>&y;</a>";
  EXPECT_TRUE(contains(problems(text), "f.xml:1:13: document types are not read here")) << problems(text);
  EXPECT_TRUE(contains(problems("<!DOCTYPE a SYSTEM \"/etc/passwd\"><a/>"), "document types"));
}

TEST(XmlDocument, DepthAndSizeAreBounded) {
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "<a>";
  EXPECT_TRUE(contains(problems(deep), "nested too deeply"));
  EXPECT_TRUE(contains(problems("<a>" + std::string(5u << 20, ' ') + "</a>"), "larger than 4 MiB"));
}

TEST(XmlDocument, AnotherEncodingThanUtf8IsRead_AsUtf8) {
  const auto document = parse_xml("f.xml", "<?xml version='1.0' encoding='ISO-8859-1'?><a b='\xc3\xa9'/>");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root.attribute("b")->text, "\xc3\xa9");
}

}  // namespace
}  // namespace ithaca
