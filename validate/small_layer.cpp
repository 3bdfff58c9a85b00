#include "validate/small_layer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ithaca {
namespace {

std::size_t size(std::int64_t count) { return static_cast<std::size_t>(count); }

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix c = zeros(a.rows, b.columns);
  for (std::size_t i = 0; i < a.rows; ++i) {
    for (std::size_t k = 0; k < a.columns; ++k) {
      const float factor = a.row(i)[k];
      for (std::size_t j = 0; j < b.columns; ++j) c.row(i)[j] += factor * b.row(k)[j];
    }
  }
  return c;
}

void add(Matrix& sum, const Matrix& other) {
  for (std::size_t i = 0; i < sum.values.size(); ++i) sum.values[i] += other.values[i];
}

Matrix columns_of(const Matrix& m, std::size_t first, std::size_t count) {
  Matrix part = zeros(m.rows, count);
  for (std::size_t i = 0; i < m.rows; ++i) {
    const auto from = m.row(i).subspan(first, count);
    std::copy(from.begin(), from.end(), part.row(i).begin());
  }
  return part;
}

Matrix rows_of(const Matrix& m, std::size_t first, std::size_t count) {
  Matrix part = zeros(count, m.columns);
  for (std::size_t i = 0; i < count; ++i) std::copy_n(m.row(first + i).begin(), m.columns, part.row(i).begin());
  return part;
}

/// Consecutive heads, and the KV heads behind them.
struct Heads {
  std::size_t first = 0, count = 0, first_kv = 0, count_kv = 0;
};

Heads heads_between(const Transformer& shape, std::size_t first, std::size_t end) {
  const std::size_t share = size(shape.heads / shape.kv_heads);  // query heads of one KV head
  return {first, end - first, first / share, (end - 1) / share - first / share + 1};
}

/// Larger shares first.
Heads heads_of(const Transformer& shape, int rank, int ranks) {
  const std::size_t all = size(shape.heads), p = size(ranks), r = size(rank);
  const auto begin = [&](std::size_t i) { return i * (all / p) + std::min(i, all % p); };
  return heads_between(shape, begin(r), begin(r + 1));
}

/// One head: softmax(q k^T / sqrt(d)) v, of columns `d * head` of q and `d * kv` of k and v.
void attend(const Matrix& q, const Matrix& k, const Matrix& v, std::size_t head, std::size_t kv, std::size_t d,
            bool causal, Matrix& out) {
  std::vector<float> score(k.rows);
  for (std::size_t i = 0; i < q.rows; ++i) {
    const std::size_t seen = causal ? i + 1 : k.rows;
    float highest = -std::numeric_limits<float>::infinity(), sum = 0;
    for (std::size_t j = 0; j < seen; ++j) {
      float dot = 0;
      for (std::size_t c = 0; c < d; ++c) dot += q.row(i)[head * d + c] * k.row(j)[kv * d + c];
      score[j] = dot / std::sqrt(static_cast<float>(d));
      highest = std::max(highest, score[j]);
    }
    for (std::size_t j = 0; j < seen; ++j) sum += score[j] = std::exp(score[j] - highest);
    for (std::size_t j = 0; j < seen; ++j) {
      for (std::size_t c = 0; c < d; ++c) out.row(i)[head * d + c] += score[j] / sum * v.row(j)[kv * d + c];
    }
  }
}

/// q has the columns of `heads`, k and v those of their KV heads.
Matrix attention(const SmallLayer& layer, const Heads& heads, const Matrix& q, const Matrix& k, const Matrix& v) {
  const std::size_t share = size(layer.shape.heads / layer.shape.kv_heads);
  Matrix out = zeros(q.rows, q.columns);
  for (std::size_t head = 0; head < heads.count; ++head) {
    const std::size_t kv = (heads.first + head) / share - heads.first_kv;
    attend(q, k, v, head, kv, size(layer.shape.head_dim), layer.causal, out);
  }
  return out;
}

Matrix feed_forward(const Matrix& x, const Matrix& up, const Matrix& down) {
  Matrix hidden = product(x, up);
  for (float& value : hidden.values) value = std::max(value, 0.0F);
  return product(hidden, down);
}

/// What follows the attention on any rank that holds whole rows.
Matrix finish(const SmallLayer& layer, const Matrix& tokens, const Matrix& attended) {
  Matrix x = product(attended, layer.o);
  add(x, tokens);
  Matrix y = feed_forward(x, layer.up, layer.down);
  add(y, x);
  return y;
}

void append(std::vector<float>& block, const Matrix& part) {
  block.insert(block.end(), part.values.begin(), part.values.end());
}

/// Every rank's token slice of the heads of `group.rank()`: the first all-to-all. Gives Q, K and V over all tokens.
struct Qkv {
  Matrix q, k, v;
};
Result<Qkv, std::string> gather_heads(Communicator& group, const SmallLayer& layer, const Qkv& own) {
  const std::size_t d = size(layer.shape.head_dim), slice = own.q.rows;
  Communicator::Blocks to, from;
  const Heads mine = heads_of(layer.shape, group.rank(), group.ranks());
  for (int other = 0; other < group.ranks(); ++other) {
    const Heads heads = heads_of(layer.shape, other, group.ranks());
    std::vector<float> block;
    append(block, columns_of(own.q, heads.first * d, heads.count * d));
    append(block, columns_of(own.k, heads.first_kv * d, heads.count_kv * d));
    append(block, columns_of(own.v, heads.first_kv * d, heads.count_kv * d));
    to.push_back(std::move(block));
    from.emplace_back(slice * d * (mine.count + 2 * mine.count_kv));
  }
  if (auto trouble = group.all_to_all(to, from)) return *trouble;
  Qkv all{{0, mine.count * d, {}}, {0, mine.count_kv * d, {}}, {0, mine.count_kv * d, {}}};
  for (const std::vector<float>& block : from) {
    auto at = block.begin();
    for (Matrix* part : {&all.q, &all.k, &all.v}) {
      const auto end = at + static_cast<std::ptrdiff_t>(slice * part->columns);
      part->values.insert(part->values.end(), at, end);
      part->rows += slice;
      at = end;
    }
  }
  return all;
}

