#include "cli/collective_flags.hpp"

#include "cli/commands.hpp"
#include "tests/cli/widths.hpp"

namespace ithaca {
namespace {

using test::contains;

struct Read {
  CollectiveRequest request;
  std::string problems;
};

Read read(const std::vector<std::string>& words) {
  const auto parsed = parse_arguments(kSimulateCollective, words);
  Diagnostics problems = parsed.problems;
  Read result;
  result.request = read_collective_flags(parsed.arguments, problems);
  result.problems = print(problems);
  return result;
}

Read with(const std::vector<std::string>& more) {
  std::vector<std::string> words{"all_to_all", "--cluster", "dgx-h100", "--gpus", "64"};
  words.insert(words.end(), more.begin(), more.end());
  return read(words);
}

TEST(CollectiveFlags, Defaults) {
  const Read r = with({});
  EXPECT_EQ(r.problems, "");
  EXPECT_EQ(r.request.op, Op::all_to_all);
  EXPECT_EQ(r.request.group.size, 64);
  EXPECT_EQ(r.request.group.stride, 1);
  EXPECT_FALSE(r.request.algorithm);
  ASSERT_EQ(r.request.sizes.size(), 11u);
  EXPECT_EQ(r.request.sizes.back().value(), 1073741824.0);
  EXPECT_FALSE(r.request.step_by_step);
  EXPECT_EQ(r.request.format, Format::table);
}

TEST(CollectiveFlags, GroupsAndPlacement) {
  EXPECT_EQ(with({"--group", "8"}).request.group.stride, 1);
  EXPECT_EQ(with({"--group", "8:4"}).request.group.stride, 4);
  EXPECT_EQ(with({"--group", "8", "--placement", "outer"}).request.group.stride, 8);
  EXPECT_EQ(with({"--group", "8", "--placement", "inner"}).request.group.stride, 1);
  EXPECT_TRUE(contains(with({"--group", "8:4", "--placement", "outer"}).problems,
                       "error: --placement outer: --group gives the stride already"));
  for (const char* text : {"0", "8:0", "8:", ":8", "x", "8:8:8", "99999999999"})
    EXPECT_TRUE(contains(with({"--group", text}).problems, "is no size and stride")) << text;
}

TEST(CollectiveFlags, Rest) {
  const Read r = with({"--algorithm", "bruck", "--sizes", "[1MiB,2MiB]", "--barrier", "--mtu", "9000B", "--routing",
                       "ecmp", "--csv", "-o", "x.csv"});
  EXPECT_EQ(r.problems, "");
  EXPECT_EQ(r.request.algorithm, Algorithm::bruck);
  EXPECT_EQ(r.request.sizes.size(), 2u);
  EXPECT_TRUE(r.request.barrier);
  EXPECT_TRUE(r.request.step_by_step);
  EXPECT_EQ(r.request.mtu->value(), 9000);
  EXPECT_EQ(r.request.machine.routing, Routing::ecmp);
  EXPECT_EQ(r.request.format, Format::csv);
  EXPECT_EQ(r.request.file, "x.csv");
}

TEST(CollectiveFlags, Mistakes) {
  EXPECT_TRUE(contains(read({"alltoall", "--cluster", "c", "--gpus", "8"}).problems,
                       "error: alltoall: there is no such collective\n  did you mean 'all_to_all'?"));
  EXPECT_TRUE(contains(read({"--cluster", "c", "--gpus", "8"}).problems,
                       "error: simulate collective: the collective is missing"));
  EXPECT_TRUE(contains(with({"--mtu", "9000"}).problems, "error: --mtu 9000: '9000' has no unit"));
  EXPECT_TRUE(contains(with({"--sizes", "1..2"}).problems, "error: --sizes 1..2: "));
  EXPECT_TRUE(contains(with({"--algorithm", "rings"}).problems, "did you mean 'ring'?"));
  EXPECT_TRUE(contains(with({"--json", "--csv"}).problems, "--json and --csv"));
}

}  // namespace
}  // namespace ithaca
