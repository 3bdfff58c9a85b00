#include "model/kv_cache.hpp"

#include <algorithm>
#include <cmath>

namespace ithaca {
namespace {

/// Mean over the layers of the tokens kept where `held` have been seen.
double kept(const Transformer& m, double held) {
  if (m.window == 0) return held;
  const double full = real(m.full_layers) / real(m.layers);
  return full * held + (1 - full) * std::min(held, real(m.window));
}

}  // namespace

double cache_width(const Transformer& m) {
  if (m.is_latent()) return real(m.latent.kv_rank + m.latent.rope_dim);
  return real(m.kv_heads * (m.head_dim + m.value_head()));
}

double cache_width(const Transformer& m, const RankSplit& rank) {
  if (m.is_latent()) return cache_width(m);
  return real(rank.split.max_kv * (m.head_dim + m.value_head()));
}

double cached_tokens(const Transformer& m, const Layout& layout, double tokens) {
  return kept(m, std::ceil(tokens / layout.ring));
}

Bytes cache_bytes(const Transformer& m, const Layout& layout, const RankSplit& rank, double sequences, double tokens,
                  double layers, double element) {
  return Bytes{element * cache_width(m, rank) * cached_tokens(m, layout, tokens) * sequences * layers};
}

Bytes cache_bytes(const Transformer& m, double sequences, double tokens, double element) {
  return Bytes{element * cache_width(m) * kept(m, tokens) * sequences * real(m.layers)};
}

}  // namespace ithaca
