#include "cli/csv_writer.hpp"

#include <gtest/gtest.h>

#include <map>

#include "cli/row_fields.hpp"
#include "tests/cli/sample_report.hpp"

namespace ithaca {
namespace {

/// Splits RFC 4180 text into records of cells.
std::vector<std::vector<std::string>> parse(const std::string& text) {
  std::vector<std::vector<std::string>> records{{""}};
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' && quoted && i + 1 < text.size() && text[i + 1] == '"') {
      records.back().back() += text[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      records.back().emplace_back();
    } else if (c == '\r' && !quoted) {
      EXPECT_EQ(text[++i], '\n');
      records.push_back({""});
    } else {
      records.back().back() += c;
    }
  }
  records.pop_back();  // the last line ends too
  return records;
}

TEST(CsvCell, QuotesWhatWouldSplit) {
  EXPECT_EQ(csv_cell("plain"), "plain");
  EXPECT_EQ(csv_cell("a, b"), "\"a, b\"");
  EXPECT_EQ(csv_cell("say \"x\""), "\"say \"\"x\"\"\"");
  EXPECT_EQ(csv_cell("two\nlines"), "\"two\nlines\"");
}

TEST(WriteCsv, EveryLineHasEveryColumn) {
  for (const Report& report : {test::sample_report(), test::report_with_refusals()}) {
    const auto records = parse(write_csv(report));
    ASSERT_EQ(records.size(), report.rows.size() + 1);
    for (const auto& record : records) EXPECT_EQ(record.size(), row_fields().size());
    EXPECT_EQ(records[0][0], "strategy");
  }
}

TEST(WriteCsv, NumbersKeepFullPrecision) {
  const Report report = test::sample_report();
  const auto records = parse(write_csv(report));
  std::map<std::string, std::string> first;
  for (std::size_t i = 0; i < row_fields().size(); ++i) first[records[0][i]] = records[1][i];
  EXPECT_EQ(first["layer.forward.sent_bytes"], "1040187392");
  EXPECT_EQ(first["memory.fits"], "true");
  EXPECT_EQ(std::stod(first["step.time_s"]), report.rows[0].estimate->step.time.value());
}

}  // namespace
}  // namespace ithaca
