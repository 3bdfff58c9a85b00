#include "validate/tcp/mesh.hpp"

#include <gtest/gtest.h>

#include <array>

#include "tests/support/ranks.hpp"

namespace ithaca {
namespace {

TEST(Mesh, RanksMeetAndTalk) {
  test::as_ranks(5, [](const Mesh& mesh) {
    // Everybody sends its number to the next and gets the one before's.
    const int next = (mesh.rank() + 1) % 5, previous = (mesh.rank() + 4) % 5;
    const std::array<int, 1> mine{mesh.rank()};
    std::array<int, 1> theirs{};
    EXPECT_FALSE(mesh.send(next, std::as_bytes(std::span(mine))));
    EXPECT_FALSE(mesh.receive(previous, std::as_writable_bytes(std::span(theirs))));
    EXPECT_EQ(theirs[0], previous);
    EXPECT_EQ(mesh.sent_bytes(), sizeof(int));
    EXPECT_EQ(mesh.max_over_ranks(mesh.rank() * 1.5).value(), 6.0);
  });
}

TEST(Mesh, ARankThatDoesNotComeIsCounted) {
  const auto mesh = Mesh::join({0, 3, {"127.0.0.1", 0}, "secret", Seconds{0.05}});
  ASSERT_FALSE(mesh);
  EXPECT_EQ(mesh.error(), "2 of 3 ranks did not come");
}

TEST(Mesh, NobodyListens) {
  auto closed = Socket::listen({"127.0.0.1", 0});
  const Endpoint at = closed->local();
  { const Socket gone = std::move(closed).value(); }
  const auto mesh = Mesh::join({1, 2, at, "secret", Seconds{0.05}});
  ASSERT_FALSE(mesh);
  EXPECT_NE(mesh.error().find("cannot reach 127.0.0.1"), std::string::npos);
}

TEST(Mesh, StrangersAreTurnedAway) {
  auto door = Socket::listen({"127.0.0.1", 0});
  const Endpoint at = door->local();
  std::thread strangers([&] {
    const auto silent = Socket::connect(at, Seconds{5});   // says nothing and leaves
    const auto garbage = Socket::connect(at, Seconds{5});  // a port scan
    const std::vector<std::byte> noise(4096, std::byte{'A'});
    EXPECT_FALSE(garbage->send(noise));
    const auto liar = Mesh::join({1, 2, at, "guess", Seconds{0.3}});  // the wrong token
    EXPECT_FALSE(liar);
    const auto stranger = Mesh::join({1, 7, at, "secret", Seconds{0.3}});  // of another job
    EXPECT_FALSE(stranger);
    const auto guest = Mesh::join({1, 2, at, "secret", Seconds{10}});
    EXPECT_TRUE(guest) << guest.error();
  });
  const auto host = Mesh::join({0, 2, at, "secret", Seconds{15}}, std::move(door).value());
  strangers.join();
  EXPECT_TRUE(host) << host.error();
}

TEST(Mesh, ARankThatDiesIsNamed) {
  test::as_ranks(3, [](const Mesh& mesh) {
    if (mesh.rank() == 2) return;
    std::array<std::byte, 8> bytes{};
    const auto trouble = mesh.receive(2, bytes);
    ASSERT_TRUE(trouble);
    EXPECT_NE(trouble->find("from rank 2: "), std::string::npos);
  });
}

TEST(Mesh, OneRankMeetsNobody) {
  const auto mesh = Mesh::join({0, 1, {"127.0.0.1", 0}, "", Seconds{1}});
  ASSERT_TRUE(mesh);
  EXPECT_EQ(mesh->max_over_ranks(3).value(), 3);
}

}  // namespace
}  // namespace ithaca
