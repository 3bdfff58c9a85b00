#include <gtest/gtest.h>

#include <fstream>

#include "configs/reader/load_collectives.hpp"
#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

Result<CollectiveSamples, Diagnostics> load(const std::string& text) {
  const std::string path = test::temporary_path("samples.yaml");
  std::ofstream(path) << text;
  return load_collectives(path, {});
}

TEST(CollectiveTable, TheLeastThatAFileMayHold) {
  const auto table = load(
      "schema: measurements/1\ncluster: dgx-h100\nsamples:\n"
      "  - {op: all_reduce, ranks: 12, ranks_per_node: 8, bytes: 1048576, time_s: 8.1e-5}\n");
  ASSERT_TRUE(table) << print(table.error());
  EXPECT_EQ(table->cluster, "dgx-h100");
  ASSERT_EQ(table->samples.size(), 1u);
  EXPECT_EQ(table->samples[0].nodes, 2);  // 8 + 4
  EXPECT_EQ(table->samples[0].message, Bytes{1 << 20});
  EXPECT_EQ(table->samples[0].time, Seconds{8.1e-5});
}

CollectiveSamples full_table() {
  CollectiveSamples table;
  table.source = "a test";
  table.gpu = "NVIDIA \"X\"";
  table.nccl = "2.28.9";
  table.provenance = {{"driver", "580.65"}};
  table.left_out = {"send_recv of 1 GiB: no memory"};
  CollectiveSample s;
  s.op = Op::all_to_all;
  s.algorithm = Algorithm::pairwise;
  s.ranks = 16;
  s.nodes = 2;
  s.message = Bytes{1 << 20};
  s.time = Seconds{1.25e-4};
  s.in_place = s.fitted = true;
  s.wrong = 0.0;
  s.spread = CollectiveSample::Spread{Seconds{1.2e-4}, Seconds{1.1e-4}, Seconds{1.4e-4}, 20, 0.01};
  s.host_needs = Seconds{3e-5};
  s.host_adds = Seconds{2e-5};
  s.estimate = Seconds{1e-4};
  s.doubt = "loopback";
  table.samples = {s};
  table.patterns = {
      {"ulysses", "llama3-8b", 65536, 8, Bytes{5e8}, Seconds{2e-2}, Seconds{1.9e-2}, Seconds{1.5e-2}, "loopback"}};
  return table;
}

TEST(CollectiveTable, WhatIsWrittenIsReadBack) {
  const CollectiveSamples table = full_table();
  const auto back = load(collectives_yaml(table));
  ASSERT_TRUE(back) << print(back.error());
  CollectiveSamples again = *back;
  again.file.clear();
  EXPECT_EQ(collectives_yaml(again), collectives_yaml(table));
  EXPECT_EQ(back->samples[0].host_needs, Seconds{3e-5});
  EXPECT_EQ(back->samples[0].host_adds, Seconds{2e-5});
  const CollectiveSample& s = back->samples.at(0);
  EXPECT_EQ(s.algorithm, Algorithm::pairwise);
  EXPECT_EQ(s.nodes, 2);
  EXPECT_EQ(s.estimate, Seconds{1e-4});
  EXPECT_EQ(s.spread->mean, Seconds{1.2e-4});
  EXPECT_EQ(s.doubt, "loopback");
  EXPECT_EQ(back->gpu, "NVIDIA \"X\"");
  EXPECT_EQ(back->patterns.at(0).attention, Seconds{1.5e-2});
  EXPECT_EQ(back->left_out, table.left_out);
}

TEST(CollectiveTable, MistakesAreNamed) {
  const auto table = load(
      "schema: measurements/1\nsamples:\n"
      "  - {op: all_redude, ranks: 8, byte: 1, time_s: 0}\n");
  ASSERT_FALSE(table);
  const std::string text = print(table.error());
  for (const char* part : {"'all_redude' is no collective", "bytes", "'0' is not above zero"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
}

TEST(CollectiveTable, WhatIsOddIsReadBackToo) {
  CollectiveSamples table;
  table.source = "a test";
  table.provenance = {{"a: b", "1"}, {"null", "2"}};
  CollectiveSample s;
  s.op = Op::all_reduce;
  s.ranks = 2;
  s.message = Bytes{0.25};
  s.time = Seconds{1};
  table.samples.push_back(s);
  table.patterns.push_back({"x, y: z", "m", 8, 2, Bytes{8}, Seconds{1}, Seconds{1}, {}, ""});
  const auto back = load(collectives_yaml(table));
  ASSERT_TRUE(back) << print(back.error());
  EXPECT_EQ(back->provenance, table.provenance);
  EXPECT_EQ(back->patterns[0].pattern, "x, y: z");
  EXPECT_EQ(back->samples[0].message, Bytes{0.25});
}

TEST(CollectiveTable, RanksThatNoMachineHas) {
  EXPECT_FALSE(
      load("schema: measurements/1\nsamples:\n  - {op: all_reduce, ranks: 8, ranks_per_node: "
           "9223372036854775807, bytes: 8, time_s: 1}\n"));  // 8 + 2^63 - 2 is beyond 2^63
}

}  // namespace
}  // namespace ithaca
