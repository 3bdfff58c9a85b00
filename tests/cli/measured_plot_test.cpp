#include "cli/measured_plot.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

TEST(MeasuredPlot, CornersOfTheAxes) {
  // Measured 1 us at 1 KiB and 100 us at 1 MiB are the corners; predictions lie on the first and below the second.
  const std::string plot = measured_plot({{1024, 1e-6, 1e-6}, {1048576, 100e-6, 10e-6}});
  EXPECT_NE(plot.find("      100 us |" + std::string(65, ' ') + "o\n"), std::string::npos) << plot;
  EXPECT_NE(plot.find("        1 us |@" + std::string(65, ' ') + "\n"), std::string::npos) << plot;
  EXPECT_NE(plot.find('*'), std::string::npos);
  for (std::size_t begin = 0; begin < plot.size(); begin = plot.find('\n', begin) + 1)
    EXPECT_LE(plot.find('\n', begin) - begin, 80u);
}

TEST(MeasuredPlot, OnePointOrNone) {
  EXPECT_EQ(measured_plot({}), "");
  EXPECT_EQ(measured_plot({{0, 1, 1}}), "");
  EXPECT_NE(measured_plot({{8, 1e-6, 1e-6}}).find('@'), std::string::npos);
}

}  // namespace
}  // namespace ithaca