/// Back again: every rank's heads of the token slice of `group.rank()`.
Result<Matrix, std::string> gather_tokens(Communicator& group, const SmallLayer& layer, const Matrix& attended) {
  const std::size_t d = size(layer.shape.head_dim), slice = attended.rows / size(group.ranks());
  Communicator::Blocks to, from;
  for (int other = 0; other < group.ranks(); ++other) {
    to.push_back(rows_of(attended, size(other) * slice, slice).values);
    from.emplace_back(slice * d * heads_of(layer.shape, other, group.ranks()).count);
  }
  if (auto trouble = group.all_to_all(to, from)) return *trouble;
  Matrix all = zeros(slice, size(layer.shape.heads) * d);
  for (int other = 0; other < group.ranks(); ++other) {
    const Heads heads = heads_of(layer.shape, other, group.ranks());
    const Matrix part{slice, heads.count * d, std::move(from[size(other)])};
    for (std::size_t i = 0; i < slice; ++i)
      std::copy_n(part.row(i).begin(), part.columns, all.row(i).begin() + static_cast<std::ptrdiff_t>(heads.first * d));
  }
  return all;
}

Result<Matrix, std::string> all_gather(Communicator& group, const Matrix& slice) {
  Matrix all = zeros(slice.rows * size(group.ranks()), slice.columns);
  std::copy(slice.values.begin(), slice.values.end(), all.row(slice.rows * size(group.rank())).begin());
  if (auto trouble = group.all_gather(all.values)) return *trouble;
  return all;
}

Result<Matrix, std::string> reduce_scatter(Communicator& group, Matrix partial) {
  if (auto trouble = group.reduce_scatter(partial.values)) return *trouble;
  const std::size_t slice = partial.rows / size(group.ranks());
  return rows_of(partial, slice * size(group.rank()), slice);
}

}  // namespace

Matrix zeros(std::size_t rows, std::size_t columns) { return {rows, columns, std::vector<float>(rows * columns)}; }

Matrix random_matrix(std::size_t rows, std::size_t columns, std::uint64_t seed) {
  Matrix m = zeros(rows, columns);
  for (float& value : m.values) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;  // Knuth's MMIX generator; its high bits are good
    value = static_cast<float>(static_cast<std::int32_t>(seed >> 40) - (1 << 23)) / static_cast<float>(1 << 23);
  }
  return m;
}

SmallLayer random_layer(const Transformer& shape, bool causal, std::uint64_t seed) {
  const std::size_t h = size(shape.hidden), query = size(shape.query_width()), kv = size(shape.kv_width());
  const std::size_t f = size(shape.ffn);
  return {shape,
          causal,
          random_matrix(h, query, seed),
          random_matrix(h, kv, seed + 1),
          random_matrix(h, kv, seed + 2),
          random_matrix(query, h, seed + 3),
          random_matrix(h, f, seed + 4),
          random_matrix(f, h, seed + 5)};
}

Matrix run_layer(const SmallLayer& layer, const Matrix& tokens) {
  const Heads all = heads_between(layer.shape, 0, size(layer.shape.heads));
  const Matrix attended =
      attention(layer, all, product(tokens, layer.q), product(tokens, layer.k), product(tokens, layer.v));
  return finish(layer, tokens, attended);
}

Result<Matrix, std::string> run_ulysses(Communicator& group, const SmallLayer& layer, const Matrix& tokens) {
  const Qkv own{product(tokens, layer.q), product(tokens, layer.k), product(tokens, layer.v)};
  const auto all = gather_heads(group, layer, own);
  if (!all) return all.error();
  const Heads mine = heads_of(layer.shape, group.rank(), group.ranks());
  const auto attended = gather_tokens(group, layer, attention(layer, mine, all->q, all->k, all->v));
  if (!attended) return attended.error();
  return finish(layer, tokens, *attended);
}

Result<Matrix, std::string> run_megatron_sp(Communicator& group, const SmallLayer& layer, const Matrix& tokens) {
  const std::size_t d = size(layer.shape.head_dim), ranks = size(group.ranks()), rank = size(group.rank());
  const Heads mine = heads_of(layer.shape, group.rank(), group.ranks());
  const auto input = all_gather(group, tokens);
  if (!input) return input.error();
  const auto projected = [&](const Matrix& weights, std::size_t first, std::size_t count) {
    return product(*input, columns_of(weights, first * d, count * d));
  };
  const Matrix attended =
      attention(layer, mine, projected(layer.q, mine.first, mine.count),
                projected(layer.k, mine.first_kv, mine.count_kv), projected(layer.v, mine.first_kv, mine.count_kv));
  auto x = reduce_scatter(group, product(attended, rows_of(layer.o, mine.first * d, mine.count * d)));
  if (!x) return x.error();
  add(x.value(), tokens);
  const auto middle = all_gather(group, *x);
  if (!middle) return middle.error();
  const std::size_t f = size(layer.shape.ffn) / ranks;
  auto y =
      reduce_scatter(group, feed_forward(*middle, columns_of(layer.up, rank * f, f), rows_of(layer.down, rank * f, f)));
  if (!y) return y.error();
  add(y.value(), *x);
  return y;
}

}  // namespace ithaca
