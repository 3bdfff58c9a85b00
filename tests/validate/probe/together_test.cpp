#include "validate/probe/together.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/support/ranks.hpp"

namespace ithaca {
namespace {

TEST(Together, AllLearnTheSlowestAndTheMean) {
  const auto work = [](const Mesh& mesh) {
    const double clocks[] = {0, 1980, 1755};  // rank 0 cannot read its clock
    const auto all = summarise(mesh, {1.0 + mesh.rank(), clocks[mesh.rank()], 1ULL << mesh.rank(), {}});
    ASSERT_TRUE(all) << all.error().why;
    EXPECT_EQ(all->slowest, 3);
    EXPECT_EQ(all->mean, 2);  // (1 + 2 + 3) / 3
    EXPECT_EQ(all->clock_mhz, 1755);
    EXPECT_EQ(all->throttle, 7u);
  };
  for (const bool star : {false, true}) test::as_ranks(3, work, star);
}

TEST(Together, OnesFailureIsEveryonesAndTheGroupGoesOn) {
  test::as_ranks(3, [](const Mesh& mesh) {
    RankReport report;
    if (mesh.rank() == 2) report.trouble = "no memory";
    const auto failed = summarise(mesh, report);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().why, "rank 2: no memory");
    EXPECT_FALSE(failed.error().is_lost);
    EXPECT_TRUE(summarise(mesh, {}));
  });
}

TEST(Together, ALostRankEndsTheGroup) {
  test::as_ranks(3, [](const Mesh& mesh) {
    if (mesh.rank() == 1) return;  // closes its connections
    const auto lost = summarise(mesh, {});
    ASSERT_FALSE(lost);
    EXPECT_TRUE(lost.error().is_lost);
    EXPECT_NE(lost.error().why.find("rank 1: "), std::string::npos) << lost.error().why;
  });
}

TEST(Together, TextsOfAllAndBytesOfRankZero) {
  test::as_ranks(3, [](const Mesh& mesh) {
    const auto all = everyones(mesh, std::string(1 + static_cast<std::size_t>(mesh.rank()) * 100, 'x'));
    ASSERT_TRUE(all) << all.error();
    EXPECT_EQ((*all)[0], "x");
    EXPECT_EQ((*all)[1].size(), 101u);
    EXPECT_EQ((*all)[2].size(), 127u);  // cut
    double value = mesh.rank() == 0 ? 42 : 0;
    EXPECT_FALSE(from_rank_0(mesh, std::as_writable_bytes(std::span(&value, 1))));
    EXPECT_EQ(value, 42);
  });
}

constexpr double kId = 4711;

/// Rank 1 as a process of its own: killed once it has rank 0's id.
[[noreturn]] void be_rank_1(const Endpoint& at) {
  const auto mesh = Mesh::join({1, 2, at, "secret", Seconds{10}, true});
  double id = 0;
  if (!mesh || from_rank_0(*mesh, std::as_writable_bytes(std::span(&id, 1))) || id != kId) _exit(1);
  kill(getpid(), SIGKILL);
  _exit(2);
}

TEST(Together, ProcessesMeetByTheirTokenAndAKilledOneIsMissed) {
  auto door = Socket::listen({"127.0.0.1", 0});
  ASSERT_TRUE(door) << door.error();
  const Endpoint at = door->local();
  const pid_t other = fork();
  if (other == 0) be_rank_1(at);
  const auto stranger = Mesh::join({1, 2, at, "guess", Seconds{0.05}, true});
  const auto mesh = Mesh::join({0, 2, at, "secret", Seconds{10}, true}, std::move(door).value());
  ASSERT_TRUE(mesh) << mesh.error();
  double id = kId;
  EXPECT_FALSE(from_rank_0(*mesh, std::as_writable_bytes(std::span(&id, 1))));
  const auto lost = summarise(*mesh, {});
  ASSERT_FALSE(lost);
  EXPECT_TRUE(lost.error().is_lost);
  int status = 0;
  waitpid(other, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  EXPECT_FALSE(stranger);
}

}  // namespace
}  // namespace ithaca
