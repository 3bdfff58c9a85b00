#include "validate/collective_errors.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "configs/reader/known_errors.hpp"
#include "configs/reader/load_hardware.hpp"
#include "tests/support/machines.hpp"
#include "validate/worst_rows.hpp"

namespace ithaca {
namespace {

CollectiveSample sample(double bytes, double seconds) {
  CollectiveSample s;
  s.op = Op::all_gather;
  s.ranks = 8;
  s.nodes = 1;
  s.message = Bytes{bytes};
  s.time = Seconds{seconds};
  return s;
}

// 8 GB gathered by 8: 17.5 ms in the port and 32.2 us of latency (tests/model/collective_test.cpp).
constexpr double kPredicted = 17.5e-3 + 32.2e-6;

TEST(CollectiveErrors, SignedByRowAndClass) {
  const auto errors = collective_errors(
      test::round_cluster(), {sample(8e9, kPredicted / 1.1), sample(8e9, kPredicted / 0.8), sample(1024, 1)});
  ASSERT_EQ(errors.rows.size(), 3u);
  EXPECT_NEAR(errors.rows[0].error, 0.1, 1e-9);
  EXPECT_NEAR(errors.rows[1].error, -0.2, 1e-9);
  ASSERT_EQ(errors.classes.size(), 2u);
  EXPECT_TRUE(errors.classes[0].large);
  EXPECT_NEAR(errors.classes[0].mean, 0.15, 1e-9);
  EXPECT_NEAR(errors.classes[0].bias, -0.05, 1e-9);
  EXPECT_NEAR(errors.classes[0].worst, -0.2, 1e-9);
  EXPECT_FALSE(errors.classes[1].large);
  // 1 KiB in a second: LL takes about 11 us, so it is all of the second too fast.
  EXPECT_EQ(worst_rows(errors, 2), (std::vector<std::size_t>{2, 1}));
}

TEST(CollectiveErrors, WhatJudgesNothingIsSaid) {
  CollectiveSample wrong = sample(8e9, 1), fitted = sample(8e9, 1), elsewhere = sample(8e9, 1), bruck = sample(8e9, 1),
                   doubtful = sample(8e9, 1);
  wrong.wrong = 3;
  fitted.fitted = true;
  elsewhere.nodes = 2;
  bruck.algorithm = Algorithm::bruck;
  doubtful.doubt = "over the loopback";
  const auto errors = collective_errors(test::round_cluster(), {wrong, fitted, elsewhere, bruck, doubtful});
  EXPECT_TRUE(errors.rows.empty());
  EXPECT_EQ(errors.left_out.size(), 5u);
}

/// The cluster by NCCL's constants alone (src/graph/topo.h, tuning.cc of v2.28.9-1): a channel search of 12 x 20, 12 x
/// 30 and 8 x 90 GB/s over NVLink 3, 4 and 5, 12 GB/s for 100 Gb/s of network. NVLS: a GPU reads its nth from the
/// switch and receives the whole, n/(n+1) of the port, of which NCCL reaches 0.85 on Hopper and 0.74 on Blackwell.
void use_constants(Cluster& c) {
  const double port = c.gpu.arch >= 100 ? 720e9 : c.gpu.arch >= 90 ? 360e9 : 240e9;
  c.port_achieved = BytesPerSecond{port};
  if (c.port_achieved_nvls > BytesPerSecond{}) {
    const double heads = std::min(c.node_gpus, 32);
    const double reached = (c.gpu.arch >= 100 ? 0.74 : 0.85) * heads / (heads + 1);
    c.port_achieved_nvls = BytesPerSecond{port * reached * 2 * (c.node_gpus - 1.0) / c.node_gpus};
  }
  for (Domain& domain : c.domains) domain.achieved = domain.peak * 0.96;
}

CollectiveClass class_of(const char* cluster, const char* table, bool large, bool constants = false) {
  auto machine = load_cluster(cluster);
  auto samples = load_collectives(std::string(ITHACA_VALIDATION_DATA "/collectives/") + table + ".yaml", {});
  EXPECT_TRUE(machine);
  EXPECT_TRUE(samples) << print(samples.error());
  Cluster used = machine->cluster;
  std::vector<CollectiveSample> rows = samples->samples;
  if (constants) {
    use_constants(used);
    for (CollectiveSample& row : rows) row.fitted = row.fitted && row.message < Bytes{1 << 20};  // latencies are fitted
  }
  const auto errors = collective_errors(used, rows);
  for (const CollectiveClass& c : errors.classes)
    if (c.large == large) return c;
  ADD_FAILURE() << table << " has no such rows";
  return {};
}

double mean_error(const char* cluster, const char* table, bool large, bool constants = false) {
  return class_of(cluster, table, large, constants).mean;
}

// From the data sheet, NCCL's constants and the rates of the cluster files; what was used for these is left out.
// Public requirement: 15 % on one server and 25 % on several.
TEST(CollectiveErrors, PublicAllReduces) {
  EXPECT_LT(mean_error("aws-p5", "p5-8-all-reduce", true), 0.15);
  EXPECT_LT(mean_error("dgx-h200", "h200-8-all-reduce", true), 0.15);
  EXPECT_LT(mean_error("aws-p5", "p5-16-all-reduce", true), 0.25);
  EXPECT_LT(mean_error("aws-p4de", "p4de-16-all-reduce", true), 0.25);
  EXPECT_LT(mean_error("gb200-nvl72", "gb200-72-all-reduce", true), 0.25);
  // Not there yet, so held where they are. The A100 table is of one thread that drives all 8 GPUs: 44 us at 32 KiB,
  // where NCCL's constants say 16. On B200 the plugin of AWS takes the ring up to 4 GiB, where NCCL would take NVLS.
  EXPECT_LT(mean_error("dgx-a100", "a100-8-all-reduce", true), 0.20);
  EXPECT_LT(mean_error("aws-p6-b200", "b200-8-all-reduce", true), 0.28);
  // Below 1 MiB a factor of 1.5 is asked for: a mean of a third too fast.
  EXPECT_LT(mean_error("aws-p5", "p5-8-all-reduce", false), 1.0 / 3);
  EXPECT_LT(mean_error("aws-p5", "p5-16-all-reduce", false), 1.0 / 3);
  EXPECT_LT(mean_error("aws-p4de", "p4de-16-all-reduce", false), 1.0 / 3);
}

// What the catalogue's links are said to be off by (configs/reader/known_errors.cpp): bias and mean absolute error of
// these tables, the deviation of a normal error being 1.2533 of the latter.
TEST(CollectiveErrors, AreWhatTheCatalogueStates) {
  using Table = std::pair<const char*, const char*>;
  const std::vector<Table> inside{{"aws-p5", "p5-8-all-reduce"},
                                  {"dgx-h200", "h200-8-all-reduce"},
                                  {"dgx-a100", "a100-8-all-reduce"},
                                  {"aws-p6-b200", "b200-8-all-reduce"},
                                  {"gb200-nvl72", "gb200-72-all-reduce"}};
  const std::vector<Table> between{{"aws-p5", "p5-16-all-reduce"},
                                   {"aws-p4de", "p4de-16-all-reduce"},
                                   {"alps-gh200", "gh200-16-all-reduce"},
                                   {"alps-gh200", "gh200-64-all-reduce"}};
  for (const bool across : {false, true}) {
    const std::vector<Table>& tables = across ? between : inside;
    double mean = 0, bias = 0;
    for (const auto& [cluster, table] : tables) {
      const CollectiveClass errors = class_of(cluster, table, true);
      mean += errors.mean / static_cast<double>(tables.size());
      bias += errors.bias / static_cast<double>(tables.size());
    }
    const CurveError stated = catalogue_links(across);
    EXPECT_NEAR(stated.own, 1.2533 * mean, 0.01) << across;
    EXPECT_NEAR(stated.common, -bias, 0.01) << across;
  }
}

// The same without any measured rate; the latency of EFA's NICs stays that of the cluster files.
TEST(CollectiveErrors, PublicAllReducesByConstantsAlone) {
  struct Case {
    const char *cluster, *table;
    double limit;
  };
  for (const Case& c :
       {Case{"aws-p5", "p5-8-all-reduce", 0.15}, Case{"dgx-h200", "h200-8-all-reduce", 0.15},
        Case{"dgx-a100", "a100-8-all-reduce", 0.25}, Case{"aws-p6-b200", "b200-8-all-reduce", 0.30},
        Case{"aws-p5", "p5-16-all-reduce", 0.25}, Case{"aws-p4de", "p4de-16-all-reduce", 0.25},
        Case{"aws-p6-b200", "p6-b200-32-all-reduce", 0.35}, Case{"gb200-nvl72", "gb200-72-all-reduce", 0.35}}) {
    const double error = mean_error(c.cluster, c.table, true, true);
    EXPECT_LT(error, c.limit) << c.table;
    RecordProperty(c.table, std::to_string(error));
  }
}

}  // namespace
}  // namespace ithaca
