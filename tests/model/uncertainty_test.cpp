#include "model/uncertainty.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

/// Ulysses 8 on one node against tp 8 there: 65536 tokens of LLaMA-7B, updates after the step for both.
Question question() {
  Question q;
  q.model = test::llama_7b();
  q.work = test::sequence(65536);
  q.cluster = test::round_cluster();
  q.cluster.gpu.sustained = q.cluster.gpu.peak;  // so that curves have no floor near them
  q.gpus = 8;
  q.degrees.zero = 1;
  q.strategies = {Strategy::ulysses, Strategy::megatron_sp};
  return q;
}

double normal(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

struct Pair {
  Question q = question();
  std::vector<Row> rows = compare(q);
  double share(int i, Seconds ComputeParts::*part) const {
    const StepEstimate& e = *rows[static_cast<std::size_t>(i)].estimate;
    return e.parts.*part / e.step.time;
  }
  double lead() const { return std::log(rows[1].estimate->step.time / rows[0].estimate->step.time); }
  TimeComparison ask(const Uncertainty& errors) const { return compare_times(q, rows[0], rows[1], errors); }
};

Uncertainty gemm_errors(double common, double own) {
  Uncertainty errors;
  errors.half_gemm = {true, common, own};
  return errors;
}

TEST(CompareTimes, ACommonErrorCountsByTheDifferenceOfShares) {
  // All matrix products 1 % slower: ln T moves by 1 % of their share of the step, and the ratio by the difference, but
  // for what hides behind them a little better.
  const Pair p;
  const double apart = p.share(0, &ComputeParts::gemm) - p.share(1, &ComputeParts::gemm);
  const TimeComparison c = p.ask(gemm_errors(0.01, 0));
  EXPECT_TRUE(c.known);
  ASSERT_GT(std::abs(apart), 0.01);
  EXPECT_NEAR(c.deviation, 0.01 * std::abs(apart), 0.01 * std::abs(apart) * 0.05);
  EXPECT_NEAR(c.faster, normal(p.lead() / c.deviation), 1e-12);
}

TEST(CompareTimes, ClustersShareNoErrors) {
  // The same two layouts, the second on a cluster of another name: 1 % of matrix products, 0 and 3 % of the other's,
  // move each time by its share alone. Where the second's seconds cost e^0.1 as much, its lead grows by 0.1.
  const Pair p;
  Question elsewhere = p.q;
  elsewhere.cluster.name = "elsewhere";
  const Uncertainty a = gemm_errors(0.01, 0), none = gemm_errors(0, 0), b = gemm_errors(0.03, 0);
  const double first = p.share(0, &ComputeParts::gemm) * 0.01, second = p.share(1, &ComputeParts::gemm) * 0.03;
  const auto ask = [&](const Uncertainty& of_second, double dearness) {
    return compare_times({p.q, p.rows[0], a}, {elsewhere, p.rows[1], of_second}, dearness);
  };
  EXPECT_NEAR(ask(none, 1).deviation / first, 1, 0.05);
  EXPECT_NEAR(ask(b, 1).deviation / std::hypot(first, second), 1, 0.05);
  const TimeComparison dearer = ask(b, std::exp(0.1));
  EXPECT_NEAR(dearer.faster, normal((p.lead() + 0.1) / dearer.deviation), 1e-12);
}

TEST(CompareTimes, AnOwnErrorCountsForEachAloneWhereShapesDiffer) {
  // Ulysses multiplies an eighth of the tokens by whole matrices, tp all tokens by an eighth of them: other shapes.
  const Pair p;
  const double a = p.share(0, &ComputeParts::gemm), b = p.share(1, &ComputeParts::gemm);
  const TimeComparison c = p.ask(gemm_errors(0, 0.02));
  EXPECT_NEAR(c.deviation / (0.02 * std::hypot(a, b)), 1, 0.02);
  // The same layout twice runs the same shapes: nothing is left.
  const TimeComparison same = compare_times(p.q, p.rows[0], p.rows[0], gemm_errors(0.05, 0.05));
  EXPECT_EQ(same.deviation, 0);
  EXPECT_EQ(same.faster, 0.5);
}

TEST(CompareTimes, BlocksOfARingAreOfOneShapeWhereTheRingsAreAlike) {
  // 4 ranks of 65536 tokens and 8 of 131072 have blocks of 16384 tokens, but 4 and 8 to multiply them with.
  Question p = question();
  p.strategies = {Strategy::ring};
  p.gpus = 4;
  Question q = p;
  q.gpus = 8;
  q.work = test::sequence(131072);
  const Row first = compare(p)[0], second = compare(q)[0];
  ASSERT_TRUE(first.estimate && second.estimate);
  Uncertainty errors;
  errors.attention = {true, 0, 0.02};
  const auto share = [](const Row& row) { return row.estimate->parts.attention / row.estimate->step.time; };
  const TimeComparison c = compare_times({p, first, errors}, {q, second, errors}, 1);
  EXPECT_NEAR(c.deviation / (0.02 * std::hypot(share(first), share(second))), 1, 0.02);
}

TEST(CompareTimes, WithoutErrorsTheSoonerIsSurelyFaster) {
  const Pair p;
  ASSERT_LT(std::abs(p.lead()), 1);
  const Uncertainty exact = gemm_errors(0, 0);
  const std::size_t sooner = p.lead() > 0 ? 0 : 1;
  EXPECT_EQ(compare_times(p.q, p.rows[sooner], p.rows[1 - sooner], exact).faster, 1);
  EXPECT_EQ(compare_times(p.q, p.rows[1 - sooner], p.rows[sooner], exact).faster, 0);
}

TEST(CompareTimes, WhatStepsAreOffByBeyondTheirPartsCountsForEach) {
  const Pair p;
  Uncertainty errors;
  errors.steps = 0.05;
  const TimeComparison alone = p.ask(errors);
  EXPECT_NEAR(alone.deviation, 0.05 * std::sqrt(2.0), 1e-12);
  EXPECT_NEAR(alone.faster, normal(p.lead() / (0.05 * std::sqrt(2.0))), 1e-12);
  // A part that explains e leaves sqrt(0.05^2 - e^2) of each; what is common of it cancels.
  errors.half_gemm = {true, 0.03, 0};
  const double a = 0.03 * p.share(0, &ComputeParts::gemm), b = 0.03 * p.share(1, &ComputeParts::gemm);
  EXPECT_NEAR(p.ask(errors).deviation / std::sqrt((a - b) * (a - b) + 2 * 0.05 * 0.05 - a * a - b * b), 1, 0.01);
}

TEST(CompareTimes, SaysWhatHasNoInterval) {
  const Pair p;
  const TimeComparison none = p.ask({});
  EXPECT_FALSE(none.known);
  EXPECT_EQ(none.faster, 0.5);
  // Megatron-SP spends far more of its step on the links of the node; nothing crosses to another one.
  bool server = false;
  for (const ErrorSource source : none.unknown) {
    server = server || source == ErrorSource::server_links;
    EXPECT_NE(source, ErrorSource::network_links);
  }
  EXPECT_TRUE(server);
}

TEST(CompareTimes, AProfilesLinksByKindOfCollective) {
  Pair p;
  p.q.cluster.measured.regimes = {{Op::all_to_all, Algorithm::direct, Protocol::simple, false, 1, 1}};
  p.q.cluster.measured.curves = {{Op::all_to_all, Algorithm::direct, false, 8, {{1, 1}, {1e12, 1}}}};
  p.rows = compare(p.q);
  Uncertainty errors;
  errors.links = {{Op::all_to_all, false, {true, 0.1, 0}}};
  // Only Ulysses waits for all-to-alls: forward, again in the recomputation, and backward, 32 layers.
  const StepEstimate& e = *p.rows[0].estimate;
  const double share = (e.forward.time + e.backward.time) * 32.0 / e.step.time;
  const TimeComparison c = p.ask(errors);
  EXPECT_NEAR(c.deviation / (0.1 * share), 1, 0.02);
  for (const ErrorSource source : c.unknown) EXPECT_NE(source, ErrorSource::server_links);
  // Where nothing was fitted the curve of that kind is off, and no other.
  p.q.cluster.measured.regimes[0].across_nodes = true;
  p.q.cluster.measured.curves.push_back({Op::all_gather, Algorithm::ring, false, 8, {{1, 1}, {1e12, 1}}});
  p.rows = compare(p.q);
  const StepEstimate& by_curve = *p.rows[0].estimate;
  const double its_share = (by_curve.forward.time + by_curve.backward.time) * 32.0 / by_curve.step.time;
  EXPECT_NEAR(p.ask(errors).deviation / (0.1 * its_share), 1, 0.02);
}

}  // namespace
}  // namespace ithaca
