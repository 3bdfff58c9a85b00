#include "validate/probe/attention_graph.hpp"

#include <cmath>
#include <limits>

namespace ithaca {
namespace {

using Graph = CudnnGraph;
using Tensor = Graph::Tensor;
using Dims = Graph::Dims;
using Binary = Graph::Binary;
using Unary = Graph::Unary;
using Type = Graph::Type;

/// [batch, heads, tokens, head_dim] over memory that is [batch, tokens, heads, head_dim].
Tensor token_major(Graph& graph, const AttentionCall& c, std::int64_t heads, std::int64_t tokens) {
  return graph.in_memory({c.batch, heads, tokens, c.head_dim},
                         {tokens * heads * c.head_dim, c.head_dim, heads * c.head_dim, 1}, Type::bf16);
}

/// The same with the last two dimensions exchanged.
Tensor token_major_transposed(Graph& graph, const AttentionCall& c, std::int64_t heads, std::int64_t tokens) {
  return graph.in_memory({c.batch, heads, c.head_dim, tokens},
                         {tokens * heads * c.head_dim, c.head_dim, 1, heads * c.head_dim}, Type::bf16);
}

Dims score_dims(const AttentionCall& c) { return {c.batch, c.heads, c.queries, c.keys}; }
Dims row_dims(const AttentionCall& c) { return {c.batch, c.heads, c.queries, 1}; }

Tensor masked(Graph& graph, const AttentionCall& c, const Tensor& scores) {
  if (!c.causal) return scores;
  const Tensor row = graph.index(scores, 2), column = graph.index(scores, 3);
  const Tensor seen =
      graph.binary(Binary::row_not_before_column, row, column, graph.between(scores.dims, Type::boolean));
  return graph.select(seen, scores, graph.scalar(std::numeric_limits<float>::lowest()));
}

Tensor scale_of(Graph& graph, const AttentionCall& c) {
  return graph.scalar(1.0f / std::sqrt(static_cast<float>(c.head_dim)));
}

/// Strides of the scores seen with queries and keys exchanged.
Tensor transposed(Graph& graph, const AttentionCall& c, const Tensor& scores) {
  return graph.view(scores, graph.between({c.batch, c.heads, c.keys, c.queries},
                                          {c.heads * c.queries * c.keys, c.queries * c.keys, 1, c.keys}, Type::bf16));
}

/// a x b into `result`, or summed over the query heads that share a KV head.
void matmul_to_kv(Graph& graph, const AttentionCall& c, const Tensor& a, const Tensor& b, const Tensor& result) {
  if (c.heads == c.kv_heads) {
    graph.matmul(a, b, result);
    return;
  }
  const Tensor all = graph.matmul(a, b, graph.between({c.batch, c.heads, c.keys, c.head_dim}, Type::bf16));
  graph.reduce(Graph::Reduction::sum, all, result);
}

}  // namespace

AttentionTensors build_attention_forward(Graph& graph, const AttentionCall& c) {
  const Tensor q = token_major(graph, c, c.heads, c.queries);
  const Tensor k = token_major_transposed(graph, c, c.kv_heads, c.keys);
  const Tensor v = token_major(graph, c, c.kv_heads, c.keys);
  const Tensor o = token_major(graph, c, c.heads, c.queries);
  const Tensor stats = graph.in_memory(row_dims(c), packed_strides(row_dims(c)), Type::fp32);
  const Dims scores = score_dims(c), rows = row_dims(c);

  Tensor s = graph.matmul(q, k, graph.between(scores));
  s = graph.binary(Binary::mul, s, scale_of(graph, c), graph.between(scores));
  s = masked(graph, c, s);
  const Tensor most = graph.reduce(Graph::Reduction::max, s, graph.between(rows));
  const Tensor less = graph.binary(Binary::sub, s, most, graph.between(scores));
  const Tensor exponential = graph.unary(Unary::exp, less, graph.between(scores));
  const Tensor sum = graph.reduce(Graph::Reduction::sum, exponential, graph.between(rows));
  const Tensor log_sum = graph.unary(Unary::log, sum, graph.between(rows));
  graph.binary(Binary::add, most, log_sum, stats);
  const Tensor p = graph.binary(Binary::div, exponential, sum, graph.between(scores, Type::bf16));
  graph.matmul(p, v, o);
  AttentionTensors ids;
  ids.q = q.id, ids.k = k.id, ids.v = v.id, ids.o = o.id, ids.stats = stats.id;
  return ids;
}

AttentionTensors build_attention_backward(Graph& graph, const AttentionCall& c) {
  const Dims scores = score_dims(c), rows = row_dims(c);
  const Tensor q = token_major(graph, c, c.heads, c.queries);
  const Tensor k = token_major_transposed(graph, c, c.kv_heads, c.keys);
  const Tensor v = token_major_transposed(graph, c, c.kv_heads, c.keys);
  const Tensor o = token_major(graph, c, c.heads, c.queries), d_o = token_major(graph, c, c.heads, c.queries);
  const Tensor d_q = token_major(graph, c, c.heads, c.queries);
  const Tensor d_k = token_major(graph, c, c.kv_heads, c.keys), d_v = token_major(graph, c, c.kv_heads, c.keys);
  const Tensor stats = graph.in_memory(rows, packed_strides(rows), Type::fp32);
  const Tensor sums = graph.in_memory(rows, packed_strides(rows), Type::fp32);
  const Tensor accumulator = graph.in_memory(q.dims, packed_strides(q.dims), Type::fp32);
  const Tensor scale = scale_of(graph, c);

  // Row sums of dO * O; the engines expect a factor there, which dropout would use.
  const Tensor product = graph.binary(Binary::mul, d_o, o, graph.between(o.dims, o.strides, Type::fp32));
  const Tensor row_sum = graph.reduce(Graph::Reduction::sum, product, graph.between(rows));
  graph.binary(Binary::mul, row_sum, graph.scalar(1.0f), sums);

  // P = exp(scale Q K^T - stats), dV = P^T dO.
  Tensor s = graph.matmul(q, k, graph.between(scores));
  s = graph.binary(Binary::mul, s, scale, graph.between(scores));
  s = graph.binary(Binary::sub, s, stats, graph.between(scores));
  s = masked(graph, c, s);
  const Tensor p = graph.unary(Unary::exp, s, graph.between(scores));
  matmul_to_kv(graph, c, transposed(graph, c, p), d_o, d_v);

  // dS = scale P (dO V^T - sums), dK = dS^T Q, dQ = dS K.
  Tensor d_s = graph.matmul(d_o, v, graph.between(scores));
  d_s = graph.binary(Binary::sub, d_s, sums, graph.between(scores));
  d_s = graph.binary(Binary::mul, d_s, p, graph.between(scores));
  d_s = graph.binary(Binary::mul, d_s, scale, graph.between(scores));
  matmul_to_kv(graph, c, transposed(graph, c, d_s), q, d_k);
  const Tensor k_again =
      graph.view(k, graph.between({c.batch, c.kv_heads, c.keys, c.head_dim},
                                  {k.strides[0], k.strides[1], k.strides[3], k.strides[2]}, Type::bf16));
  graph.matmul(d_s, k_again, accumulator);
  graph.unary(Unary::identity, accumulator, d_q);
  return {q.id, k.id, v.id, o.id, stats.id, d_o.id, d_q.id, d_k.id, d_v.id, accumulator.id, sums.id};
}

}  // namespace ithaca
