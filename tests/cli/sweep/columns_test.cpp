#include "cli/sweep/columns.hpp"

#include <nlohmann/json.hpp>

#include "cli/csv_writer.hpp"
#include "tests/cli/widths.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

struct Sample {
  std::vector<SweepAxis> axes;
  Question question{test::llama3_8b(), test::sequence(65536), test::round_cluster(), 8, {}, {Strategy::ulysses}};
  Row row = compare_strategy(question, Strategy::ulysses);
  Row refused;
  Digits digits{0, 0};

  Sample() {
    axes.resize(2);
    axes[0].name = "seq";
    axes[0].words = {"65536"};
    axes[1].name = "nic";
    axes[1].words = {"400Gbps, \"fast\""};
    question.gpus = question.degrees.ulysses.emplace(64);  // of 32 heads
    refused = compare_strategy(question, Strategy::ulysses);
    question.degrees.ulysses.reset();
    question.gpus = 8;
  }
  std::string text(SweepFormat format, const std::vector<std::string>& names, const Row& of,
                   const PointProblem* problem = nullptr) const {
    std::vector<const SweepField*> fields;
    for (const std::string& name : names) fields.push_back(find_field(name));
    std::string text;
    SweepColumns(axes, fields, format, fields[0])
        .append(text, digits, {.question = question, .step = &of, .problem = problem});
    return text;
  }
};

TEST(SweepColumns, CsvHasTheFiguresOfCompare) {
  const Sample s;
  std::vector<const SweepField*> all;
  for (const SweepField& field : sweep_fields(SweepAsks::step)) all.push_back(&field);
  const SweepColumns columns(s.axes, all, SweepFormat::csv);
  EXPECT_EQ(columns.header(), "set.seq,set.nic," + csv_header() + "\r\n");
  for (const Row* row : {&s.row, &s.refused}) {
    std::string text;
    columns.append(text, s.digits, {.question = s.question, .step = row});
    EXPECT_EQ(text, "65536,\"400Gbps, \"\"fast\"\"\"," + csv_line(s.question, *row) + "\r\n");
  }
}

TEST(SweepColumns, JsonIsNestedAtTheDots) {
  const Sample s;
  const auto json =
      nlohmann::json::parse(s.text(SweepFormat::jsonl,
                                   {"strategy", "layout.ulysses", "layout.ring", "layer.forward.sent_bytes",
                                    "layer.backward.sent_bytes", "step.time_s"},
                                   s.row));
  EXPECT_EQ(json["set"]["seq"], 65536);
  EXPECT_EQ(json["set"]["nic"], "400Gbps, \"fast\"");
  EXPECT_EQ(json["strategy"], "ulysses");
  EXPECT_EQ(json["layout"]["ulysses"], 8);
  EXPECT_EQ(json["layer"]["forward"]["sent_bytes"], s.row.estimate->forward.sent.value());
  EXPECT_EQ(json["layer"]["backward"]["sent_bytes"], s.row.estimate->backward.sent.value());
  EXPECT_EQ(json["step"]["time_s"], s.row.estimate->step.time.value());
}

TEST(SweepColumns, RefusedRowsHaveTheirReasonAndNoStep) {
  const Sample s;
  const auto json = nlohmann::json::parse(s.text(SweepFormat::jsonl, {"refused.rule", "step.time_s"}, s.refused));
  EXPECT_EQ(json["refused"]["rule"], "ulysses.heads");
  EXPECT_TRUE(json["step"].is_null());
}

TEST(SweepColumns, AProblemOfThePointStandsWhereRefusalsDo) {
  const Sample s;
  const PointProblem problem{"model.heads", "48 heads", "take 64"};
  EXPECT_EQ(s.text(SweepFormat::csv, {"strategy", "layout.ulysses", "refused.rule", "refused.why", "step.time_s"},
                   Row{}, &problem),
            "65536,\"400Gbps, \"\"fast\"\"\",ulysses,,model.heads,48 heads,\r\n");
  const auto json =
      nlohmann::json::parse(s.text(SweepFormat::jsonl, {"seq_len", "refused.instead", "step.mfu"}, Row{}, &problem));
  EXPECT_EQ(json["refused"]["instead"], "take 64");
  EXPECT_TRUE(json["seq_len"].is_null());
}

TEST(SweepColumns, HeatIsOneCellALine) {
  const Sample s;
  EXPECT_EQ(s.text(SweepFormat::heat, {"layout.ulysses"}, s.row), "8\n");
  EXPECT_EQ(s.text(SweepFormat::heat, {"layout.ulysses"}, s.refused), "\n");
}

}  // namespace
}  // namespace ithaca
