// Hugging Face config.json files as transformers writes them. The examples are our own.

#include "configs/reader/hugging_face.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace ithaca {
namespace {

struct Read {
  LoadedModel loaded;
  Diagnostics problems;
};

Read read(const std::string& text) {
  Read result;
  const auto document = parse_document("config.json", text);
  if (!document) {
    result.problems = document.error();
  } else {
    result.loaded = read_hugging_face(*document, result.problems);
  }
  return result;
}

std::string with(std::string text, const std::string& old, const std::string& replacement) {
  return text.replace(text.find(old), old.size(), replacement);
}

const std::string kLlama3 = R"({
  "architectures": ["LlamaForCausalLM"],
  "_name_or_path": "some/llama",
  "attention_bias": false,
  "bos_token_id": 128000,
  "eos_token_id": [128001, 128008],
  "hidden_act": "silu",
  "hidden_size": 4096,
  "initializer_range": 0.02,
  "intermediate_size": 14336,
  "max_position_embeddings": 131072,
  "mlp_bias": false,
  "model_type": "llama",
  "num_attention_heads": 32,
  "num_hidden_layers": 32,
  "num_key_value_heads": 8,
  "pretraining_tp": 1,
  "rms_norm_eps": 1e-05,
  "rope_scaling": {"factor": 8.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 8192, "rope_type": "llama3"},
  "rope_theta": 500000.0,
  "tie_word_embeddings": false,
  "torch_dtype": "bfloat16",
  "use_cache": true,
  "vocab_size": 128256
})";

TEST(HuggingFace, Llama) {
  const Read r = read(kLlama3);
  ASSERT_TRUE(r.problems.empty()) << print(r.problems);
  const Transformer& m = r.loaded.model;
  EXPECT_EQ(m.name, "some/llama");
  EXPECT_EQ(m.kv_heads, 8);
  EXPECT_EQ(m.head_dim, 128);  // 4096 / 32
  EXPECT_EQ(m.norm, Norm::rms);
  // Llama 3 8B, derived in load_model_test.cpp.
  EXPECT_EQ(parameter_count(m), 8030261248);
  EXPECT_EQ(r.loaded.source, "Hugging Face config, model_type llama");
  EXPECT_EQ(r.loaded.note, "");
}

TEST(HuggingFace, WithoutKeyValueHeadsItIsMultiHead) {
  for (const char* null : {"", R"("num_key_value_heads": null,)"}) {
    const Read r = read(with(kLlama3, R"("num_key_value_heads": 8,)", null));
    ASSERT_TRUE(r.problems.empty()) << print(r.problems);
    EXPECT_EQ(r.loaded.model.kv_heads, 32);
  }
}

TEST(HuggingFace, BiasesAndTiesAsTheFileSays) {
  Read r = read(with(kLlama3, R"("attention_bias": false)", R"("attention_bias": true)"));
  EXPECT_TRUE(r.loaded.model.qkv_bias && r.loaded.model.output_bias && !r.loaded.model.ffn_bias);
  r = read(with(kLlama3, R"("mlp_bias": false)", R"("mlp_bias": true)"));
  EXPECT_TRUE(!r.loaded.model.qkv_bias && r.loaded.model.ffn_bias);
  r = read(with(kLlama3, R"("tie_word_embeddings": false)", R"("tie_word_embeddings": true)"));
  // One table of 128256 x 4096 = 525336576 less.
  EXPECT_EQ(parameter_count(r.loaded.model), 8030261248 - 525336576);
}

