#include "cli/page_writer.hpp"

#include "cli/commands.hpp"
#include "cli/json_writer.hpp"
#include "cli/page_live.hpp"
#include "cli/page_program.hpp"
#include "configs/reader/xml_document.hpp"
#include "tests/cli/sample_report.hpp"
#include "tests/cli/widths.hpp"

namespace ithaca {
namespace {

using test::contains;

std::string page_of(const Report& report) {
  const auto facts = read_page_facts("test", write_json(report));
  EXPECT_TRUE(facts) << (facts ? "" : print(facts.error()));
  const PageScenario scenario{
      report.question, comm_curves(report.question), winner_map(report.question), report.figures, "", ""};
  return write_page(*facts, &scenario);
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

/// The page without its document type, as XML; entities and stray tags would not parse.
void expect_well_formed(const std::string& page) {
  ASSERT_EQ(page.rfind("<!DOCTYPE html>\n", 0), 0u);
  const auto document = parse_xml("page.html", page.substr(page.find('\n') + 1));
  EXPECT_TRUE(document) << print(document.error());
}

TEST(WritePage, AsksTheNetworkForNothing) {
  const std::string page = page_of(test::sample_report());
  expect_well_formed(page);
  EXPECT_TRUE(contains(page, "default-src 'none'"));
  EXPECT_FALSE(contains(page, "<script"));
  EXPECT_FALSE(contains(page, " src="));
  EXPECT_FALSE(contains(page, "@import"));
  EXPECT_EQ(count(page, "href="), count(page, "href=\"#"));
  EXPECT_EQ(count(page, "url("), count(page, "url(#"));
  EXPECT_EQ(page, page_of(test::sample_report()));
}

TEST(WritePage, HasATableBehindEachChart) {
  const std::string page = page_of(test::sample_report());
  for (const char* id : {"memory", "time", "comm", "winners"})
    EXPECT_TRUE(contains(page, "<figure id=\"" + std::string(id) + "\">")) << id;
  EXPECT_EQ(count(page, "<figure"), count(page, "The same as a table"));
  EXPECT_TRUE(contains(page, "32 heads"));
  EXPECT_EQ(count(page, "class=\"cell"), 49u);  // 7 lengths x 7 GPU counts, 8 to 512
  EXPECT_EQ(count(page, "class=\"cell asked\""), 1u);
  EXPECT_TRUE(contains(page, "a data sheet"));
}

TEST(WritePage, SaysWhyAStrategyIsRefused) {
  const std::string page = page_of(test::report_with_refusals());
  expect_well_formed(page);
  EXPECT_TRUE(contains(page, "ring is refused (ring.flash): "));
  const std::string none = page_of(test::report_of_nothing());
  expect_well_formed(none);
  EXPECT_TRUE(contains(none, "all are refused."));
}

TEST(WritePage, EscapesWhateverItIsGiven) {
  Report report = test::sample_report();
  const std::string evil = "</style><script>alert(\"1\")</script>&amp;\x01\xff";
  report.question.model.name = evil;
  report.question.cluster.name = evil;
  report.question.cluster.gpu.name = evil;
  report.notices = {evil};
  report.made_by.argv = {"ithaca", evil};
  report.made_by.model_source = evil;
  report.figures = {{evil, evil, Mark::datasheet, evil}};
  const std::string page = page_of(report);
  expect_well_formed(page);
  EXPECT_FALSE(contains(page, "<script"));
  EXPECT_EQ(count(page, "</style>"), 1u);
}

TEST(WritePage, NamesTheCommandWhereItHasAFileAlone) {
  const auto facts = read_page_facts("test", write_json(test::sample_report()));
  ASSERT_TRUE(facts);
  const std::string page = write_page(*facts);
  expect_well_formed(page);
  EXPECT_FALSE(contains(page, "<figure id=\"comm\">"));
  EXPECT_TRUE(contains(page, "Made from a file."));
}

TEST(WritePage, CarriesTheModelUnderAPolicyThatNamesItsScript) {
  const Report report = test::sample_report();
  const auto facts = read_page_facts("test", write_json(report));
  const Arguments arguments =
      parse_arguments(kReport, {"--gpus", "64", "--zero", "3", "--dropout", "--engine", "event"}).arguments;
  const std::string evil = "</script><script>alert(1)";
  PageScenario scenario{report.question, {}, {}, {}, "", ""};
  scenario.live = live_data(report.question, *facts, {{evil, report.question.model}}, arguments);
  // What was typed and is no slider stays in the command line, but for the engine, which is not the page's.
  EXPECT_TRUE(contains(scenario.live, "\"rest\":[\"--dropout\"]"));
  EXPECT_TRUE(contains(scenario.live, "\"flag\":\"--gpus\",\"axis\":\"\",\"named\":false,\"base\":64,\"typed\":true"));
  EXPECT_FALSE(contains(scenario.live, "</script>"));
  const std::string page = write_page(*facts, &scenario);
  EXPECT_EQ(count(page, "<script"), page_model().empty() ? 0u : 3u);
  EXPECT_EQ(contains(page, script_source()), !page_model().empty());
  EXPECT_FALSE(contains(page, "connect-src"));
}

TEST(Base64, IsThatOfRfc4648) {
  // The RFC's own examples, section 10.
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("\xff\xfe\xfd"), "//79");
}

}  // namespace
}  // namespace ithaca
