#include "configs/reader/hugging_face.hpp"

namespace ithaca {
namespace {

/// What a family means by what its config.json leaves out (transformers, the configuration class of each).
struct Family {
  std::string_view type;
  bool tied_embeddings;
  bool qkv_bias;
  bool qk_norm;
  std::int64_t kv_heads;  ///< 0: as many as query heads
  std::int64_t head_dim;  ///< 0: hidden size / heads
};
constexpr Family kFamilies[] = {
    {"llama", false, false, false, 0, 0},       {"mistral", false, false, false, 8, 0},
    {"qwen2", false, true, false, 32, 0},       {"qwen3", false, false, true, 32, 128},
    {"gpt2", true, true, false, 0, 0},          {"mixtral", false, false, false, 8, 0},
    {"qwen3_moe", false, false, true, 4, 128},  {"deepseek_v2", false, false, false, 0, 0},
    {"deepseek_v3", false, false, false, 0, 0},
};

const Family* family(Fields& fields) {
  const Node* type = fields.needed_node("model_type");
  if (type == nullptr) return nullptr;
  if (type->kind != Node::Kind::scalar) {
    fields.text("model_type");
    return nullptr;
  }
  for (const Family& f : kFamilies) {
    if (f.type == type->text) return &f;
  }
  fields.problem(*type, "model_type '" + type->text + "' is not supported",
                 "one of llama, mistral, qwen2, qwen3, gpt2, mixtral, qwen3_moe, deepseek_v2, deepseek_v3",
                 "describe the model in a model/1 file; 'ithaca inspect --model llama3-8b' shows the figures it needs");
  return nullptr;
}

Parsed<std::int64_t> count_within(std::string_view text, std::int64_t least, std::int64_t most) {
  auto count = parse_count(text);
  if (!count || (*count >= least && *count <= most)) return count;
  const std::string limit = std::to_string(*count < least ? least : most);
  if (*count < least) return UnitError{std::to_string(*count) + " is too small", "give " + limit + " or more"};
  return UnitError{std::to_string(*count) + " is absurdly large", "give at most " + limit};
}

std::int64_t head_size(const Transformer& m) { return m.heads > 0 ? m.hidden / m.heads : 0; }

Transformer read_gpt2(Fields& fields) {
  Transformer m;
  m.hidden = fields.need("n_embd", parse_width);
  m.layers = fields.need("n_layer", parse_layers);
  m.heads = m.kv_heads = fields.need("n_head", parse_layers);
  m.head_dim = head_size(m);
  m.ffn = fields.maybe("n_inner", parse_width).value_or(4 * m.hidden);
  m.vocab = fields.need("vocab_size", parse_width);
  m.learned_positions = fields.need("n_positions", parse_positions);
  m.norm = Norm::layer;
  m.gated_ffn = false;
  m.output_bias = m.ffn_bias = true;
  return m;
}

/// A null means as many as query heads in every family, an absent key what the family says.
std::int64_t read_kv_heads(Fields& fields, const Family& f, std::int64_t heads) {
  constexpr std::string_view kKey = "num_key_value_heads";
  if (fields.has(kKey) || f.kv_heads == 0) return fields.maybe(kKey, parse_layers).value_or(heads);
  if (heads > 0 && heads % f.kv_heads != 0)
    fields.problem(*fields.node("num_attention_heads"),
                   std::string(kKey) + " is absent, which means " + std::to_string(f.kv_heads) + " for " +
                       std::string(f.type) + "; that does not divide " + std::to_string(heads) + " query heads",
                   "", "add '" + std::string(kKey) + "'");
  return f.kv_heads;
}

Transformer read_llama_like(Fields& fields, const Family& f) {
  Transformer m;
  m.hidden = fields.need("hidden_size", parse_width);
  m.layers = fields.need("num_hidden_layers", parse_layers);
  m.heads = fields.need("num_attention_heads", parse_layers);
  m.kv_heads = read_kv_heads(fields, f, m.heads);
  m.head_dim = fields.maybe("head_dim", parse_layers).value_or(f.head_dim > 0 ? f.head_dim : head_size(m));
  m.ffn = fields.need("intermediate_size", parse_width);
  m.vocab = fields.need("vocab_size", parse_width);
  return m;
}

/// DeepSeek's latents; its file may leave the query's out.
void read_latent(Fields& fields, Transformer& m) {
  m.latent.query_rank = fields.maybe("q_lora_rank", parse_width).value_or(0);
  m.latent.kv_rank = fields.need("kv_lora_rank", parse_width);
  m.latent.rope_dim = fields.need("qk_rope_head_dim", parse_layers);
  m.head_dim = fields.need("qk_nope_head_dim", parse_layers) + m.latent.rope_dim;
  m.value_dim = fields.need("v_head_dim", parse_layers);
}

void read_experts(Fields& fields, const Family& f, Transformer& m) {
  const bool mixtral = f.type == "mixtral", deepseek = f.type.starts_with("deepseek");
  Experts& e = m.experts;
  e.count = fields.need(mixtral ? "num_local_experts" : deepseek ? "n_routed_experts" : "num_experts", parse_width);
  e.top_k = fields.need("num_experts_per_tok", parse_layers);
  e.ffn = mixtral ? m.ffn : fields.need("moe_intermediate_size", parse_width);
  if (!deepseek) return;
  e.shared_ffn = e.ffn * fields.maybe("n_shared_experts", parse_positions).value_or(0);
  e.dense_layers = fields.maybe("first_k_dense_replace", parse_positions).value_or(0);
}

/// Mistral's layers have the window wherever the file has one, Qwen's where it is switched on, from layer
/// max_window_layers (28 where absent) on (transformers configuration_mistral.py, configuration_qwen2.py).
void read_window(Fields& fields, const Family& f, Transformer& m) {
  const bool mistral = f.type == "mistral" || f.type == "mixtral";
  const auto window = fields.maybe("sliding_window", parse_width);
  const auto switched_on = fields.maybe("use_sliding_window", parse_flag);
  const auto below = fields.maybe("max_window_layers", parse_positions);
  if (!window || !switched_on.value_or(mistral)) return;
  m.window = *window;
  m.full_layers = mistral ? 0 : std::min(below.value_or(28), m.layers);
}

/// attention_bias means all four projections in llama and mistral-like files, Q, K and V's own bias in qwen2.
void read_switches(Fields& fields, const Family& f, Transformer& m) {
  m.tied_embeddings = fields.maybe("tie_word_embeddings", parse_flag).value_or(f.tied_embeddings);
  m.qkv_bias = f.qkv_bias;
  m.qk_norm = f.qk_norm;
  if (f.type == "llama" || f.type == "qwen3") {
    m.qkv_bias = m.output_bias = fields.maybe("attention_bias", parse_flag).value_or(false);
  }
  if (f.type == "llama") m.ffn_bias = fields.maybe("mlp_bias", parse_flag).value_or(false);
}

}  // namespace

Parsed<std::int64_t> parse_width(std::string_view text) { return count_within(text, 1, 1 << 22); }
Parsed<std::int64_t> parse_layers(std::string_view text) { return count_within(text, 1, 1 << 12); }
Parsed<std::int64_t> parse_positions(std::string_view text) { return count_within(text, 0, std::int64_t{1} << 34); }

void check_experts(Fields& fields, const Transformer& m) {
  const auto problem = [&](std::string what) {
    fields.problem(fields.whole(), std::move(what), "", "correct one of them");
  };
  const Experts& e = m.experts;
  if (e.top_k > e.count) problem(std::to_string(e.top_k) + " experts a token, of " + std::to_string(e.count));
  if (e.dense_layers > m.layers)
    problem(std::to_string(e.dense_layers) + " dense layers, of " + std::to_string(m.layers));
  if (m.latent.rope_dim > m.head_dim)
    problem("rope_dim " + std::to_string(m.latent.rope_dim) + " is wider than a head of " + std::to_string(m.head_dim));
}

void check_shape(Fields& fields, const Transformer& m, const ShapeKeys& keys) {
  if (m.heads == 0) return;
  const Node* heads = fields.node(keys.heads);
  const Node* kv_heads = fields.node(keys.kv_heads);
  if (heads != nullptr && kv_heads != nullptr && m.kv_heads > 0 && m.heads % m.kv_heads != 0) {
    fields.conflict(*kv_heads, *heads,
                    std::to_string(m.kv_heads) + " KV heads do not divide " + std::to_string(m.heads) + " query heads",
                    "every KV head serves the same number of query heads");
  }
  const Node* hidden = fields.node(keys.hidden);
  if (fields.node(keys.head_dim) == nullptr && hidden != nullptr && heads != nullptr && m.hidden % m.heads != 0) {
    fields.conflict(
        *hidden, *heads,
        "hidden size " + std::to_string(m.hidden) + " is no multiple of " + std::to_string(m.heads) + " heads",
        "give '" + std::string(keys.head_dim) + "' if the head size does not follow from the hidden size");
  }
}

LoadedModel read_hugging_face(const Document& document, Diagnostics& problems) {
  Fields fields(document, document.root, "the config", problems);
  fields.allow_null();
  LoadedModel loaded;
  const Family* f = document.root.kind == Node::Kind::map ? family(fields) : nullptr;
  if (f == nullptr) return loaded;
  const bool gpt2 = f->type == "gpt2";
  loaded.model = gpt2 ? read_gpt2(fields) : read_llama_like(fields, *f);
  read_switches(fields, *f, loaded.model);
  read_window(fields, *f, loaded.model);
  if (f->type.starts_with("deepseek")) read_latent(fields, loaded.model);
  if (f->type.starts_with("deepseek") || f->type == "mixtral" || f->type == "qwen3_moe")
    read_experts(fields, *f, loaded.model);
  check_experts(fields, loaded.model);
  const Node* name = fields.node("_name_or_path");
  loaded.model.name = name == nullptr || name->text.empty() ? document.file : name->text;
  loaded.source = "Hugging Face config, model_type " + std::string(f->type);
  const std::string_view hidden =
      f->head_dim > 0 || loaded.model.is_latent() ? "" : "hidden_size";  // where the head size follows from it
  check_shape(fields, loaded.model,
              gpt2 ? ShapeKeys{"n_embd", "n_head", "", "head_dim"}
                   : ShapeKeys{hidden, "num_attention_heads", "num_key_value_heads", "head_dim"});
  return loaded;
}

}  // namespace ithaca
