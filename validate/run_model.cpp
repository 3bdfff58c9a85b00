#include "validate/run_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "configs/reader/load_model.hpp"

namespace ithaca {
namespace {

/// Families with layer norms, biases, learned positions and the embedding as head (GPT-2, and Megatron-LM's default).
constexpr std::array<std::string_view, 5> kGptLike{"gpt", "gpt2", "gpt3", "megatron", "opt"};
constexpr std::array<std::string_view, 10> kLlamaLike{"llama", "llama2", "llama3", "mistral",  "mixtral",
                                                      "qwen",  "qwen2",  "qwen3",  "deepseek", "moe"};

template <std::size_t n>
bool is_one_of(const std::array<std::string_view, n>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_gpt(const RunModel& given, std::vector<std::string>& assumed) {
  if (is_one_of(kGptLike, given.arch)) return true;
  if (is_one_of(kLlamaLike, given.arch)) return false;
  const bool gpt = given.gated_mlp.has_value() && !*given.gated_mlp;
  assumed.push_back(fmt::format("model family '{}' read as {}", given.arch, gpt ? "gpt" : "llama"));
  return gpt;
}

void put_family(Transformer& m, bool gpt, std::int64_t positions) {
  if (!gpt) return;
  m.norm = Norm::layer;
  m.learned_positions = positions;
  m.tied_embeddings = m.qkv_bias = m.output_bias = m.ffn_bias = true;
}

/// Head sizes of DeepSeek-V2 and V3 (config.json of both): 128 without and 64 with positions, values of 128.
void put_latent(Transformer& m, const RunModel& given, std::vector<std::string>& assumed) {
  if (!given.kv_lora_rank) return;
  const std::int64_t nope = given.qk_nope_head_dim.value_or(128), rope = given.qk_rope_head_dim.value_or(64);
  m.latent = {given.q_lora_rank.value_or(0), *given.kv_lora_rank, rope};
  m.kv_heads = m.heads;
  m.head_dim = nope + rope;
  m.value_dim = given.v_head_dim.value_or(128);
  if (given.qk_nope_head_dim && given.qk_rope_head_dim && given.v_head_dim) return;
  assumed.push_back(
      fmt::format("head sizes: queries and keys {} = {} + {} with positions, values {} (DeepSeek-V2's and "
                  "V3's config.json)",
                  m.head_dim, nope, rope, m.value_dim));
}

void put_experts(Transformer& m, const RunModel& given, std::vector<std::string>& assumed) {
  if (given.experts.value_or(0) <= 1) return;
  m.experts.count = *given.experts;
  m.experts.top_k = given.topk.value_or(2);
  m.experts.ffn = given.moe_ffn.value_or(m.ffn);
  m.experts.shared_ffn = given.shared_expert_ffn.value_or(0);
  m.experts.dense_layers = given.dense_layers.value_or(0);
  if (!given.topk) assumed.emplace_back("experts of a token: 2");
  assumed.emplace_back("tokens spread evenly over the experts");
}

Result<Transformer, RunRefusal> from_catalogue(const std::string& name) {
  const auto loaded = load_model(name);
  if (!loaded) return RunRefusal{"run.model", loaded.error()[0].what, "describe the model in the file"};
  return loaded->model;
}

/// A figure without which there is no model, and no family to take it from.
std::optional<RunRefusal> missing(const RunModel& given, bool gpt) {
  const char* key = !given.ffn && !gpt && !given.moe_ffn ? "ffn" : !given.vocab && !gpt ? "vocab" : nullptr;
  if (key == nullptr && given.heads > 0 && (given.head_dim || given.kv_lora_rank || given.hidden % given.heads == 0))
    return std::nullopt;
  if (key == nullptr) key = "head_dim";
  return RunRefusal{"run.model", fmt::format("the model '{}' has no '{}'", given.name, key),
                    fmt::format("add '{}' to the model", key)};
}

}  // namespace

Result<Transformer, RunRefusal> run_model(const RunModel& given, std::int64_t positions,
                                          std::vector<std::string>& assumed) {
  if (given.catalogue) return from_catalogue(given.name);
  const bool gpt = is_gpt(given, assumed);
  if (auto refusal = missing(given, gpt)) return *refusal;
  Transformer m;
  m.name = given.name;
  m.hidden = given.hidden;
  m.layers = given.layers;
  m.heads = given.heads;
  m.kv_heads = given.kv_heads.value_or(given.heads);
  m.head_dim = given.head_dim.value_or(given.hidden / given.heads);
  m.ffn = given.ffn.value_or(gpt ? 4 * given.hidden : given.moe_ffn.value_or(0));
  m.vocab = given.vocab.value_or(51200);
  m.gated_ffn = given.gated_mlp.value_or(!gpt);
  if (!given.vocab) assumed.emplace_back("vocabulary of 51,200, Megatron-LM's padded GPT-2 vocabulary");
  put_family(m, gpt, positions);
  put_latent(m, given, assumed);
  put_experts(m, given, assumed);
  m.tied_embeddings = given.tied_embeddings.value_or(m.tied_embeddings);
  m.qkv_bias = given.qkv_bias.value_or(m.qkv_bias || given.arch == "qwen2");
  m.qk_norm = given.qk_norm.value_or(given.arch == "qwen3");
  return m;
}

}  // namespace ithaca
