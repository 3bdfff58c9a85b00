#include <algorithm>

#include "tests/support/collectives.hpp"

namespace ithaca {
namespace {

using test::call_of;
using test::round_cluster;

Cluster nvls_cluster() {
  Cluster c = round_cluster();
  c.port_achieved_nvls = BytesPerSecond{480e9};
  return c;
}

TEST(NvlsSchedule, BytesIntoAndOutOfTheSwitch) {
  const auto legs = [](Op op) {
    std::pair<double, double> in_out;
    for (const auto& round : test::sent_by_round(nvls_cluster(), call_of(op, Algorithm::nvls, {8, 1}, 8, Bytes{8e6})))
      for (const Message& m : round) {
        EXPECT_EQ(m.from, m.to);
        (m.leg == Leg::into_switch ? in_out.first : in_out.second) += m.bytes.value() / 8;
      }
    return in_out;
  };
  EXPECT_EQ(legs(Op::all_reduce), std::pair(8e6, 8e6));
  EXPECT_EQ(legs(Op::all_gather), std::pair(1e6, 8e6));
  EXPECT_EQ(legs(Op::reduce_scatter), std::pair(8e6, 1e6));
}

// 480 GB/s of bus bandwidth on 8: 8 GB take 8 * 1.75 / 480 s, after the model's latency.
TEST(NvlsSchedule, TakesWhatItsBusBandwidthSays) {
  const auto call = call_of(Op::all_reduce, Algorithm::nvls, {8, 1}, 8, Bytes{8e9});
  const auto model =
      collective_cost(nvls_cluster(), place(nvls_cluster(), {8, 1}, 8), call.op, call.message, Algorithm::nvls);
  EXPECT_NEAR(test::engine_seconds(nvls_cluster(), call), model->latency.value() + 8 * 1.75 / 480, 1e-11);
}

// Over two servers the buffer leaves each once, over four twice, through NICs of 384 GB/s in all; or NVLS is slower.
TEST(NvlsSchedule, TreesJoinServersMeanwhile) {
  for (const int servers : {2, 3, 4, 8}) {
    for (const double bytes : {1e6, 64e6, 8e9}) {
      const int ranks = 8 * servers;
      const auto call = call_of(Op::all_reduce, Algorithm::nvls, {ranks, 1}, ranks, Bytes{bytes});
      const auto model = collective_cost(nvls_cluster(), place(nvls_cluster(), call.group, ranks), call.op,
                                         call.message, Algorithm::nvls);
      ASSERT_TRUE(model);
      const double expected = std::max(servers == 2 ? 1.0 / 384 : 2.0 / 384, 1.75 / 480) * bytes / 1e9;
      EXPECT_NEAR(test::engine_seconds(nvls_cluster(), call), model->latency.value() + expected, 1e-9 * expected)
          << servers << " servers, " << bytes;
    }
  }
}

TEST(NvlsSchedule, NeedsASwitchAndSeveralGpusOnIt) {
  const auto error = [](const Cluster& c, Group group, int ranks) {
    const auto refused = schedule(c, call_of(Op::all_reduce, Algorithm::nvls, group, ranks, Bytes{1}));
    return refused ? std::string() : refused.error();
  };
  EXPECT_EQ(error(round_cluster(), {8, 1}, 8), "the switch of round has no NVLS");
  EXPECT_EQ(error(nvls_cluster(), {4, 8}, 32).substr(0, 62),
            "NVLS needs several GPUs of the group in one NVLink domain, and");
}

}  // namespace
}  // namespace ithaca