TEST(HuggingFace, MixtureOfExperts) {
  // The released counts of load_model_test.cpp, from the keys that each family's config.json has.
  const Read mixtral = read(R"({"model_type": "mixtral", "hidden_size": 4096, "num_hidden_layers": 32,
      "num_attention_heads": 32, "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 32000,
      "num_local_experts": 8, "num_experts_per_tok": 2})");
  ASSERT_TRUE(mixtral.problems.empty()) << print(mixtral.problems);
  EXPECT_EQ(parameter_count(mixtral.loaded.model), 46702792704);
  const Read deepseek = read(R"({"model_type": "deepseek_v2", "hidden_size": 5120, "num_hidden_layers": 60,
      "num_attention_heads": 128, "num_key_value_heads": 128, "intermediate_size": 12288, "vocab_size": 102400,
      "q_lora_rank": 1536, "kv_lora_rank": 512, "qk_rope_head_dim": 64, "qk_nope_head_dim": 128, "v_head_dim": 128,
      "n_routed_experts": 160, "num_experts_per_tok": 6, "moe_intermediate_size": 1536, "n_shared_experts": 2,
      "first_k_dense_replace": 1})");
  ASSERT_TRUE(deepseek.problems.empty()) << print(deepseek.problems);
  EXPECT_EQ(parameter_count(deepseek.loaded.model), 235741434880);
  // Of 160 experts of 3 x 5120 x 1536 in 59 layers, 6 see a token.
  EXPECT_EQ(active_parameter_count(deepseek.loaded.model), 235741434880 - 59LL * 154 * 3 * 5120 * 1536);
}

TEST(HuggingFace, MoreExpertsATokenThanThereAre) {
  const Read r = read(R"({"model_type": "mixtral", "hidden_size": 4096, "num_hidden_layers": 32,
      "num_attention_heads": 32, "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 32000,
      "num_local_experts": 8, "num_experts_per_tok": 9})");
  ASSERT_EQ(r.problems.size(), 1u);
  EXPECT_NE(r.problems[0].what.find("9 experts a token, of 8"), std::string::npos);
}

// Tabs, no spaces, one line, a byte order mark, escapes: JSON as other programs write it.
TEST(HuggingFace, AnyJsonLayout) {
  const std::string tabs =
      "{\n\t\"model_type\":\t\"qwen2\",\n\t\"hidden_size\":\t3584,\n\t\"num_hidden_layers\":\t28,\n"
      "\t\"num_attention_heads\":\t28,\n\t\"num_key_value_heads\":\t4,\n\t\"intermediate_size\":\t18944,\n"
      "\t\"vocab_size\":\t152064,\n\t\"quantization_config\":\t{\n\t\t\"bits\":\t8\n\t}\n}\n";
  const std::string compact =
      R"({"model_type":"qwen2","hidden_size":3584,"num_hidden_layers":28,"num_attention_heads":28,)"
      R"("num_key_value_heads":4,"intermediate_size":18944,"vocab_size":152064,)"
      R"("chat":"\u00e9 \"quoted\" \/ \\ {","list":[],"map":{}})";
  std::string windows = tabs;
  for (std::size_t i = 0; (i = windows.find('\n', i)) != std::string::npos; i += 2) windows.insert(i, "\r");
  for (const std::string& text : {tabs, compact, windows, "\xEF\xBB\xBF" + compact}) {
    const Read r = read(text);
    ASSERT_TRUE(r.problems.empty()) << print(r.problems);
    // Qwen2.5 7B; the Q, K and V biases come with the family.
    EXPECT_EQ(parameter_count(r.loaded.model), 7615616512);
  }
}

TEST(HuggingFace, Qwen3HasNormsOnQueriesAndKeys) {
  const Read r = read(R"({"model_type": "qwen3", "hidden_size": 5120, "head_dim": 128, "num_hidden_layers": 64,
    "num_attention_heads": 64, "num_key_value_heads": 8, "intermediate_size": 25600, "vocab_size": 151936,
    "attention_bias": false, "sliding_window": null, "use_sliding_window": false})");
  ASSERT_TRUE(r.problems.empty()) << print(r.problems);
  EXPECT_EQ(r.loaded.model.query_width(), 8192);  // 64 x 128, wider than hidden
  EXPECT_EQ(parameter_count(r.loaded.model), 32762123264);
}

