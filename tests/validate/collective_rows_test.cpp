#include "validate/collective_rows.hpp"

#include <gtest/gtest.h>

#include "tests/support/machines.hpp"
#include "validate/collective_fit.hpp"

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

TEST(CollectiveRows, WhatFallsWithSizeIsLeftOut) {
  std::vector<std::string> said;
  // 2 MiB is slower than 4 MiB; 1 MiB is not.
  EXPECT_EQ(sound_rows({sample(1 << 20, 1), sample(2 << 20, 3), sample(4 << 20, 2)}, said),
            (std::vector<std::size_t>{0, 2}));
  EXPECT_EQ(said.size(), 1u);
}

TEST(CollectiveRows, AStragglerIsLeftOut) {
  std::vector<std::string> said;
  EXPECT_EQ(sound_rows({sample(64, 30e-6), sample(64, 86e-6)}, said), (std::vector<std::size_t>{0}));
}

TEST(CollectiveRows, WhatCarriesADoubtIsLeftOut) {
  std::vector<std::string> said;
  CollectiveSample loopback = sample(1024, 1);
  loopback.doubt = "a functional run";
  EXPECT_EQ(sound_rows({loopback, sample(2048, 2)}, said), (std::vector<std::size_t>{1}));
  EXPECT_NE(said.at(0).find("a functional run"), std::string::npos);
}

TEST(CollectiveRows, WhatTimesTheHostIsLeftOut) {
  std::vector<std::string> said;
  CollectiveSample host = sample(1024, 50e-6), device = sample(1 << 20, 70e-6);
  host.host_needs = device.host_needs = Seconds{45e-6};  // nine tenths of the one, two thirds of the other
  EXPECT_EQ(sound_rows({host, device}, said), (std::vector<std::size_t>{1}));
  EXPECT_NE(said.at(0).find("host"), std::string::npos);
}

TEST(CollectiveRows, EverySecondSizeIsHeldOut) {
  const auto held = held_out_rows({sample(1024, 1), sample(2048, 1), sample(2048, 1), sample(4096, 1)});
  EXPECT_EQ(held, (std::vector<bool>{false, true, true, false}));
}

TEST(CollectiveRows, GroupsThatTheMachineLacksAreNamed) {
  std::vector<std::string> said;
  CollectiveSample elsewhere = sample(1024, 1);
  elsewhere.nodes = 4;
  EXPECT_EQ(rows_on(test::round_cluster(), {sample(1024, 1), elsewhere}, said).size(), 1u);
  EXPECT_EQ(said.size(), 1u);
}

}  // namespace
}  // namespace ithaca
