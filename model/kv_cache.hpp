#pragma once
// Keys and values that inference keeps of every token: K and V of the KV heads, or the latents of multi-head latent
// attention (arXiv 2405.04434 section 2.1.2), for all tokens or for the window that a layer sees.

#include "model/layout.hpp"
#include "model/quantity.hpp"
#include "model/split.hpp"
#include "model/transformer.hpp"

namespace ithaca {

/// Elements that one token leaves in one layer: 2 a_kv d, or the latent and the rotary key that all heads share.
double cache_width(const Transformer& model);
/// Of them those on one rank: its KV heads, copied where tp x ulysses is above them; latents are whole on every rank.
double cache_width(const Transformer& model, const RankSplit& rank);

/// Tokens of one sequence of `tokens` that one rank of the ring keeps, on average over the layers. A windowed layer's
/// last tokens may all lie on one rank.
double cached_tokens(const Transformer& model, const Layout& layout, double tokens);

/// Bytes of `sequences` of `tokens` in `layers` layers on one rank, `element` bytes an element.
Bytes cache_bytes(const Transformer& model, const Layout& layout, const RankSplit& rank, double sequences,
                  double tokens, double layers, double element);
/// Of the whole model, each token once.
Bytes cache_bytes(const Transformer& model, double sequences, double tokens, double element);

}  // namespace ithaca