TEST(HuggingFace, Gpt2) {
  const Read r = read(R"({"model_type": "gpt2", "n_embd": 768, "n_layer": 12, "n_head": 12, "n_inner": null,
    "n_positions": 1024, "n_ctx": 1024, "vocab_size": 50257, "activation_function": "gelu_new"})");
  ASSERT_TRUE(r.problems.empty()) << print(r.problems);
  const Transformer& m = r.loaded.model;
  EXPECT_EQ(m.ffn, 3072);
  EXPECT_TRUE(m.tied_embeddings && m.qkv_bias && m.output_bias && m.ffn_bias && !m.gated_ffn);
  // 12 L h^2 = 84934656, 13 L h = 119808, (50257 + 1024) h = 39383808, final norm 2 h = 1536: 124439808 in all.
  EXPECT_EQ(parameter_count(m), 124439808);
}

TEST(HuggingFace, SlidingWindows) {
  const std::string mistral = R"({"model_type": "mistral", "hidden_size": 4096, "num_hidden_layers": 32,
    "num_attention_heads": 32, "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 32000,
    "sliding_window": 4096})";
  const Read r = read(mistral);
  ASSERT_TRUE(r.problems.empty()) << print(r.problems);
  EXPECT_EQ(parameter_count(r.loaded.model), 7241732096);
  EXPECT_EQ(r.loaded.model.window, 4096);
  EXPECT_EQ(r.loaded.model.full_layers, 0);
  EXPECT_EQ(read(with(mistral, "4096}", "null}")).loaded.model.window, 0);
  // Qwen2 files carry a window that is switched off; switched on it begins at a layer, 28 where none is named.
  const std::string qwen = with(mistral, "mistral", "qwen2");
  EXPECT_EQ(read(qwen).loaded.model.window, 0);
  const std::string on = "4096, \"use_sliding_window\": true";
  EXPECT_EQ(read(with(qwen, "4096}", on + "}")).loaded.model.full_layers, 28);
  EXPECT_EQ(read(with(qwen, "4096}", on + ", \"max_window_layers\": 21}")).loaded.model.full_layers, 21);
  EXPECT_EQ(read(with(qwen, "4096}", on + ", \"max_window_layers\": 40}")).loaded.model.full_layers, 32);
  EXPECT_EQ(read(with(qwen, "4096}", on + "}")).loaded.model.window, 4096);
}

// huggingface/transformers@008e57439125 src/transformers/models/{llama,mistral,qwen2,qwen3}/configuration_*.py
TEST(HuggingFace, AbsentKeysMeanWhatTheFamilyMeans) {
  const auto config = [](const std::string& type, const std::string& more) {
    return read(R"({"model_type": ")" + type + R"(", "hidden_size": 6144, "num_hidden_layers": 4,
      "num_attention_heads": 64, "intermediate_size": 4096, "vocab_size": 1000)" +
                more + "}");
  };
  struct Case {
    const char* type;
    std::int64_t kv_heads, head_dim;  ///< with neither key; 6144 / 64 = 96
  };
  for (const auto& [type, kv_heads, head_dim] :
       {Case{"llama", 64, 96}, Case{"mistral", 8, 96}, Case{"qwen2", 32, 96}, Case{"qwen3", 32, 128}}) {
    const Read absent = config(type, "");
    EXPECT_EQ(print(absent.problems), "") << type;
    EXPECT_EQ(absent.loaded.model.kv_heads, kv_heads) << type;
    EXPECT_EQ(absent.loaded.model.head_dim, head_dim) << type;
    EXPECT_FALSE(absent.loaded.model.tied_embeddings) << type;
    EXPECT_FALSE(absent.loaded.model.output_bias || absent.loaded.model.ffn_bias) << type;
    EXPECT_EQ(absent.loaded.model.qkv_bias, std::string(type) == "qwen2");
    const Read null = config(type, R"(, "num_key_value_heads": null, "head_dim": null)");
    EXPECT_EQ(null.loaded.model.kv_heads, 64) << type;
    EXPECT_EQ(null.loaded.model.head_dim, head_dim) << type;
  }
}

