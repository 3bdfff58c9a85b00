#include "model/attention_layer.hpp"

#include <gtest/gtest.h>

#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

using test::llama_7b;
using test::round_cluster;
using test::sequence;

AttentionLayer forward(const Layout& layout, std::int64_t tokens = 65536) {
  return attention_layer(llama_7b(), sequence(tokens), round_cluster(), layout, false);
}

TEST(AttentionLayer, OneGpuRunsTheKernelAlone) {
  const AttentionLayer one = forward({});
  const AttentionCall call{1, 65536, 65536, 32, 32, 128, true, true, 128};
  EXPECT_EQ(one.time(), attention_forward_time(round_cluster().gpu, call, Dtype::bf16));
  EXPECT_EQ(one.comm.value(), 0);
}

TEST(AttentionLayer, UlyssesPacksAndWaitsForBothAllToAlls) {
  // 65536/8 tokens x 4096 x 2 B = 64 MiB a tensor; Q, K, V and O leave for 7/8: 234,881,024 B at 300 GB/s. Each is
  // packed and unpacked on the way: 4 x 2 passes, read and written.
  const AttentionLayer u = forward({.strategy = Strategy::ulysses, .ulysses = 8});
  const double tensor = 65536.0 / 8 * 4096 * 2;
  EXPECT_NEAR(u.exposed.value(), 4 * tensor * 7 / 8 / 300e9, 60e-6);  // and two latencies
  EXPECT_EQ(u.exposed, u.comm);
  EXPECT_EQ(u.streaming, memory_time(round_cluster().gpu, Bytes{16 * tensor}, 4));
}

TEST(AttentionLayer, RingHidesItsHopsAndMergesEveryBlock) {
  // A hop's K and V: 2 x 64 MiB at 400 GB/s, 0.34 ms; the block's attention 4 x 8192 x 4096 x 4096 FLOP at 500 TFLOP/s
  // or less: over 1 ms. 7 merges of 8192 x 4096 elements move 34 bytes each.
  const AttentionLayer ring = forward({.strategy = Strategy::ring, .ring = 8});
  EXPECT_EQ(ring.exposed.value(), 0);
  EXPECT_GT(ring.comm.value(), 7 * 2 * 8192.0 * 4096 * 2 / 400e9);
  EXPECT_EQ(ring.streaming, memory_time(round_cluster().gpu, Bytes{7 * 34 * 8192.0 * 4096}, 7));
}

TEST(AttentionLayer, BackwardAddsThreeGradientsAHop) {
  // dQ, dK and dV of 8192 x 4096 elements: each block's (2 bytes) is added to fp32 sums, read and written.
  const AttentionLayer ring =
      attention_layer(llama_7b(), sequence(65536), round_cluster(), {.strategy = Strategy::ring, .ring = 8}, true);
  EXPECT_EQ(ring.streaming, memory_time(round_cluster().gpu, Bytes{7 * 10 * 3 * 8192.0 * 4096}, 7));
}

TEST(AttentionLayer, NeverBelowItsBound) {
  for (const bool causal : {false, true})
    for (const bool backward : {false, true})
      for (const Layout& layout :
           {Layout{}, Layout{.strategy = Strategy::ulysses, .ulysses = 32},
            Layout{.strategy = Strategy::ring, .ring = 32}, Layout{.strategy = Strategy::usp, .ulysses = 8, .ring = 4},
            Layout{.strategy = Strategy::cp_all_gather, .ring = 16},
            Layout{.strategy = Strategy::loongtrain, .ulysses = 8, .ring = 4, .inner_ring = 2}}) {
        Workload work = sequence(1 << 18);
        work.causal = causal;
        const AttentionLayer a = attention_layer(llama_7b(), work, round_cluster(), layout, backward);
        EXPECT_GE(a.time(), a.bound) << name(layout.strategy);
        EXPECT_LE(a.exposed, a.comm);
      }
}

}  // namespace
}  // namespace ithaca
