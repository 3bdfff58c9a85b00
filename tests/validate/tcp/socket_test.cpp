#include "validate/tcp/socket.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace ithaca {
namespace {

TEST(Endpoint, IsHostAndPort) {
  EXPECT_EQ(parse_endpoint("10.0.0.1:5000")->host, "10.0.0.1");
  EXPECT_EQ(parse_endpoint("10.0.0.1:5000")->port, 5000);
  for (const char* wrong : {"", ":", "host", ":5000", "host:", "host:65536", "host:-1", "host:5x"}) {
    EXPECT_FALSE(parse_endpoint(wrong)) << wrong;
  }
}

TEST(Socket, ListensOnTheAddressAlone) {
  const auto door = Socket::listen({"127.0.0.1", 0});
  ASSERT_TRUE(door);
  EXPECT_EQ(door->local().host, "127.0.0.1");
  EXPECT_GT(door->local().port, 0);
}

TEST(Socket, SaysWhyItCannotListen) {
  EXPECT_NE(Socket::listen({"192.0.2.1", 0}).error().find("cannot listen on 192.0.2.1:0"), std::string::npos);
  EXPECT_NE(Socket::listen({"no such host.", 0}).error().find("is no address"), std::string::npos);
}

TEST(Socket, WaitsNoLongerThanItsPatience) {
  const auto door = Socket::listen({"127.0.0.1", 0});
  EXPECT_EQ(door->accept(Seconds{0.02}).error(), "nobody came");
  const auto one = Socket::connect(door->local(), Seconds{1});
  const auto other = door->accept(Seconds{1});
  ASSERT_TRUE(one && other);
  one->set_patience(Seconds{0.02});
  std::vector<std::byte> bytes(1);
  EXPECT_EQ(one->receive(bytes), "the other side is silent");
}

TEST(Socket, NamesAClosedConnection) {
  const auto door = Socket::listen({"127.0.0.1", 0});
  const auto one = Socket::connect(door->local(), Seconds{1});
  { const auto other = door->accept(Seconds{1}); }
  std::vector<std::byte> bytes(1);
  EXPECT_EQ(one->receive(bytes), "the other side has closed the connection");
}

}  // namespace
}  // namespace ithaca
