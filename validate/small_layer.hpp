#pragma once
// One transformer layer computed for real, in fp32 and on any number of ranks: what a sequence split must not change.
// Attention and a plain FFN with ReLU, both with a residual; no norms and no positions, which no split touches.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/result.hpp"
#include "model/transformer.hpp"
#include "validate/communicator.hpp"

namespace ithaca {

/// Rows by columns, row by row.
struct Matrix {
  std::size_t rows = 0, columns = 0;
  std::vector<float> values;

  std::span<float> row(std::size_t i) { return std::span(values).subspan(i * columns, columns); }
  std::span<const float> row(std::size_t i) const { return std::span(values).subspan(i * columns, columns); }
};
Matrix zeros(std::size_t rows, std::size_t columns);
/// Uniform in [-1, 1), the same for the same seed on every machine.
Matrix random_matrix(std::size_t rows, std::size_t columns, std::uint64_t seed);

struct SmallLayer {
  Transformer shape;  ///< hidden, heads, kv_heads, head_dim and ffn count
  bool causal = true;
  Matrix q, k, v, o;  ///< h x a d, h x a_kv d, h x a_kv d, a d x h
  Matrix up, down;    ///< h x f, f x h
};
SmallLayer random_layer(const Transformer& shape, bool causal, std::uint64_t seed);

/// On one rank: tokens x h in and out.
Matrix run_layer(const SmallLayer& layer, const Matrix& tokens);

/// DeepSpeed-Ulysses: `tokens` are the rank's slice of N / P. Heads need not divide by P: larger shares first.
Result<Matrix, std::string> run_ulysses(Communicator& group, const SmallLayer& layer, const Matrix& tokens);
/// Megatron-SP: the same slice; heads and FFN are split over the ranks, and must divide by them.
Result<Matrix, std::string> run_megatron_sp(Communicator& group, const SmallLayer& layer, const Matrix& tokens);

}  // namespace ithaca
