#include "model/fabric.hpp"

#include <gtest/gtest.h>

#include <set>

namespace ithaca {
namespace {

/// Names of the values from 0 to `last`, which must differ.
template <class Enum>
std::set<std::string_view> names(Enum last) {
  std::set<std::string_view> all;
  for (int i = 0; i <= static_cast<int>(last); ++i) all.insert(name(static_cast<Enum>(i)));
  return all;
}

TEST(FabricNames, DifferAndAreThoseOfTheEnums) {
  EXPECT_EQ(names(NodeKind::router).size(), 9u);
  EXPECT_EQ(names(FabricKind::custom).size(), 10u);
  EXPECT_EQ(names(Routing::pxn).size(), 5u);
  EXPECT_EQ(name(NodeKind::pcie_switch), "pcie_switch");
  EXPECT_EQ(name(FabricKind::rail_optimised), "rail_optimised");
  EXPECT_EQ(name(Routing::ecmp), "ecmp");
}

}  // namespace
}  // namespace ithaca
