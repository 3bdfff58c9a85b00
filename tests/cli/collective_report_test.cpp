#include "cli/collective_report.hpp"

#include <nlohmann/json.hpp>

#include "tests/cli/widths.hpp"

namespace ithaca {
namespace {

using test::contains;

CollectiveReport sample() {
  CollectiveReport r;
  r.argv = {"ithaca", "simulate", "collective"};
  r.cluster = "round";
  r.network = "ideal, deterministic routing";
  r.op = Op::all_reduce;
  r.group = {8, 1};
  r.gpus = 16;
  CollectiveRow row;
  row.size = Bytes{1048576};
  row.algorithm = Algorithm::ring;
  row.protocol = Protocol::ll128;
  row.by_seed = {Seconds{10e-6}};
  row.bound = Seconds{5e-6};
  row.closed_form = Seconds{9e-6};
  row.busiest = "gpu0->nvswitch0";
  row.use = {0, Bytes{1048576}, 0.5};
  r.rows = {row};
  return r;
}

// 1 MiB in 10 us: 105 GB/s; times 2 * 7/8: 184 GB/s.
TEST(CollectiveReport, BandwidthsAsNcclTestsDefinesThem) {
  CollectiveReport r = sample();
  EXPECT_NEAR(algorithm_bandwidth(r.rows[0]).value(), 104857600000.0, 1);
  EXPECT_NEAR(bus_bandwidth(r, r.rows[0]).value(), 1.75 * 104857600000.0, 1);
  for (const Op op : {Op::all_gather, Op::reduce_scatter, Op::all_to_all}) {
    r.op = op;
    EXPECT_NEAR(bus_bandwidth(r, r.rows[0]).value(), 0.875 * 104857600000.0, 1);
  }
  r.op = Op::send_recv;
  EXPECT_EQ(bus_bandwidth(r, r.rows[0]), algorithm_bandwidth(r.rows[0]));
}

TEST(CollectiveReport, Table) {
  EXPECT_EQ(write_collective_table(sample(), {80, false}),
            "all_reduce in groups of 8, on 16 GPUs of round\n"
            "network: ideal, deterministic routing\n"
            "\n"
            "      size  algorithm        time, us  alg, GB/s  bus, GB/s  bound, us   ratio\n"
            "  1.00 MiB  ring LL128           10.0        105        184       5.00   2.00x\n"
            "\n"
            "busiest link at 1.00 MiB: gpu0->nvswitch0, 1.00 MiB on the wire, 50.0 % busy\n");
}

TEST(CollectiveReport, SeedsAreATableOfTheirOwn) {
  CollectiveReport r = sample();
  r.rows[0].by_seed = {Seconds{30e-6}, Seconds{10e-6}, Seconds{20e-6}};
  r.rows[0].algorithm = Algorithm::hierarchical;
  r.rows[0].protocol.reset();
  r.group.stride = 2;
  r.barrier = r.step_by_step = true;
  r.mtu = Bytes{9000};
  const std::string text = write_collective_table(r, {80, false});
  test::expect_no_wider(text, 80);
  EXPECT_TRUE(contains(text,
                       "3 seeds, from 1            median, us    p95, us  worst, us\n"
                       "  1.00 MiB                       20.0       30.0       30.0\n"))
      << text;
  EXPECT_TRUE(contains(text, "rounds one by one, with\n  barriers; packets of 9KB\n")) << text;
}

TEST(CollectiveReport, Json) {
  const auto json = nlohmann::json::parse(write_collective_json(sample()));
  EXPECT_EQ(json["format_version"], "1.0");
  EXPECT_EQ(json["collective"]["op"], "all_reduce");
  EXPECT_EQ(json["collective"]["mtu_bytes"], nullptr);
  const auto& row = json["rows"][0];
  EXPECT_EQ(row["size_bytes"], 1048576.0);
  EXPECT_EQ(row["algorithm"], "ring");
  EXPECT_EQ(row["protocol"], "LL128");
  EXPECT_EQ(row["time_s"], 10e-6);
  EXPECT_EQ(row["ratio_to_bound"], 2.0);
  EXPECT_EQ(row["closed_form_s"], 9e-6);
  EXPECT_EQ(row["seeds"]["worst_s"], 10e-6);
  EXPECT_EQ(row["busiest_link"]["name"], "gpu0->nvswitch0");
}

// 1 MiB in 1/1024 s is 1 GiB/s, and 1.75 times that on the bus.
TEST(CollectiveReport, Csv) {
  CollectiveReport r = sample();
  r.rows[0].by_seed = {Seconds{0.0009765625}};
  EXPECT_TRUE(
      contains(write_collective_csv(r),
               "\r\n1048576,ring,LL128,0.0009765625,0.0009765625,0.0009765625,1073741824,1879048192,5e-06,9e-06,"
               "gpu0->nvswitch0,0.5\r\n"))
      << write_collective_csv(r);
}

}  // namespace
}  // namespace ithaca
