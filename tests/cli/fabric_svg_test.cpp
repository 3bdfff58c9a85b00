#include "cli/fabric_svg.hpp"

#include <gtest/gtest.h>

#include "configs/reader/xml_document.hpp"
#include "tests/cli/widths.hpp"

namespace ithaca {
namespace {

using test::contains;

FabricGraph graph() {
  FabricGraph g;
  g.nodes = {{"gpu<0>", NodeKind::gpu, 0}, {"gpu1", NodeKind::gpu, 0}, {"nvswitch0", NodeKind::nvswitch, 0}};
  const BytesPerSecond rate{450e9};
  g.links = {{0, 2, rate, Seconds{}}, {2, 0, rate, Seconds{}}, {1, 2, rate, Seconds{}}, {0, 1, rate, Seconds{}}};
  return g;
}

TEST(FabricSvg, IsXmlWithoutScriptsOrOutsideHelp) {
  const std::string svg = write_svg(graph(), "a & b");
  const auto document = parse_xml("f.svg", svg);
  ASSERT_TRUE(document) << print(document.error());
  EXPECT_EQ(document->root.name.text, "svg");
  EXPECT_FALSE(contains(svg, "<script"));
  EXPECT_FALSE(contains(svg, "href"));
  EXPECT_TRUE(contains(svg, "prefers-color-scheme:dark"));
  EXPECT_TRUE(contains(svg, "a &amp; b"));
  EXPECT_TRUE(contains(svg, "gpu&lt;0&gt; - nvswitch0: 450 GB/s each way"));
  EXPECT_TRUE(contains(svg, "gpu1 -&gt; nvswitch0: 450 GB/s<"));
  EXPECT_TRUE(contains(svg, "server 0"));
  EXPECT_TRUE(contains(svg, "gpu - nvswitch: 3 links of 450 GB/s"));
}

TEST(FabricSvg, SaysWhatIsLeftOut) {
  FabricGraph g;
  for (int i = 0; i < 400; ++i) g.nodes.push_back({"gpu" + std::to_string(i), NodeKind::gpu, i / 8});
  const std::string svg = write_svg(g, "t");
  EXPECT_TRUE(contains(svg, "of 50 servers drawn, ")) << svg.substr(0, 600);
  EXPECT_TRUE(contains(svg, " left out"));
}

TEST(DrawFabric, ShowsACableByItsBusiestLink) {
  // gpu0's two links to the switch carry 30 and 100 % of the busiest, gpu1's nothing, the link between them 50 %.
  const FabricDrawing drawing = draw_fabric(graph(), {0.3, 1, 0, 0.5});
  const auto document = parse_xml("f.svg", drawing.svg);
  ASSERT_TRUE(document) << print(document.error());
  EXPECT_TRUE(contains(drawing.svg, "gpu&lt;0&gt; - nvswitch0: 450 GB/s each way; load 100 %"));
  EXPECT_TRUE(contains(drawing.svg, "gpu1 -&gt; nvswitch0: 450 GB/s; load 0 %"));
  EXPECT_TRUE(contains(drawing.svg, "class=\"b4\""));
  EXPECT_TRUE(contains(drawing.svg, "class=\"b2\""));  // 50 % is within the second quarter
  EXPECT_FALSE(contains(drawing.svg, "<style"));
  EXPECT_EQ(drawing.shown, "1 server");
}

}  // namespace
}  // namespace ithaca