TEST(HuggingFace, AFamilysKeyValueHeadsMayNotFit) {
  const Read r = read(R"({"model_type": "qwen2", "hidden_size": 3584, "num_hidden_layers": 28,
  "num_attention_heads": 28, "intermediate_size": 18944, "vocab_size": 152064})");
  EXPECT_EQ(
      print(r.problems),
      R"(error: config.json:2:26: num_key_value_heads is absent, which means 32 for qwen2; that does not divide 28 query heads
   1 | {"model_type": "qwen2", "hidden_size": 3584, "num_hidden_layers": 28,
 > 2 |   "num_attention_heads": 28, "intermediate_size": 18944, "vocab_size": 152064}
     |                          ^^
next: add 'num_key_value_heads'
)");
}

TEST(HuggingFace, ATypeThatIsNoTextSaysSo) {
  const Read r = read(R"({"model_type": ["llama"]})");
  ASSERT_EQ(r.problems.size(), 1u);
  EXPECT_EQ(r.problems[0].what, "'model_type' in the config must be a single value, this is a list");
}

TEST(HuggingFace, UnsupportedFamilyNamesTheSupportedOnes) {
  const Read r = read(R"({"model_type": "mamba", "hidden_size": 4096})");
  ASSERT_EQ(r.problems.size(), 1u);
  EXPECT_EQ(r.problems[0].what, "model_type 'mamba' is not supported");
  EXPECT_EQ(r.problems[0].hint,
            "one of llama, mistral, qwen2, qwen3, gpt2, mixtral, qwen3_moe, deepseek_v2, deepseek_v3");
  EXPECT_EQ(r.problems[0].at.line, 1);
  EXPECT_EQ(r.problems[0].at.column, 16);
}

TEST(HuggingFace, WrongTypesAndMissingEssentialsAllAtOnce) {
  const Read r = read(R"({
  "model_type": "llama",
  "hidden_size": "wide",
  "num_attention_heads": [32],
  "num_hidden_layers": -3,
  "intermediate_size": 1e99,
  "tie_word_embeddings": 1
})");
  std::vector<std::pair<int, std::string>> seen;
  for (const Diagnostic& d : r.problems) seen.emplace_back(d.at.line, d.what);
  const auto has = [&](int line, const std::string& part) {
    return std::any_of(seen.begin(), seen.end(),
                       [&](const auto& s) { return s.first == line && s.second.find(part) != std::string::npos; });
  };
  EXPECT_TRUE(has(3, "'hidden_size' in the config")) << print(r.problems);
  EXPECT_TRUE(has(4, "this is a list")) << print(r.problems);
  EXPECT_TRUE(has(5, "'-3' is negative")) << print(r.problems);
  EXPECT_TRUE(has(6, "absurdly large")) << print(r.problems);
  EXPECT_TRUE(has(7, "'1' is neither true nor false")) << print(r.problems);
  EXPECT_TRUE(has(1, "vocab_size")) << print(r.problems);
  EXPECT_EQ(r.problems.size(), 6u) << print(r.problems);
}

TEST(HuggingFace, ANumberInQuotesIsText) {
  const Read r = read(with(kLlama3, R"("vocab_size": 128256)", R"("vocab_size": "128256")"));
  ASSERT_EQ(r.problems.size(), 1u) << print(r.problems);
  EXPECT_NE(r.problems[0].what.find("quotes"), std::string::npos) << r.problems[0].what;
}

TEST(HuggingFace, HeadsThatDoNotFitNameBothPlaces) {
  const Read odd = read(with(kLlama3, R"("num_key_value_heads": 8)", R"("num_key_value_heads": 5)"));
  ASSERT_EQ(odd.problems.size(), 1u) << print(odd.problems);
  EXPECT_EQ(odd.problems[0].what, "5 KV heads do not divide 32 query heads");
  EXPECT_EQ(odd.problems[0].at.line, 16);  // of the text above
  ASSERT_TRUE(odd.problems[0].conflicts);
  EXPECT_EQ(odd.problems[0].conflicts->line, 14);
  const Read uneven = read(with(kLlama3, R"("num_attention_heads": 32)", R"("num_attention_heads": 24)"));
  ASSERT_EQ(uneven.problems.size(), 1u) << print(uneven.problems);
  EXPECT_EQ(uneven.problems[0].what, "hidden size 4096 is no multiple of 24 heads");
}

