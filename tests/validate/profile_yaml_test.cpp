#include "validate/profile_yaml.hpp"

#include <gtest/gtest.h>

#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

TEST(ProfileYaml, IsReadAgain) {
  Calibration c;
  c.cluster = "dgx-h100";
  c.gpu = "h100-sxm";
  c.inputs = {{"a \"b\".log", text_hash("abc"), 3}};
  c.collectives.regimes = {{{Op::all_reduce, Algorithm::tree, Protocol::ll128, true, 1.5, 0.75, 1.25, Bytes{4096}},
                            {1, 2},
                            {0.5, 1},
                            {1, 1.5},
                            9}};
  c.collectives.curves = {{{Op::all_reduce, Algorithm::ring, true, 16, {{1024, 1.25}, {2048, 2}}}, {{1, 2}, {1, 3}}}};
  c.collectives.errors = {{"all_reduce", true, 4, 1, -1, 2}};
  c.collectives.outliers = {"line 3: left out"};
  c.collectives.not_fitted = {"send_recv in one server: no row of it"};
  AttentionCurve curve = test::round_gpu().attention;
  c.kernels.attention = {{"fa3", curve, Mark::calibrated, ""}};
  c.streaming_efficiency = Fitted{0.8, {0.7, 0.9}, 5};
  c.overlap = {{"copy", {1.2, {1.1, 1.3}, 2}}};
  c.kernel_intervals = {{"gemm launch, us", 5, {4, 6}}};
  const auto document = parse_document("profile.yaml", profile_yaml(c));
  ASSERT_TRUE(document);
  const auto read = read_profile(*document);
  ASSERT_TRUE(read) << print(read.error());
  EXPECT_EQ(read->cluster, "dgx-h100");
  EXPECT_EQ(read->inputs[0].file, "a \"b\".log");
  EXPECT_EQ(read->inputs[0].hash, text_hash("abc"));
  EXPECT_EQ(read->collectives.regimes[0].protocol, Protocol::ll128);
  EXPECT_EQ(read->collectives.regimes[0].latency, 1.5);
  EXPECT_EQ(read->collectives.regimes[0].hop, 1.25);
  EXPECT_EQ(read->collectives.regimes[0].held.value(), 4096);
  EXPECT_EQ(read->collectives.curves[0].points[1].factor, 2);
  EXPECT_EQ(read->kernels.attention[0].kernel, "fa3");
  EXPECT_EQ(read->kernels.errors[0].bias, -1);
  EXPECT_EQ(*read->streaming_efficiency, 0.8);
}

}  // namespace
}  // namespace ithaca
