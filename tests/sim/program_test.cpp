#include "sim/program.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

TEST(Exchange, AMessagePaysForTheOutermostBoxThatItLeaves) {
  Exchange e;
  for (const double latency : {1.0, 2.0, 3.0}) e.wires.push_back({Seconds{latency}, 1});
  e.boxes.push_back(4);
  e.boxes.push_back(8);
  EXPECT_EQ(e.wire({0, 3}).latency, Seconds{1});
  EXPECT_EQ(e.wire({3, 4}).latency, Seconds{2});
  EXPECT_EQ(e.wire({7, 8}).latency, Seconds{3});
  EXPECT_EQ(e.wire({5, 5, Bytes{1}, 0, Leg::into_switch}).latency, Seconds{1});
}

TEST(Exchange, WithoutWiresAMessagePaysNothing) {
  EXPECT_EQ(Exchange{}.wire({0, 9}).latency, Seconds{0});
  EXPECT_EQ(Exchange{}.wire({0, 9}).efficiency, 1);
}

}  // namespace
}  // namespace ithaca
