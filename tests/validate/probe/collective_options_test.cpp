#include "validate/probe/collective_options.hpp"

#include <gtest/gtest.h>

#include <map>

namespace ithaca {
namespace {

using Set = std::map<std::string, std::string>;
using Words = std::vector<std::string>;

Result<CollectiveOptions, std::string> parse(const Words& flags, const Set& environment = {},
                                             const std::string& command = "collectives") {
  Words words{command};
  words.insert(words.end(), flags.begin(), flags.end());
  return parse_collective_options(words, [&](const std::string& name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  });
}

TEST(CollectiveOptions, AloneItTakesAllGpusAndAllCollectives) {
  const auto options = parse({});
  ASSERT_TRUE(options) << options.error();
  EXPECT_EQ(options->command, CollectiveOptions::Command::collectives);
  EXPECT_TRUE(options->all_here);
  EXPECT_EQ(options->gpus, 0);
  EXPECT_EQ(options->plan.ops.size(), 5u);
  EXPECT_EQ(options->plan.sizes.size(), 7u);  // 64 KiB times 4^0 to 4^6
  EXPECT_FALSE(options->plan.model);
}

TEST(CollectiveOptions, EveryFlag) {
  const auto options = parse({"--ops",      "all_to_all,send_recv",
                              "--sizes",    "[1MiB]",
                              "--model",    "llama3-8b",
                              "--seq",      "64Ki,8Ki",
                              "--gpus",     "4",
                              "--error",    "1%",
                              "--budget",   "500ms",
                              "--patience", "5s",
                              "--cluster",  "dgx-h100",
                              "--gpu",      "h100-sxm",
                              "-o",         "a.yaml",
                              "--overlap",  "--list"});
  ASSERT_TRUE(options) << options.error();
  EXPECT_EQ(options->plan.ops, (std::vector<Op>{Op::all_to_all, Op::send_recv}));
  EXPECT_EQ(options->plan.sizes, std::vector<Bytes>{Bytes{1 << 20}});
  EXPECT_EQ(options->plan.model->heads, 32);
  EXPECT_EQ(options->plan.lengths, (std::vector<std::int64_t>{65536, 8192}));
  EXPECT_EQ(options->gpus, 4);
  EXPECT_DOUBLE_EQ(options->plan.rule.error, 0.01);
  EXPECT_EQ(options->plan.rule.budget, Seconds{0.5});
  EXPECT_EQ(options->meeting.patience, Seconds{5});
  EXPECT_EQ(options->cluster, "dgx-h100");
  EXPECT_EQ(options->gpu, "h100-sxm");
  EXPECT_EQ(options->file, "a.yaml");
  EXPECT_TRUE(options->overlap);
  EXPECT_TRUE(options->list);
}

TEST(CollectiveOptions, ALauncherSaysWhoThisIs) {
  const Set torchrun{{"RANK", "5"}, {"WORLD_SIZE", "16"}, {"LOCAL_RANK", "1"}, {"MASTER_ADDR", "10.0.0.1"}};
  const auto options = parse({"--token", "secret"}, torchrun);
  ASSERT_TRUE(options) << options.error();
  EXPECT_FALSE(options->all_here);
  EXPECT_EQ(options->meeting.rank, 5);
  EXPECT_EQ(options->meeting.ranks, 16);
  EXPECT_EQ(options->local_rank, 1);
  EXPECT_EQ(options->meeting.at.host, "10.0.0.1");
  EXPECT_EQ(options->launched_by, "torchrun");
  EXPECT_NE(parse({}, torchrun).error().find("--token WORD"), std::string::npos);
}

TEST(CollectiveOptions, ProcessesWithoutALauncher) {
  const auto options =
      parse({"--rank", "1", "--ranks", "2", "--meet", "127.0.0.1:5000", "--token", "t", "--share-gpu"}, {}, "layers");
  ASSERT_TRUE(options) << options.error();
  EXPECT_EQ(options->command, CollectiveOptions::Command::layers);
  EXPECT_FALSE(options->all_here);
  EXPECT_TRUE(options->share_gpu);
  EXPECT_EQ(options->meeting.at.port, 5000);
}

TEST(CollectiveOptions, EveryMistakeAtOnce) {
  const auto options = parse({"--ops", "all_redude", "--sizes", "many", "--model", "llama3-8b", "--share-gpu", "--rnak",
                              "--error", "0%", "--patience"});
  ASSERT_FALSE(options);
  for (const char* part : {"'all_redude' is none", "--sizes: ", "--model and --seq need each other", "for processes",
                           "'--rnak' is no flag", "--error: above", "--patience needs a value"})
    EXPECT_NE(options.error().find(part), std::string::npos) << part << " in\n" << options.error();
  const auto place = parse({"--rank", "2", "--ranks", "2", "--token", "t"});
  EXPECT_NE(place.error().find("--rank: below --ranks"), std::string::npos);
  EXPECT_NE(place.error().find("nobody says where the ranks meet"), std::string::npos);
}

TEST(CollectiveOptions, ProcessesOnOneGpuAreHostsOfTheirOwn) {
  const auto one = sharing_environment(0), other = sharing_environment(1);
  EXPECT_EQ(one[0].first, "NCCL_HOSTID");
  EXPECT_NE(one[0].second, other[0].second);
  EXPECT_EQ(Set(one.begin(), one.end())["NCCL_SOCKET_IFNAME"], "lo");
}

}  // namespace
}  // namespace ithaca
