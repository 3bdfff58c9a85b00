#include "model/quantity.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <type_traits>

#include "model/result.hpp"
#include "model/static_vector.hpp"

namespace ithaca {
namespace {

// What must not compile is asserted with concepts: a type error is a test.
template <class A, class B>
concept Addable = requires(A a, B b) {
  a + b;
};
template <class A, class B>
concept Subtractable = requires(A a, B b) {
  a - b;
};
template <class A, class B>
concept Multipliable = requires(A a, B b) {
  a* b;
};
template <class A, class B>
concept Divisible = requires(A a, B b) {
  a / b;
};
template <class A, class B>
concept Comparable = requires(A a, B b) {
  a < b;
};

static_assert(Addable<Bytes, Bytes> && Addable<Seconds, Seconds>);
static_assert(!Addable<Bytes, Seconds> && !Addable<Seconds, Bytes> && !Addable<Bytes, double>);
static_assert(!Subtractable<Bytes, BytesPerSecond> && !Subtractable<double, Seconds>);
static_assert(!Comparable<Bytes, Seconds> && !Comparable<Flop, double>);

static_assert(Multipliable<Bytes, double> && Multipliable<double, Bytes> && Multipliable<BytesPerSecond, Seconds>);
static_assert(!Multipliable<Bytes, Bytes> && !Multipliable<Seconds, Seconds> && !Multipliable<Bytes, Seconds>);
static_assert(!Divisible<Seconds, Bytes> && !Divisible<Bytes, FlopPerSecond> && !Divisible<Flop, BytesPerSecond>);

static_assert(!std::is_convertible_v<double, Bytes> && !std::is_convertible_v<Bytes, double>);
static_assert(std::is_constructible_v<Bytes, double> && !std::is_constructible_v<Bytes, Seconds>);

static_assert(std::is_same_v<decltype(Bytes{} / BytesPerSecond{}), Seconds>);
static_assert(std::is_same_v<decltype(Flop{} / FlopPerSecond{}), Seconds>);
static_assert(std::is_same_v<decltype(BytesPerSecond{} * Seconds{}), Bytes>);
static_assert(std::is_same_v<decltype(Bytes{} / Seconds{}), BytesPerSecond>);
static_assert(std::is_same_v<decltype(Flop{} / Seconds{}), FlopPerSecond>);
static_assert(std::is_same_v<decltype(Tokens{} / Seconds{}), TokensPerSecond>);
static_assert(std::is_same_v<decltype(Bytes{} / Bytes{}), double>);

static_assert(sizeof(Bytes) == sizeof(double) && std::is_trivially_copyable_v<Bytes>);

TEST(Quantity, StartsAtZero) {
  EXPECT_EQ(Bytes{}.value(), 0.0);
  EXPECT_EQ(Tokens{}.count, 0);
}

TEST(Quantity, AddsSubtractsAndScales) {
  EXPECT_EQ(Bytes{3} + Bytes{4}, Bytes{7});
  EXPECT_EQ(Bytes{3} - Bytes{4}, Bytes{-1});
  EXPECT_EQ(Bytes{3} * 2.0, Bytes{6});
  EXPECT_EQ(2.0 * Bytes{3}, Bytes{6});
  EXPECT_EQ(Bytes{3} / 2.0, Bytes{1.5});
  EXPECT_EQ(Bytes{3} / Bytes{2}, 1.5);
  Seconds sum{1};
  sum += Seconds{2};
  EXPECT_EQ(sum, Seconds{3});
}

TEST(Quantity, OrdersByValue) {
  EXPECT_LT(Seconds{1}, Seconds{2});
  EXPECT_GE(Seconds{2}, Seconds{2});
  EXPECT_EQ(max(Seconds{1}, Seconds{2}), Seconds{2});
  EXPECT_EQ(min(Seconds{1}, Seconds{2}), Seconds{1});
  EXPECT_LT(Tokens{1}, Tokens{2});
}

TEST(Quantity, FollowsPhysics) {
  // 100 bytes at 50 B/s take 2 s; 50 B/s for 2 s move 100 bytes; 100 bytes in 2 s are 50 B/s.
  EXPECT_EQ(Bytes{100} / BytesPerSecond{50}, Seconds{2});
  EXPECT_EQ(BytesPerSecond{50} * Seconds{2}, Bytes{100});
  EXPECT_EQ(Bytes{100} / Seconds{2}, BytesPerSecond{50});
  // 6e12 FLOP at 2 TFLOP/s take 3 s.
  EXPECT_EQ(Flop{6e12} / FlopPerSecond{2e12}, Seconds{3});
  EXPECT_EQ(Flop{6e12} / Seconds{3}, FlopPerSecond{2e12});
  EXPECT_EQ(Tokens{1024} / Seconds{2}, TokensPerSecond{512});
}

TEST(Quantity, CountsBytesExactlyUpTo2To53) {
  // 2^53 - 1 and its successor differ; the model's largest totals (a few 10^15 bytes) stay below 2^53 = 9.007e15.
  const Bytes largest{9007199254740991.0};
  EXPECT_EQ((largest + Bytes{1}) - largest, Bytes{1});
}

using IntOrText = Result<int, std::string>;

TEST(Result, HoldsAValue) {
  const IntOrText result = 7;
  ASSERT_TRUE(result);
  EXPECT_EQ(result.value(), 7);
  EXPECT_EQ(*result, 7);
}

TEST(Result, HoldsAnError) {
  const IntOrText result = std::string("no GPUs");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), "no GPUs");
}

TEST(Result, ReachesMembersAndChangesInPlace) {
  Result<std::string, int> result = std::string("ring");
  result.value() += "+";
  EXPECT_EQ(result->size(), 5U);
  EXPECT_EQ(*result, "ring+");
}

TEST(Result, MovesAValueOutThatCannotBeCopied) {
  Result<std::unique_ptr<int>, std::string> result = std::make_unique<int>(7);
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 7);
}

// A look is asked for: no silent conversion to bool, and none to the value.
static_assert(!std::is_convertible_v<IntOrText, bool> && !std::is_convertible_v<IntOrText, int>);

TEST(StaticVector, GrowsInOrder) {
  StaticVector<int, 3> vector;
  EXPECT_TRUE(vector.empty());
  vector.push_back(5);
  vector.push_back(6);
  EXPECT_EQ(vector.size(), 2U);
  EXPECT_EQ(vector[0], 5);
  EXPECT_EQ(vector[1], 6);
  int sum = 0;
  for (const int item : vector) sum += item;
  EXPECT_EQ(sum, 11);
}

TEST(StaticVector, ClearsAndIsFilledAgain) {
  StaticVector<int, 2> vector;
  vector.push_back(5);
  vector.push_back(6);
  vector.clear();
  EXPECT_TRUE(vector.empty());
  EXPECT_EQ(vector.begin(), vector.end());
  vector.push_back(7);
  EXPECT_EQ(vector[0], 7);
}

TEST(StaticVector, StopsAtItsCapacity) {
  // Full is a programming error: it stops a debug build, and a release build drops the item instead of writing past
  // the end.
  const auto overfill = [] {
    StaticVector<int, 1> vector;
    vector.push_back(5);
    vector.push_back(6);
    return vector.size();
  };
#ifdef NDEBUG
  EXPECT_EQ(overfill(), 1U);
#else
  EXPECT_DEATH(overfill(), "size_ < Capacity");
#endif
}

}  // namespace
}  // namespace ithaca
