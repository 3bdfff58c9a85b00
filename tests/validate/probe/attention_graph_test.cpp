#include "validate/probe/attention_graph.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

/// What cuDNN reads of an H100 SXM: CUDA C++ Programming Guide 13.0, table of compute capability 9.0; GH100 white paper
/// (132 multiprocessors, 50 MB of L2). The names are cuDNN 9.19's.
constexpr const char* kH100 =
    R"({"maxGridSize":[2147483647,65535,65535],"maxBlockSize":[1024,1024,64],"regsPerBlock":65536,)"
    R"("multiProcessorCount":132,"warpSize":32,"maxSharedMemoryPerBlock":49152,)"
    R"("maxSharedMemoryPerBlockOptin":232448,"reservedSharedMemoryPerBlock":1024,"maxRegistersPerSM":65536,)"
    R"("maxCtasPerSM":32,"maxThreadsPerBlock":1024,"maxThreadsPerSM":2048,"pciDeviceId":0,"isTccDriver":0,)"
    R"("supportCoopLaunch":1,"totalGlobalMem":85000000000,"smClockRateKHz":1980000,"memClockRateKHz":2619000,)"
    R"("l2CacheSize":52428800,"cudaDeviceId":0,"deviceVer":900,"driverVer":13000,"deviceName":"NVIDIA H100"})";

using Build = AttentionTensors (*)(CudnnGraph&, const AttentionCall&);

struct Planned {
  CudnnGraph::Trouble trouble;
  std::int64_t workspace = 0;
};
Planned plan(Build build, const AttentionCall& call) {
  CudnnGraph graph;
  build(graph, call);
  Planned planned{graph.finish_for(kH100), 0};
  planned.workspace = graph.workspace_bytes();
  return planned;
}

struct Shape {
  const char* name;
  AttentionCall call;
};
const Shape kShapes[] = {{"llama", {1, 65536, 65536, 4, 1, 128, true, true}},
                         {"full", {1, 65536, 65536, 4, 1, 128, false, true}},
                         {"multi_head", {2, 4096, 4096, 16, 16, 64, true, true}},
                         {"check", {2, 128, 128, 4, 2, 64, true, true}}};

class AttentionGraph : public testing::TestWithParam<Shape> {};

TEST_P(AttentionGraph, CudnnCompilesAFusedKernel) {
  const AttentionCall& c = GetParam().call;
  const Planned forward = plan(build_attention_forward, c), backward = plan(build_attention_backward, c);
  EXPECT_EQ(forward.trouble, std::nullopt) << *forward.trouble;
  EXPECT_EQ(backward.trouble, std::nullopt) << *backward.trouble;
  // Fused: nothing like the scores, 2 bytes for each pair of tokens and head, is kept.
  const double scores = 2.0 * static_cast<double>(c.batch * c.heads * c.queries * c.keys);
  if (c.queries >= 4096) {
    EXPECT_LT(static_cast<double>(forward.workspace), scores / 10);
    EXPECT_LT(static_cast<double>(backward.workspace), scores / 2);
  }
}
INSTANTIATE_TEST_SUITE_P(Shapes, AttentionGraph, testing::ValuesIn(kShapes),
                         [](const auto& shape) { return std::string(shape.param.name); });

TEST(AttentionGraphErrors, AShapeThatNoEngineTakesIsNamed) {
  const Planned odd = plan(build_attention_forward, {1, 128, 128, 3, 2, 63, true, true});
  ASSERT_TRUE(odd.trouble);
  EXPECT_NE(odd.trouble->find("cuDNN"), std::string::npos);
}

TEST(AttentionGraphErrors, ADeviceThatIsNoneIsNamed) {
  CudnnGraph graph;
  build_attention_forward(graph, kShapes[3].call);
  const auto trouble = graph.finish_for("{}");
  ASSERT_TRUE(trouble);
  EXPECT_NE(trouble->find("CUDNN_STATUS_BAD_PARAM"), std::string::npos);
}

TEST(PackedStrides, LastDimensionFirst) { EXPECT_EQ(packed_strides({2, 3, 4, 5}), (CudnnGraph::Dims{60, 20, 5, 1})); }

}  // namespace
}  // namespace ithaca
