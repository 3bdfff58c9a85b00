#include "sim/classes.hpp"

#include <gtest/gtest.h>

#include "tests/support/programs.hpp"

namespace ithaca {
namespace {

using namespace test;

TEST(Classes, EverythingIsAClassOfItsOwn) {
  const Machine machine(star(3), Routing::deterministic);
  Program p = program(3);
  p.exchanges = {all_to_all(3, 1, 10), shift(3, 1, 1, 10)};
  add(p, exchange(0));
  EXPECT_EQ(used_exchanges(p), (std::vector<bool>{true, false}));
  const auto classes = single_classes(p, machine.router);
  ASSERT_TRUE(classes);
  EXPECT_EQ(classes->rank, (std::vector<std::uint32_t>{0, 1, 2}));
  EXPECT_EQ(classes->class_of_link, (std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5}));
  ASSERT_EQ(classes->exchanges.size(), 2u);
  EXPECT_EQ(classes->exchanges[0].size(), 6u);
  EXPECT_DOUBLE_EQ(classes->exchanges[0].messages, 6);
  EXPECT_TRUE(classes->exchanges[0].usage.empty());
  EXPECT_EQ(classes->exchanges[1].size(), 0u);  // no task has it
}

TEST(Classes, AWrongMessageIsTold) {
  const Machine machine(star(3), Routing::deterministic);
  Program p = program(3);
  p.exchanges = {exchange_of({{1, 7, Bytes{1}}})};
  add(p, exchange(0));
  EXPECT_FALSE(single_classes(p, machine.router));
}

}  // namespace
}  // namespace ithaca
