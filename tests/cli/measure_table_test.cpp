#include "cli/measure_table.hpp"

#include <gtest/gtest.h>

#include "tests/cli/widths.hpp"

namespace ithaca {
namespace {

TEST(MeasureTable, OneLineASample) {
  CollectiveSample sample;
  sample.op = Op::reduce_scatter;
  sample.algorithm = Algorithm::ring;
  sample.ranks = 16;
  sample.message = Bytes{1048576};
  sample.time = Seconds{2e-3};
  // 2^20 bytes in 2 ms are 0.524 GB/s.
  EXPECT_EQ(measure_table(std::vector{sample}),
            "collective               ranks        size    time, us  size/time, GB/s\n"
            "reduce_scatter ring         16    1.00 MiB       2,000            0.524\n");
}

}  // namespace
}  // namespace ithaca
