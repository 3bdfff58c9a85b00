#include "model/what_if.hpp"

#include <gtest/gtest.h>

#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

Question asked() {
  Question q;
  q.model = test::llama3_8b();
  q.cluster = test::round_cluster();
  q.gpus = 64;
  q.work = test::sequence(65536);
  return q;
}

TEST(WhatIf, EveryKnobKeepsTheValueThatItHas) {
  const Question q = asked();
  for (int i = 0; i < kKnobs; ++i) {
    const auto knob = static_cast<Knob>(i);
    Question same = q;
    const auto value = knob_value(q, knob);
    ASSERT_TRUE(value) << i;
    EXPECT_TRUE(turn(same, knob, *value)) << i;
    EXPECT_EQ(knob_value(same, knob), value) << i;
    EXPECT_EQ(compare(same).front().estimate->step.time, compare(q).front().estimate->step.time) << i;
  }
}

TEST(WhatIf, HeadsKeepTheirWidth) {
  Question q = asked();
  // 32 heads of 128 are 4096 wide: 64 heads are 64 wide each. Their 8 KV heads stay 8.
  EXPECT_TRUE(turn(q, Knob::heads, 64));
  EXPECT_EQ(q.model.head_dim, 64);
  EXPECT_EQ(q.model.kv_heads, 8);
  EXPECT_FALSE(turn(q, Knob::heads, 48));     // does not divide 4096
  EXPECT_FALSE(turn(q, Knob::kv_heads, 12));  // does not divide 64
  q.model = test::llama_7b();
  EXPECT_TRUE(turn(q, Knob::heads, 16));
  EXPECT_EQ(q.model.kv_heads, 16);  // plain multi-head attention remains one
  q.model.latent.kv_rank = 512;
  EXPECT_FALSE(turn(q, Knob::heads, 32));
  EXPECT_FALSE(knob_value(q, Knob::heads));
}

TEST(WhatIf, ANicKeepsTheShareOfItsPeakThatItReaches) {
  Question q = asked();
  const Domain before = q.cluster.domains[*nic_domain(q.cluster)];
  EXPECT_TRUE(turn(q, Knob::nic, before.peak.value() / before.ports / 2));
  const Domain& after = q.cluster.domains[*nic_domain(q.cluster)];
  EXPECT_EQ(after.peak, before.peak / 2);
  EXPECT_EQ(after.achieved, before.achieved / 2);
  EXPECT_EQ(q.cluster.link_mark, Mark::extrapolated);
  q.cluster.domains = {};
  EXPECT_FALSE(turn(q, Knob::nic, 1e9));
  q.cluster.scale_up = ScaleUp::pcie;
  EXPECT_FALSE(turn(q, Knob::nvlink, 1e9));
}

TEST(WhatIf, ADegreeIsLeftOpenByZero) {
  Question q = asked();
  EXPECT_TRUE(turn(q, Knob::ulysses, 8));
  EXPECT_EQ(q.degrees.ulysses, 8);
  EXPECT_TRUE(turn(q, Knob::ulysses, 0));
  EXPECT_FALSE(q.degrees.ulysses);
  EXPECT_TRUE(turn(q, Knob::zero, 0));
  EXPECT_EQ(q.degrees.zero, 0);
  EXPECT_FALSE(turn(q, Knob::gpus, 0.5));
  EXPECT_FALSE(turn(q, Knob::recompute, 3));
}

}  // namespace
}  // namespace ithaca
