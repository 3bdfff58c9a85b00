#include "configs/reader/load_attention.hpp"

#include <gtest/gtest.h>

#include "configs/reader/document.hpp"

namespace ithaca {
namespace {

Result<AttentionCases, Diagnostics> read(const std::string& cases) {
  const auto document = parse_document("a.yaml",
                                       "schema: attention/1\nname: a\nsource: made up\ncluster: dgx-h100\nkernel: fa3\n"
                                       "cases:\n" +
                                           cases);
  EXPECT_TRUE(document);
  return read_attention(*document);
}

const std::string kSetting = "mask: causal, pass: forward, batch: 2, seq: 1000, heads: 8, kv_heads: 4, head_dim: 64";

TEST(LoadAttention, ACaseWithEachFigure) {
  // 4 x 1000 x 1001 / 2 x 2 x 8 x 64 = 2.050048e9 FLOP; 1 TFLOP/s on each of 2 GPUs: 1.025024 ms.
  const auto cases =
      read("  - {method: u, strategy: ulysses, ulysses: 2, " + kSetting + ", tflops_per_gpu: 1}\n" +
           "  - {method: r, strategy: ring, ring: 2, zigzag: false, split: fit, order_only: true, " + kSetting +
           ", per_s: 50}\n" + "  - {method: one, strategy: ring, doubt: odd, " + kSetting + ", time_s: 0.25}\n");
  ASSERT_TRUE(cases) << print(cases.error());
  EXPECT_NEAR(cases->cases[0].time.value(), 1.025024e-3, 1e-12);
  EXPECT_DOUBLE_EQ(cases->cases[1].time.value(), 0.02);
  EXPECT_EQ(cases->cases[2].time.value(), 0.25);
  EXPECT_TRUE(cases->cases[0].held_out && cases->cases[0].layout.zigzag);
  EXPECT_FALSE(cases->cases[1].held_out || cases->cases[1].layout.zigzag);
  EXPECT_TRUE(cases->cases[1].order_only);
  EXPECT_EQ(cases->cases[2].doubt, "odd");
  EXPECT_EQ(cases->cases[0].setting, cases->cases[1].setting);
}

TEST(LoadAttention, MistakesAreSaidWhereTheyAre) {
  for (const std::string& row :
       {"{method: u, strategy: ulysses, ulysses: 2, " + kSetting + "}",                           // no figure
        "{method: u, strategy: ulysses, " + kSetting + ", per_s: 5, time_s: 0.2}",                // two
        "{method: u, strategy: ulysses, ulysses: 16, " + kSetting + ", per_s: 5}",                // 8 heads
        "{method: u, strategy: loongtrain, ring: 4, inner_ring: 3, " + kSetting + ", per_s: 5}",  // 3 in 4
        "{method: u, strategy: megatron_sp, " + kSetting + ", per_s: 5}",                         // no attention's
        "{method: u, strategy: ring, split: half, " + kSetting + ", per_s: 5}"}) {
    const auto cases = read("  - " + row + "\n");
    ASSERT_FALSE(cases) << row;
    EXPECT_NE(print(cases.error()).find("a.yaml:7:"), std::string::npos) << print(cases.error());
  }
}

TEST(LoadAttention, NumbersThatNoMachineHas) {
  const std::string ring = "{method: r, strategy: ring, mask: full, pass: forward, batch: 1, kv_heads: 1, ";
  // 2^32 ranks would be 0 as an int; 1 / 1e-320 s is beyond any double.
  for (const std::string row : {"seq: 8, heads: 1, head_dim: 8, inner_ring: 4294967296, time_s: 1}",
                                "seq: 8, heads: 1, head_dim: 8, per_s: 1e-320}"})
    EXPECT_FALSE(read("  - " + ring + row + "\n")) << row;
  EXPECT_FALSE(read("  - {strategy: ring, ring: 4, inner_ring: 3, " + kSetting + ", per_s: 5}\n")) << "no method";
}

}  // namespace
}  // namespace ithaca