TEST(HuggingFace, OneMistakeHidesNoOther) {
  const Read r = read(R"({"model_type": "llama", "hidden_size": "4096", "num_hidden_layers": 32.0,
  "num_attention_heads": 32, "num_key_value_heads": 7, "intermediate_size": 11008,
  "vocab_size": 32000, "vocab_size": 32001})");
  EXPECT_EQ(print(r.problems), R"(error: config.json:1:40: 'hidden_size' in the config is text, since it is in quotes
 > 1 | {"model_type": "llama", "hidden_size": "4096", "num_hidden_layers": 32.0,
     |                                        ^^^^^^
next: leave the quotes out
error: config.json:1:69: 'num_hidden_layers' in the config: '32.0' has a fraction
 > 1 | {"model_type": "llama", "hidden_size": "4096", "num_hidden_layers": 32.0,
     |                                                                     ^^^^
next: write 32
error: config.json:2:53: 7 KV heads do not divide 32 query heads
   1 | {"model_type": "llama", "hidden_size": "4096", "num_hidden_layers": 32.0,
 > 2 |   "num_attention_heads": 32, "num_key_value_heads": 7, "intermediate_size": 11008,
     |                                                     ^
other place: config.json:2:26
   1 | {"model_type": "llama", "hidden_size": "4096", "num_hidden_layers": 32.0,
 > 2 |   "num_attention_heads": 32, "num_key_value_heads": 7, "intermediate_size": 11008,
     |                          ^^
next: every KV head serves the same number of query heads
error: config.json:3:24: key 'vocab_size' is given twice
   2 |   "num_attention_heads": 32, "num_key_value_heads": 7, "intermediate_size": 11008,
 > 3 |   "vocab_size": 32000, "vocab_size": 32001}
     |                        ^^^^^^^^^^^^
other place: config.json:3:3
   2 |   "num_attention_heads": 32, "num_key_value_heads": 7, "intermediate_size": 11008,
 > 3 |   "vocab_size": 32000, "vocab_size": 32001}
     |   ^^^^^^^^^^^^
next: keep one of them
)");
}

TEST(HuggingFace, NoCountOverflows) {
  // The largest counts that pass: their product must stay below 2^63.
  const Read r = read(R"({"model_type": "llama", "hidden_size": 4194304, "head_dim": 4096, "num_hidden_layers": 4096,
    "num_attention_heads": 4096, "intermediate_size": 4194304, "vocab_size": 4194304})");
  ASSERT_TRUE(r.problems.empty()) << print(r.problems);
  // 4096 x (4 x 2^22 x 2^24 + 3 x 2^44 + 2 x 2^22) + 2 x 2^44 + 2^22, the norms in powers of two too.
  const std::int64_t attention = std::int64_t{1} << 48, ffn = 3 * (std::int64_t{1} << 44), norms = 1 << 23;
  EXPECT_EQ(parameter_count(r.loaded.model), 4096 * (attention + ffn + norms) + (std::int64_t{1} << 45) + (1 << 22));
  const Read more = read(R"({"model_type": "llama", "hidden_size": 4194305, "num_hidden_layers": 4097,
    "num_attention_heads": 0, "intermediate_size": 1, "vocab_size": 1})");
  EXPECT_EQ(more.problems.size(), 3u) << print(more.problems);
}

TEST(HuggingFace, AnEmptyNameFallsBackToTheFile) {
  EXPECT_EQ(read(with(kLlama3, "some/llama", "")).loaded.model.name, "config.json");
}

}  // namespace
}  // namespace ithaca
