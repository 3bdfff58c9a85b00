#pragma once
// The shape of a decoder-only transformer and what follows from it alone: parameters and matrix sizes.
// Symbols of the field: h hidden, L layers, a query heads, a_kv key/value heads, d head dimension, f FFN size, V
// vocabulary.

#include <cstdint>
#include <string>

namespace ithaca {

enum class Norm : std::uint8_t { rms, layer };  ///< weights per norm: h, and h + h (scale and bias)

struct Transformer {
  std::string name;
  std::int64_t hidden = 0;
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;
  std::int64_t ffn = 0;
  std::int64_t vocab = 0;
  std::int64_t learned_positions = 0;  ///< rows of a learned position table; 0 with rotary positions
  Norm norm = Norm::rms;
  bool gated_ffn = true;  ///< SwiGLU: gate, up and down; plain: up and down
  bool tied_embeddings = false;
  bool final_norm = true;
  bool qkv_bias = false;
  bool output_bias = false;
  bool ffn_bias = false;
  bool qk_norm = false;  ///< one RMSNorm of d weights for Q and one for K (Qwen3)

  constexpr std::int64_t query_width() const { return heads * head_dim; }
  constexpr std::int64_t kv_width() const { return kv_heads * head_dim; }
};

/// Parameters of the attention and FFN matrices, biases and norms of one layer.
std::int64_t layer_parameters(const Transformer& model);
/// Parameters of token and position embeddings, final norm and language-model head.
std::int64_t embedding_parameters(const Transformer& model);
/// All parameters, equal to the released checkpoint's count.
std::int64_t parameter_count(const Transformer& model);

}  // namespace ithaca
