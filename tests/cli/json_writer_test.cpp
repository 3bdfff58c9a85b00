#include "cli/json_writer.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/cli/sample_report.hpp"

namespace ithaca {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Report& report) { return Json::parse(write_json(report)); }

void expect_keys(const Json& object, std::initializer_list<const char*> keys) {
  for (const char* key : keys) EXPECT_TRUE(object.contains(key)) << key << " in " << object.dump().substr(0, 200);
}

TEST(WriteJson, HasTheFixedKeys) {
  const Json json = json_of(test::sample_report());
  expect_keys(json, {"format_version", "provenance", "notices", "rows"});
  EXPECT_EQ(json["format_version"], "1.0");
  ASSERT_EQ(json["rows"].size(), 4u);
  for (const Json& row : json["rows"]) {
    expect_keys(row, {"strategy", "layout", "seq_len", "global_batch", "gpus", "active_gpus", "idle_gpus", "refused",
                      "layer", "step", "memory", "max_seq_len", "usd_per_million_tokens"});
    expect_keys(row["layout"], {"ulysses", "ring", "tp", "pp", "dp", "zero"});
    for (const char* pass : {"forward", "backward"}) {
      expect_keys(row["layer"][pass],
                  {"paper_elements", "sent_bytes", "received_bytes", "nic_bytes", "time_s", "bound_s", "collectives"});
      for (const Json& collective : row["layer"][pass]["collectives"]) {
        expect_keys(collective, {"op", "tensor", "group", "message_bytes", "sent_bytes", "time_s"});
      }
    }
    expect_keys(row["step"], {"time_s", "compute_s", "comm_s", "exposed_comm_s", "bubble_s", "tokens_per_s",
                              "model_tflops_per_gpu", "mfu", "mfu_full_attention", "hfu"});
    expect_keys(row["memory"], {"peak_bytes", "capacity_bytes", "fits", "terms"});
    for (const Json& term : row["memory"]["terms"]) expect_keys(term, {"name", "bytes", "formula"});
    EXPECT_TRUE(row["refused"].is_null());
  }
}

TEST(WriteJson, SaysWhatThePaperSays) {
  const Json rows = json_of(test::sample_report())["rows"];
  // LLaMA-7B, N = 2^20, P = 32, bf16: Ulysses 4Nh/P, Megatron-SP 4Nh elements; both send (P-1)/P of them.
  EXPECT_EQ(rows[0]["layer"]["forward"]["paper_elements"].dump(), "536870912");
  EXPECT_EQ(rows[0]["layer"]["forward"]["sent_bytes"].dump(), "1040187392");
  EXPECT_EQ(rows[1]["layer"]["forward"]["paper_elements"].dump(), "17179869184");
  EXPECT_EQ(rows[1]["layer"]["forward"]["sent_bytes"].dump(), "33285996544");
  EXPECT_EQ(rows[0]["layer"]["forward"]["collectives"][0]["op"], "all_to_all");
  EXPECT_EQ(rows[0]["layer"]["forward"]["collectives"][0]["tensor"], "qkv");
}

TEST(WriteJson, NumbersRoundTrip) {
  const Report report = test::sample_report();
  const Json rows = json_of(report)["rows"];
  for (std::size_t i = 0; i < report.rows.size(); ++i) {
    EXPECT_EQ(rows[i]["step"]["time_s"].get<double>(), report.rows[i].estimate->step.time.value());
    EXPECT_EQ(rows[i]["step"]["mfu"].get<double>(), report.rows[i].mfu);
  }
}

TEST(WriteJson, TermsAddUpToThePeak) {
  const Json json = json_of(test::sample_report());
  for (const Json& row : json["rows"]) {
    double sum = 0;
    for (const Json& term : row["memory"]["terms"]) sum += term["bytes"].get<double>();
    EXPECT_NEAR(sum, row["memory"]["peak_bytes"].get<double>(), 1);
  }
}

TEST(WriteJson, ARefusedRowSaysWhyAndHasNoEstimate) {
  const Json row = json_of(test::report_with_refusals())["rows"][2];
  expect_keys(row["refused"], {"rule", "why", "instead"});
  EXPECT_EQ(row["refused"]["rule"], "ring.flash");
  for (const char* key : {"layer", "step", "memory", "max_seq_len", "usd_per_million_tokens"}) {
    EXPECT_TRUE(row[key].is_null()) << key;
  }
}

TEST(WriteJson, NothingIsInfinite) {
  // JSON has no NaN: the writer makes it null. One GPU and one token divide by the most zeros.
  const Json row = json_of(test::answer(test::question(test::llama_7b(), 1, 1)))["rows"][0];
  for (const auto& [key, value] : row["step"].items()) EXPECT_FALSE(value.is_null()) << key;
  for (const char* key : {"sent_bytes", "time_s", "bound_s", "nic_bytes"}) {
    EXPECT_TRUE(row["layer"]["forward"][key].is_number()) << key;
  }
  EXPECT_TRUE(row["layer"]["forward"]["ratio_to_bound"].is_null());
}

TEST(WriteJson, ProvenanceNamesVersionInputsAndMarks) {
  const Json provenance = json_of(test::sample_report())["provenance"];
  EXPECT_EQ(provenance["version"], "1.2.3");
  EXPECT_EQ(provenance["git"], "abc1234");
  EXPECT_EQ(provenance["argv"].size(), 2u);
  ASSERT_EQ(provenance["inputs"].size(), 2u);
  EXPECT_EQ(provenance["inputs"][0]["name"], "llama-7b");
  EXPECT_EQ(provenance["inputs"][1]["source"], "a sheet");
  EXPECT_EQ(provenance["marks"]["links"], "datasheet");
}

TEST(WriteJson, SameReportSameBytes) {
  EXPECT_EQ(write_json(test::sample_report()), write_json(test::sample_report()));
}

}  // namespace
}  // namespace ithaca
