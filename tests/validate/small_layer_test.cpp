#include "validate/small_layer.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "model/traffic.hpp"
#include "tests/support/machines.hpp"
#include "tests/support/ranks.hpp"
#include "validate/tcp/tcp_communicator.hpp"

namespace ithaca {
namespace {

Transformer shape(std::int64_t heads, std::int64_t kv_heads) {
  Transformer m;
  m.name = "small";
  m.layers = 1;
  m.heads = heads;
  m.kv_heads = kv_heads;
  m.head_dim = 4;
  m.hidden = 24;
  m.ffn = 48;
  m.vocab = 8;
  m.gated_ffn = false;
  return m;
}

/// What the model says the busiest rank sends in one layer's forward, in fp32.
double model_sent_bytes(const Transformer& model, std::int64_t tokens, const Layout& layout) {
  Workload work = test::sequence(tokens);
  work.dtype = Dtype::fp32;
  const Cluster cluster = test::round_cluster();
  return layer_traffic(model, work, cluster, layout, split_rank(model, work, layout), place_groups(cluster, layout))
      .forward.sent.value();
}

Matrix slice_of(const Matrix& tokens, int rank, int ranks) {
  const std::size_t rows = tokens.rows / static_cast<std::size_t>(ranks);
  Matrix slice = zeros(rows, tokens.columns);
  for (std::size_t i = 0; i < rows; ++i) {
    const auto row = tokens.row(static_cast<std::size_t>(rank) * rows + i);
    std::copy(row.begin(), row.end(), slice.row(i).begin());
  }
  return slice;
}

double worst_difference(const Matrix& a, const Matrix& b) {
  double worst = 0, largest = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(a.values[i]) - static_cast<double>(b.values[i])));
    largest = std::max(largest, std::abs(static_cast<double>(b.values[i])));
  }
  return worst / largest;
}

using Run = Result<Matrix, std::string> (*)(Communicator&, const SmallLayer&, const Matrix&);

/// fp32 sums in another order differ by rounding alone: a few times 2^-24 of the largest value.
void expect_same_result_and_bytes(const Transformer& model, const Layout& layout, int ranks, Run run) {
  constexpr std::size_t kTokens = 48;
  for (const bool causal : {true, false}) {
    const SmallLayer layer = random_layer(model, causal, 7);
    const Matrix tokens = random_matrix(kTokens, static_cast<std::size_t>(model.hidden), 11);
    const Matrix expected = run_layer(layer, tokens);
    test::as_ranks(ranks, [&](const Mesh& mesh) {
      TcpCommunicator group(mesh);
      const auto own = run(group, layer, slice_of(tokens, mesh.rank(), ranks));
      ASSERT_TRUE(own) << own.error();
      EXPECT_LT(worst_difference(*own, slice_of(expected, mesh.rank(), ranks)), 2e-6);
      EXPECT_EQ(mesh.max_over_ranks(group.sent_bytes()).value(), model_sent_bytes(model, kTokens, layout));
    });
  }
}

void expect_ulysses(const Transformer& model, int ranks) {
  expect_same_result_and_bytes(model, {.strategy = Strategy::ulysses, .ulysses = ranks}, ranks, run_ulysses);
}

TEST(Ulysses, EqualsOneProcessAndSendsWhatTheModelSays) { expect_ulysses(shape(6, 6), 3); }
TEST(Ulysses, GroupedHeads) { expect_ulysses(shape(8, 4), 4); }
TEST(Ulysses, GroupedHeadsWithCopies) { expect_ulysses(shape(8, 2), 4); }
TEST(Ulysses, OneKvHead) { expect_ulysses(shape(6, 1), 6); }
TEST(Ulysses, UnevenHeads) { expect_ulysses(shape(7, 7), 3); }
TEST(Ulysses, UnevenGroupsAreCut) { expect_ulysses(shape(10, 5), 4); }

void expect_megatron(const Transformer& model, int ranks) {
  expect_same_result_and_bytes(model, {.strategy = Strategy::megatron_sp, .tp = ranks}, ranks, run_megatron_sp);
}

TEST(MegatronSp, EqualsOneProcessAndSendsWhatTheModelSays) { expect_megatron(shape(6, 6), 3); }
TEST(MegatronSp, GroupedHeads) { expect_megatron(shape(8, 4), 4); }
TEST(MegatronSp, GroupedHeadsWithCopies) { expect_megatron(shape(8, 2), 4); }

}  // namespace
}  // namespace ithaca
