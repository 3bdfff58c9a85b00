#include "sim/flow_clocks.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

using Flows = std::vector<std::uint32_t>;

/// One link of 10 bytes a second.
struct OneLink {
  explicit OneLink(const std::vector<double>& sizes) {
    for (const double size : sizes) {
      route.add(Flows{0});
      largest = std::max(largest, size);
    }
  }
  const std::vector<double> capacity{10};
  IndexRows route;
  double largest = 0;
};

Flows finished_at(const FlowClocks& clocks, double time) {
  Flows flows;
  clocks.take_finished(time, flows);
  return flows;
}

TEST(FlowClocks, FollowsTheShares) {
  const OneLink link({30, 10});
  FairShares shares(link.capacity, link.route);
  FlowClocks clocks(shares, 1, link.largest);
  EXPECT_EQ(clocks.next(), kUnbounded);
  shares.add(0);
  clocks.start(0, 30);
  shares.update();
  clocks.follow(1);
  shares.forget_changes();
  EXPECT_DOUBLE_EQ(clocks.next(), 4);  // 30 at 10 from 1 on
  // At 2 the first has 20 left; both move at 5 now: the second finishes its 10 at 4.
  shares.add(1);
  clocks.start(1, 10);
  shares.update();
  clocks.follow(2);
  shares.forget_changes();
  EXPECT_DOUBLE_EQ(clocks.next(), 4);
  EXPECT_EQ(finished_at(clocks, 4), Flows{1});
  // The first then has 10 left, at 10 again.
  shares.remove(std::vector<std::uint32_t>{1});
  shares.update();
  clocks.follow(4);
  EXPECT_DOUBLE_EQ(clocks.next(), 5);
}

TEST(FlowClocks, SmallFlowsStayExactOnALinkThatNeverRests) {
  // A flow that never ends and one small flow after another: the clock is set back again and again. Each small flow of
  // 1 byte at half of 10 takes 0.2 s.
  std::vector<double> sizes(2000, 1);
  sizes[0] = 8;
  const OneLink link(sizes);
  FairShares shares(link.capacity, link.route);
  FlowClocks clocks(shares, 1, 1);
  shares.add(0);
  clocks.start(0, 1e6);
  double now = 0;
  for (std::uint32_t f = 1; f < 2000; ++f) {
    const std::uint32_t slot = shares.add(f);
    clocks.start(slot, 1);
    shares.update();
    clocks.follow(now);
    shares.forget_changes();
    ASSERT_NEAR(clocks.next() - now, 0.2, 1e-12) << f;
    now = clocks.next();
    ASSERT_EQ(finished_at(clocks, now), Flows{slot});
    shares.remove(Flows{slot});
  }
}

}  // namespace
}  // namespace ithaca
