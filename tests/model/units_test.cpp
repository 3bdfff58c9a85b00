// Quantities as people write them, and as they are shown.

#include "model/units.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

template <class T>
std::string error_of(const Parsed<T>& parsed) {
  return parsed ? "no error" : parsed.error().what + " | " + parsed.error().next;
}

TEST(Units, DecimalIsNotBinary) {
  EXPECT_EQ(*parse_bytes("80GB"), Bytes{80e9});
  EXPECT_EQ(*parse_bytes("80GiB"), Bytes{80 * 1073741824.0});  // 2^30 = 1073741824
  EXPECT_EQ(*parse_tokens("1M"), Tokens{1000000});
  EXPECT_EQ(*parse_tokens("1Mi"), Tokens{1048576});  // 2^20
}

TEST(Units, BitsAreNotBytes) {
  EXPECT_EQ(*parse_rate("400Gbps"), BytesPerSecond{50e9});  // 400 / 8
  EXPECT_EQ(*parse_rate("50GBps"), BytesPerSecond{50e9});
}

TEST(Units, BareNumbersNameTheLikelyUnits) {
  EXPECT_EQ(error_of(parse_bytes("80")), "'80' has no unit | write 80GB (10^9 bytes) or 80GiB (2^30 bytes)");
  EXPECT_EQ(error_of(parse_rate("400")), "'400' has no unit | write 400Gbps (bits) or 400GBps (bytes)");
}

}  // namespace
}  // namespace ithaca
