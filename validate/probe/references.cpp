#include "validate/probe/references.hpp"

#include <algorithm>
#include <cmath>

namespace ithaca::reference {
namespace {

constexpr double kEpsilon = 1e-5;

/// Each row less its mean (or not), over its standard deviation from there.
Numbers normalise(const Numbers& x, std::size_t columns, bool centred) {
  Numbers y(x.size());
  for (std::size_t row = 0; row < x.size(); row += columns) {
    double mean = 0, square = 0;
    for (std::size_t i = row; centred && i < row + columns; ++i) mean += x[i] / static_cast<double>(columns);
    for (std::size_t i = row; i < row + columns; ++i) square += (x[i] - mean) * (x[i] - mean);
    const double scale = 1 / std::sqrt(square / static_cast<double>(columns) + kEpsilon);
    for (std::size_t i = row; i < row + columns; ++i) y[i] = static_cast<float>((x[i] - mean) * scale);
  }
  return y;
}

/// Element places of one attention call.
struct Places {
  const AttentionCall& c;
  std::size_t of(std::int64_t batch, std::int64_t token, std::int64_t head, std::int64_t tokens,
                 std::int64_t heads) const {
    return static_cast<std::size_t>(((batch * tokens + token) * heads + head) * c.head_dim);
  }
  std::size_t query(std::int64_t b, std::int64_t i, std::int64_t h) const { return of(b, i, h, c.queries, c.heads); }
  std::size_t key(std::int64_t b, std::int64_t j, std::int64_t h) const {
    return of(b, j, h / (c.heads / c.kv_heads), c.keys, c.kv_heads);
  }
};

double dot(const Numbers& a, std::size_t i, const Numbers& b, std::size_t j, std::int64_t count) {
  double sum = 0;
  for (std::size_t d = 0; d < static_cast<std::size_t>(count); ++d) sum += static_cast<double>(a[i + d]) * b[j + d];
  return sum;
}

void add_scaled(Numbers& to, std::size_t i, const Numbers& from, std::size_t j, double factor, std::int64_t count) {
  for (std::size_t d = 0; d < static_cast<std::size_t>(count); ++d)
    to[i + d] += static_cast<float>(factor * from[j + d]);
}

/// Probabilities of one query, and the logarithm of the sum behind them.
struct Row {
  std::vector<double> p;
  double log_sum = 0;
};
Row probabilities(const AttentionCall& c, const Numbers& q, const Numbers& k, std::int64_t b, std::int64_t h,
                  std::int64_t i) {
  const Places at{c};
  const std::int64_t seen = c.causal ? std::min(i + 1, c.keys) : c.keys;
  Row row;
  double sum = 0;
  for (std::int64_t j = 0; j < seen; ++j) {
    row.p.push_back(dot(q, at.query(b, i, h), k, at.key(b, j, h), c.head_dim) /
                    std::sqrt(static_cast<double>(c.head_dim)));
  }
  const double most = *std::max_element(row.p.begin(), row.p.end());
  for (double& p : row.p) sum += p = std::exp(p - most);
  for (double& p : row.p) p /= sum;
  row.log_sum = most + std::log(sum);
  return row;
}

template <class F>
void for_each_query(const AttentionCall& c, F f) {
  for (std::int64_t b = 0; b < c.batch; ++b)
    for (std::int64_t h = 0; h < c.heads; ++h)
      for (std::int64_t i = 0; i < c.queries; ++i) f(b, h, i);
}

}  // namespace

Numbers rms_norm(const Numbers& x, std::size_t columns) { return normalise(x, columns, false); }
Numbers layer_norm(const Numbers& x, std::size_t columns) { return normalise(x, columns, true); }

Numbers swiglu(const Numbers& gate_up, std::size_t columns) {
  Numbers y(gate_up.size() / 2);
  for (std::size_t i = 0; i < y.size(); ++i) {
    const float* row = gate_up.data() + i / columns * 2 * columns;
    const float gate = row[i % columns], up = row[columns + i % columns];
    y[i] = gate / (1 + std::exp(-gate)) * up;
  }
  return y;
}

Numbers gelu(const Numbers& x) {
  constexpr float kScale = 0.7978845608f;  // sqrt(2 / pi)
  Numbers y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i)
    y[i] = 0.5f * x[i] * (1 + std::tanh(kScale * (x[i] + 0.044715f * x[i] * x[i] * x[i])));
  return y;
}

Numbers residual(const Numbers& x, const Numbers& y) {
  Numbers sum(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) sum[i] = x[i] + y[i];
  return sum;
}

std::vector<std::size_t> pack_places(std::size_t tokens, std::size_t ranks, std::size_t width) {
  std::vector<std::size_t> places;
  for (std::size_t token = 0; token < tokens; ++token)
    for (std::size_t rank = 0; rank < ranks; ++rank)
      for (std::size_t i = 0; i < width; ++i) places.push_back((rank * tokens + token) * width + i);
  return places;
}

Attention attention(const AttentionCall& c, const Numbers& q, const Numbers& k, const Numbers& v) {
  const Places at{c};
  Attention out{Numbers(q.size()), {}};
  for_each_query(c, [&](std::int64_t b, std::int64_t h, std::int64_t i) {
    const Row row = probabilities(c, q, k, b, h, i);
    for (std::size_t j = 0; j < row.p.size(); ++j)
      add_scaled(out.o, at.query(b, i, h), v, at.key(b, static_cast<std::int64_t>(j), h), row.p[j], c.head_dim);
    out.stats.push_back(static_cast<float>(row.log_sum));
  });
  return out;
}

AttentionGradients attention_gradients(const AttentionCall& c, const Numbers& q, const Numbers& k, const Numbers& v,
                                       const Numbers& d_o) {
  const Places at{c};
  const double scale = 1 / std::sqrt(static_cast<double>(c.head_dim));
  const Attention forward = attention(c, q, k, v);
  AttentionGradients d{Numbers(q.size()), Numbers(k.size()), Numbers(v.size())};
  for_each_query(c, [&](std::int64_t b, std::int64_t h, std::int64_t i) {
    const Row row = probabilities(c, q, k, b, h, i);
    const std::size_t here = at.query(b, i, h);
    const double sum = dot(d_o, here, forward.o, here, c.head_dim);
    for (std::size_t j = 0; j < row.p.size(); ++j) {
      const std::size_t there = at.key(b, static_cast<std::int64_t>(j), h);
      const double d_s = scale * row.p[j] * (dot(d_o, here, v, there, c.head_dim) - sum);
      add_scaled(d.v, there, d_o, here, row.p[j], c.head_dim);
      add_scaled(d.k, there, q, here, d_s, c.head_dim);
      add_scaled(d.q, here, k, there, d_s, c.head_dim);
    }
  });
  return d;
}

double difference(const Numbers& expected, const Numbers& got) {
  double most = 0, apart = expected.size() == got.size() ? 0 : INFINITY;
  for (std::size_t i = 0; i < std::min(expected.size(), got.size()); ++i) {
    most = std::max(most, std::abs(static_cast<double>(expected[i])));
    const double off = std::abs(static_cast<double>(expected[i]) - got[i]);
    apart = std::isnan(off) ? INFINITY : std::max(apart, off);
  }
  return most == 0 ? apart : apart / most;
}

}  // namespace ithaca::reference
