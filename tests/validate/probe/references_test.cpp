#include "validate/probe/references.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace ithaca {
namespace {

using namespace reference;

/// Some numbers within [-1, 1), none the same.
Numbers some(std::size_t count, unsigned seed) {
  Numbers numbers;
  for (std::size_t i = 0; i < count; ++i)
    numbers.push_back(static_cast<float>((i * 7919 + seed * 104729) % 1000) / 500.0f - 1.0f);
  return numbers;
}

TEST(References, Norms) {
  // (3, 4): the root of the mean square is sqrt(12.5); the mean 3.5 and the deviation 0.5.
  const Numbers rms = rms_norm({3, 4}, 2), layer = layer_norm({3, 4, 10, 10}, 2);
  EXPECT_NEAR(rms[0], 3 / std::sqrt(12.5), 1e-5);
  EXPECT_NEAR(rms[1], 4 / std::sqrt(12.5), 1e-5);
  EXPECT_NEAR(layer[0], -1, 1e-4);
  EXPECT_NEAR(layer[1], 1, 1e-4);
  EXPECT_EQ(layer[2], 0);  // a constant row
}

TEST(References, Activations) {
  // Rows of gate (2) and up (2): 0 x ... = 0; 1 / (1 + e^-1) x 3 = 2.1932.
  const Numbers y = swiglu({0, 1, 5, 3}, 2);
  ASSERT_EQ(y.size(), 2u);
  EXPECT_EQ(y[0], 0);
  EXPECT_NEAR(y[1], 2.19318, 1e-4);
  // GELU(1) = 0.8412, GELU(-1) = 0.8412 - 1 as x Phi(x) has it; the tanh form is within 1e-3.
  EXPECT_NEAR(gelu({1})[0], 0.8413, 1e-3);
  EXPECT_NEAR(gelu({-1})[0], -0.1587, 1e-3);
  EXPECT_EQ(residual({1, 2}, {10, 20}), (Numbers{11, 22}));
}

TEST(References, PackPutsARanksHeadsTogether) {
  // 2 tokens, 3 ranks, 1 number each: t0r0 t0r1 t0r2 t1r0 ... go to r0t0 r0t1 r1t0 r1t1 r2t0 r2t1.
  EXPECT_EQ(pack_places(2, 3, 1), (std::vector<std::size_t>{0, 2, 4, 1, 3, 5}));
  EXPECT_EQ(pack_places(1, 2, 2), (std::vector<std::size_t>{0, 1, 2, 3}));
}

TEST(References, EqualScoresGiveTheMean) {
  // Q = 0: every key counts the same; causal: the first i + 1.
  const AttentionCall full{1, 2, 2, 1, 1, 1, false, true};
  const auto mean = attention(full, {0, 0}, {5, 7}, {2, 4});
  EXPECT_EQ(mean.o, (Numbers{3, 3}));
  EXPECT_NEAR(mean.stats[0], std::log(2.0), 1e-6);
  AttentionCall causal = full;
  causal.causal = true;
  EXPECT_EQ(attention(causal, {0, 0}, {5, 7}, {2, 4}).o, (Numbers{2, 3}));
}

TEST(References, QueryHeadsShareAKvHead) {
  // Two query heads, one KV head: both see the same value.
  const AttentionCall call{1, 1, 1, 2, 1, 1, false, true};
  EXPECT_EQ(attention(call, {1, -1}, {3}, {9}).o, (Numbers{9, 9}));
}

TEST(References, GradientsAreThoseOfTheForwardPass) {
  // Central differences of the sum of O x dO, for each element of Q, K and V.
  const AttentionCall call{1, 3, 3, 2, 1, 2, true, true};
  const Numbers q = some(12, 1), k = some(6, 2), v = some(6, 3), d_o = some(12, 4);
  const auto loss = [&](const Numbers& a, const Numbers& b, const Numbers& c) {
    const Numbers o = attention(call, a, b, c).o;
    double sum = 0;
    for (std::size_t i = 0; i < o.size(); ++i) sum += static_cast<double>(o[i]) * d_o[i];
    return sum;
  };
  const AttentionGradients d = attention_gradients(call, q, k, v, d_o);
  constexpr float kStep = 1e-2f;
  const auto slope = [&](int which, std::size_t i) {
    double value[2] = {};
    for (const int side : {0, 1}) {
      Numbers t[3] = {q, k, v};
      t[which][i] += side == 0 ? -kStep : kStep;
      value[side] = loss(t[0], t[1], t[2]);
    }
    return (value[1] - value[0]) / (2.0 * kStep);
  };
  for (std::size_t i = 0; i < q.size(); ++i) EXPECT_NEAR(d.q[i], slope(0, i), 2e-4) << i;
  for (std::size_t i = 0; i < k.size(); ++i) EXPECT_NEAR(d.k[i], slope(1, i), 2e-4) << i;
  for (std::size_t i = 0; i < v.size(); ++i) EXPECT_NEAR(d.v[i], slope(2, i), 2e-4) << i;
}

TEST(References, DifferenceIsOfTheLargestValue) {
  EXPECT_DOUBLE_EQ(difference({1, -4}, {1, -3}), 0.25);
  EXPECT_EQ(difference({1}, {1}), 0);
  EXPECT_TRUE(std::isinf(difference({1}, {1, 2})));
  EXPECT_TRUE(std::isinf(difference({1}, {NAN})));
}

}  // namespace
}  // namespace ithaca
