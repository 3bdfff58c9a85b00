#pragma once
// Hugging Face config.json files as they are: llama, mistral, qwen2, qwen3 and gpt2.

#include "configs/reader/document.hpp"
#include "configs/reader/fields.hpp"
#include "configs/reader/load_model.hpp"

namespace ithaca {

/// Keys that this reader does not need are passed over: such files hold dozens.
LoadedModel read_hugging_face(const Document& document, Diagnostics& problems);

/// Counts within what any model has, so that products of them stay far below 2^63.
Parsed<std::int64_t> parse_width(std::string_view text);      ///< hidden and FFN size, vocabulary
Parsed<std::int64_t> parse_layers(std::string_view text);     ///< layers, heads, head dimension
Parsed<std::int64_t> parse_positions(std::string_view text);  ///< rows of a learned position table; may be 0

/// The names that a file format gives to the figures that must agree.
struct ShapeKeys {
  std::string_view hidden, heads, kv_heads, head_dim;
};
/// Reports figures that contradict each other: KV heads that do not divide the heads, a head size that does not follow
/// from the hidden size where it is not given.
/// top_k within the experts, dense layers within the layers, positions within a head. Reported at the whole map.
void check_experts(Fields& fields, const Transformer& m);
void check_shape(Fields& fields, const Transformer& model, const ShapeKeys& keys);

}  // namespace ithaca
