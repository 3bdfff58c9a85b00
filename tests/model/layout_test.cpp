#include "model/layout.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

TEST(Layout, WorldIsTheProductOfItsDegrees) {
  const Layout layout{.strategy = Strategy::usp, .tp = 2, .pp = 3, .dp = 4, .ulysses = 5, .ring = 6};
  EXPECT_EQ(layout.sequence(), 30);
  EXPECT_EQ(layout.gpus(), 720);
}

TEST(Layout, FixedNames) {
  EXPECT_EQ(name(Strategy::ulysses), "ulysses");
  EXPECT_EQ(name(Strategy::megatron_sp), "megatron_sp");
  EXPECT_EQ(name(Strategy::ring), "ring");
  EXPECT_EQ(name(Strategy::usp), "usp");
}

}  // namespace
}  // namespace ithaca
