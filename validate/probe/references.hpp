#pragma once
// What the probe's kernels must compute, plainly on the CPU: a kernel that is fast and wrong is not worth timing.

#include <cstdint>
#include <vector>

#include "model/compute.hpp"

namespace ithaca::reference {

using Numbers = std::vector<float>;

/// Row by row, `columns` each; weights are 1, shifts 0, epsilon 1e-5.
Numbers rms_norm(const Numbers& x, std::size_t columns);
Numbers layer_norm(const Numbers& x, std::size_t columns);
/// Rows of gate (columns) and up (columns): gate x sigmoid(gate) x up.
Numbers swiglu(const Numbers& gate_up, std::size_t columns);
Numbers gelu(const Numbers& x);  ///< by tanh
Numbers residual(const Numbers& x, const Numbers& y);

/// [tokens, ranks x width] to [ranks, tokens, width], in whatever elements: where element i goes.
std::vector<std::size_t> pack_places(std::size_t tokens, std::size_t ranks, std::size_t width);

/// Tensors as [batch, tokens, heads, head_dim]; `stats` as [batch, heads, queries]: the logarithm of the row's sum of
/// exponentials.
struct Attention {
  Numbers o, stats;
};
Attention attention(const AttentionCall& call, const Numbers& q, const Numbers& k, const Numbers& v);
struct AttentionGradients {
  Numbers q, k, v;
};
AttentionGradients attention_gradients(const AttentionCall& call, const Numbers& q, const Numbers& k, const Numbers& v,
                                       const Numbers& d_o);

/// The largest difference over the largest value of `expected`.
double difference(const Numbers& expected, const Numbers& got);

}  // namespace ithaca::reference
