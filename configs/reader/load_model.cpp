#include "configs/reader/load_model.hpp"

#include "configs/reader/catalogue.hpp"
#include "configs/reader/fields.hpp"
#include "configs/reader/hugging_face.hpp"

namespace ithaca {
namespace {

Parsed<Norm> parse_norm(std::string_view text) {
  if (text == "rms") return Norm::rms;
  if (text == "layer") return Norm::layer;
  return UnitError{"'" + std::string(text) + "' is no norm", "write rms or layer"};
}

void read_shape(Fields& fields, Transformer& m) {
  m.hidden = fields.need("hidden", parse_width);
  m.layers = fields.need("layers", parse_layers);
  m.heads = fields.need("heads", parse_layers);
  m.kv_heads = fields.maybe("kv_heads", parse_layers).value_or(m.heads);
  m.head_dim = fields.maybe("head_dim", parse_layers).value_or(m.heads > 0 ? m.hidden / m.heads : 0);
  m.ffn = fields.need("ffn", parse_width);
  m.vocab = fields.need("vocab", parse_width);
  m.learned_positions = fields.maybe("learned_positions", parse_positions).value_or(0);
  m.norm = fields.maybe("norm", parse_norm).value_or(Norm::rms);
  m.gated_ffn = fields.maybe("gated_ffn", parse_flag).value_or(true);
  m.tied_embeddings = fields.maybe("tied_embeddings", parse_flag).value_or(false);
  m.final_norm = fields.maybe("final_norm", parse_flag).value_or(true);
  m.qkv_bias = fields.maybe("qkv_bias", parse_flag).value_or(false);
  m.output_bias = fields.maybe("output_bias", parse_flag).value_or(false);
  m.ffn_bias = fields.maybe("ffn_bias", parse_flag).value_or(false);
  m.qk_norm = fields.maybe("qk_norm", parse_flag).value_or(false);
}

void read_mask(Fields& fields, Transformer& m) {
  m.window = fields.maybe("window", parse_width).value_or(0);
  m.full_layers = fields.maybe("full_layers", parse_positions).value_or(0);
  m.attention_density = fields.maybe("attention_density", parse_share).value_or(1);
  const Node* full = fields.node("full_layers");
  if (full != nullptr && m.window == 0)
    fields.problem(*full, "'full_layers' are those without a window, and there is none", "", "add 'window: 4096'");
  else if (full != nullptr && m.full_layers > m.layers)
    fields.problem(*full, std::to_string(m.full_layers) + " full layers, of " + std::to_string(m.layers), "",
                   "correct one of them");
}

void read_latent_attention(Fields& fields, Transformer& m) {
  LatentAttention& l = m.latent;
  l.query_rank = fields.maybe("query_rank", parse_width).value_or(0);
  l.kv_rank = fields.need("kv_rank", parse_width);
  l.rope_dim = fields.need("rope_dim", parse_layers);
  m.value_dim = fields.need("value_dim", parse_layers);
}

void read_experts(Fields& fields, Experts& e) {
  e.count = fields.need("count", parse_width);
  e.top_k = fields.need("top_k", parse_layers);
  e.ffn = fields.need("ffn", parse_width);
  e.shared_ffn = fields.maybe("shared_ffn", parse_width).value_or(0);
  e.dense_layers = fields.maybe("dense_layers", parse_positions).value_or(0);
  if (e.imbalance = fields.maybe("imbalance", parse_number).value_or(1); e.imbalance < 1)
    fields.problem(*fields.node("imbalance"), "the busiest experts have no fewer tokens than the mean", "",
                   "give 1 or more");
}

/// Calls `read(Fields&)` on the map under `key`, where there is one.
template <class Read>
void inside(const Document& document, Fields& fields, std::string_view key, Diagnostics& problems, Read read) {
  if (!fields.has(key)) return;
  const Node* map = fields.map(key);
  if (map == nullptr) return;
  Fields inner(document, *map, "'" + std::string(key) + "'", problems);
  read(inner);
  inner.finish();
}

LoadedModel read_model(const Document& document, Diagnostics& problems) {
  Fields fields(document, document.root, "the model", problems);
  LoadedModel loaded;
  check_schema(fields, "model");
  loaded.model.name = fields.text("name");
  loaded.source = fields.text("source");
  loaded.note = fields.text_or("note", "");
  read_shape(fields, loaded.model);
  read_mask(fields, loaded.model);
  inside(document, fields, "latent", problems, [&](Fields& f) { read_latent_attention(f, loaded.model); });
  inside(document, fields, "experts", problems, [&](Fields& f) { read_experts(f, loaded.model.experts); });
  check_experts(fields, loaded.model);
  check_shape(fields, loaded.model, {"hidden", "heads", "kv_heads", "head_dim"});
  fields.finish();
  return loaded;
}

bool is_hugging_face(const Document& document) {
  for (const Entry& entry : document.root.entries) {
    if (entry.key.text == "schema") return false;
    if (entry.key.text == "model_type" || entry.key.text == "architectures") return true;
  }
  return document.file.ends_with(".json");
}

}  // namespace

Result<LoadedModel, Diagnostics> load_model(std::string_view name_or_path) {
  auto document = open_document(Kind::model, name_or_path);
  if (!document) return document.error();
  Diagnostics problems;
  LoadedModel loaded =
      is_hugging_face(*document) ? read_hugging_face(*document, problems) : read_model(*document, problems);
  loaded.file = document->file;
  if (!problems.empty()) return problems;
  return loaded;
}

}  // namespace ithaca
