#include "cli/validation.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

TEST(Validation, SummaryIsBySourceInOrder) {
  const auto summary = summary_by_source({{"b", 0.1}, {"a", -0.5}, {"b", -0.3}});
  ASSERT_EQ(summary.size(), 2u);
  EXPECT_EQ(summary[0].source, "b");
  EXPECT_EQ(summary[0].count, 2);
  EXPECT_NEAR(summary[0].mean, 0.2, 1e-12);
  EXPECT_NEAR(summary[0].max, 0.3, 1e-12);
}

TEST(Validation, ToleranceIsAShare) {
  Diagnostics problems;
  Arguments arguments;
  EXPECT_EQ(read_tolerance(arguments, problems), kUsualTolerance);
  arguments.set("--tolerance", "5%");
  EXPECT_NEAR(read_tolerance(arguments, problems), 0.05, 1e-12);
  arguments.set("--tolerance", "some");
  read_tolerance(arguments, problems);
  EXPECT_EQ(problems.size(), 1u);
}

}  // namespace
}  // namespace ithaca
