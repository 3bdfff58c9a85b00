#pragma once
// The shape of a decoder-only transformer and what follows from it alone: parameters and matrix sizes.
// Symbols of the field: h hidden, L layers, a query heads, a_kv key/value heads, d head dimension, f FFN size, V
// vocabulary.

#include <cstdint>
#include <string>

namespace ithaca {

enum class Norm : std::uint8_t { rms, layer };  ///< weights per norm: h, and h + h (scale and bias)

/// Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434 section 2.1): Q, K and V are expanded from narrow
/// latents, and each head's query and key are `rope_dim` wider than the part without positions. Off while kv_rank is 0.
struct LatentAttention {
  std::int64_t query_rank = 0;  ///< 0: Q straight from the hidden state
  std::int64_t kv_rank = 0;
  std::int64_t rope_dim = 0;  ///< shared by all heads' keys
};

/// Mixture of experts in the layers after the first `dense_layers`: a router sends each token to `top_k` of `count`
/// FFNs of width `ffn`; the shared experts, `shared_ffn` wide together, see every token. Off while count is 0.
struct Experts {
  std::int64_t count = 0;
  std::int64_t top_k = 0;
  std::int64_t ffn = 0;
  std::int64_t shared_ffn = 0;
  std::int64_t dense_layers = 0;
  double imbalance = 1;  ///< tokens of the busiest rank's experts over the mean
};

struct Transformer {
  std::string name;
  std::int64_t hidden = 0;
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;   ///< of queries and keys
  std::int64_t value_dim = 0;  ///< of values; 0: head_dim
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
  LatentAttention latent;
  Experts experts;
  std::int64_t window = 0;       ///< keys that a query of a windowed layer sees; 0: all before it
  std::int64_t full_layers = 0;  ///< with a window, the layers that see everything all the same
  double attention_density = 1;  ///< share of the mask's blocks that block-sparse attention computes

  constexpr std::int64_t query_width() const { return heads * head_dim; }
  constexpr std::int64_t kv_width() const { return kv_heads * head_dim; }
  constexpr std::int64_t value_head() const { return value_dim > 0 ? value_dim : head_dim; }
  constexpr bool is_moe() const { return experts.count > 0; }
  constexpr bool is_latent() const { return latent.kv_rank > 0; }
};

/// A model without experts has dense layers only.
enum class LayerKind : std::uint8_t { dense, moe };
inline constexpr int kLayerKinds = 2;
constexpr std::int64_t layers_of(const Transformer& m, LayerKind kind) {
  const std::int64_t dense = m.is_moe() ? m.experts.dense_layers : m.layers;
  return kind == LayerKind::dense ? dense : m.layers - dense;
}
/// The kind that most layers have.
constexpr LayerKind main_kind(const Transformer& m) { return m.is_moe() ? LayerKind::moe : LayerKind::dense; }

/// Parameters of one layer's attention matrices with their biases and inner norms.
std::int64_t attention_parameters(const Transformer& model);
/// Of one FFN `width` wide, biases included.
std::int64_t ffn_parameters(const Transformer& model, std::int64_t width);
/// Of one layer: attention, FFN or router and all experts, norms.
std::int64_t layer_parameters(const Transformer& model, LayerKind kind);
std::int64_t layer_parameters(const Transformer& model);  ///< of the main kind
/// Parameters of token and position embeddings, final norm and language-model head.
std::int64_t embedding_parameters(const Transformer& model);
/// All parameters, equal to the released checkpoint's count.
std::int64_t parameter_count(const Transformer& model);
/// Those that one token passes through: of the experts, top_k and the shared ones.
std::int64_t active_parameter_count(const Transformer& model);

}  // namespace ithaca
