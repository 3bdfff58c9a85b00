#include <gtest/gtest.h>

#include "configs/reader/hugging_face.hpp"

namespace ithaca {
namespace {

// Keys and figures of the released files; what this reader has no use for is passed over.
struct Released {
  const char* name;
  std::int64_t parameters;  ///< of the checkpoint
  const char* text;
};
const Released kReleased[] = {
    // load_model_test.cpp derives those that are in the catalogue.
    {"Llama31_70B", 70553706496, R"({"architectures": ["LlamaForCausalLM"], "attention_bias": false,
      "attention_dropout": 0.0, "bos_token_id": 128000, "eos_token_id": [128001, 128008, 128009], "hidden_act": "silu",
      "hidden_size": 8192, "initializer_range": 0.02, "intermediate_size": 28672, "max_position_embeddings": 131072,
      "mlp_bias": false, "model_type": "llama", "num_attention_heads": 64, "num_hidden_layers": 80,
      "num_key_value_heads": 8, "pretraining_tp": 1, "rms_norm_eps": 1e-05, "rope_scaling": {"factor": 8.0,
      "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192, "rope_type": "llama3"},
      "rope_theta": 500000.0, "tie_word_embeddings": false, "torch_dtype": "bfloat16",
      "transformers_version": "4.42.3", "use_cache": true, "vocab_size": 128256})"},
    // The same widths in MHA: huggyllama/llama-7b names no KV heads.
    {"Llama_7B", 6738415616, R"({"architectures": ["LlamaForCausalLM"], "bos_token_id": 1, "eos_token_id": 2,
      "hidden_act": "silu", "hidden_size": 4096, "initializer_range": 0.02, "intermediate_size": 11008,
      "max_position_embeddings": 2048, "max_sequence_length": 2048, "model_type": "llama", "num_attention_heads": 32,
      "num_hidden_layers": 32, "pad_token_id": 0, "rms_norm_eps": 1e-06, "tie_word_embeddings": false,
      "torch_dtype": "float16", "transformers_version": "4.28.0.dev0", "use_cache": true, "vocab_size": 32000})"},
    // Mistral 7B v0.3: 768 more words than v0.1, 2 x 768 x 4096 = 6291456 more parameters.
    {"Mistral_7B_v03", 7241732096 + 6291456, R"({"architectures": ["MistralForCausalLM"], "attention_dropout": 0.0,
      "bos_token_id": 1, "eos_token_id": 2, "head_dim": null, "hidden_act": "silu", "hidden_size": 4096,
      "initializer_range": 0.02, "intermediate_size": 14336, "max_position_embeddings": 32768, "model_type": "mistral",
      "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8, "rms_norm_eps": 1e-05,
      "rope_theta": 1000000.0, "sliding_window": null, "tie_word_embeddings": false, "torch_dtype": "bfloat16",
      "transformers_version": "4.42.0.dev0", "use_cache": true, "vocab_size": 32768})"},
    // Qwen2.5 0.5B: h 896, f 4864, k 128: 24 (2 x 802816 + 2 x 114688 + 3 x 4358144 + 2 x 896 + 1152) = 357898112,
    // one table of 151936 x 896 = 136134656 and a norm of 896.
    {"Qwen25_05B", 494032768, R"({"architectures": ["Qwen2ForCausalLM"], "attention_dropout": 0.0,
      "bos_token_id": 151643, "eos_token_id": 151643, "hidden_act": "silu", "hidden_size": 896,
      "initializer_range": 0.02, "intermediate_size": 4864, "max_position_embeddings": 32768, "max_window_layers": 24,
      "model_type": "qwen2", "num_attention_heads": 14, "num_hidden_layers": 24, "num_key_value_heads": 2,
      "rms_norm_eps": 1e-06, "rope_theta": 1000000.0, "sliding_window": 32768, "tie_word_embeddings": true,
      "torch_dtype": "bfloat16", "transformers_version": "4.40.1", "use_cache": true, "use_mrope": false,
      "use_sliding_window": false, "vocab_size": 151936})"},
    {"Qwen3_8B", 8190735360, R"({"architectures": ["Qwen3ForCausalLM"], "attention_bias": false,
      "attention_dropout": 0.0, "bos_token_id": 151643, "eos_token_id": 151645, "head_dim": 128, "hidden_act": "silu",
      "hidden_size": 4096, "initializer_range": 0.02, "intermediate_size": 12288, "max_position_embeddings": 40960,
      "max_window_layers": 36, "model_type": "qwen3", "num_attention_heads": 32, "num_hidden_layers": 36,
      "num_key_value_heads": 8, "rms_norm_eps": 1e-06, "rope_scaling": null, "rope_theta": 1000000,
      "sliding_window": null, "tie_word_embeddings": false, "torch_dtype": "bfloat16",
      "transformers_version": "4.51.0", "use_cache": true, "use_sliding_window": false, "vocab_size": 151936})"},
    // GPT-2 XL: 12 L h^2 = 1474560000, 13 L h = 998400, (50257 + 1024) h = 82049600, 2 h = 3200.
    {"Gpt2_XL", 1557611200, R"({"activation_function": "gelu_new", "architectures": ["GPT2LMHeadModel"],
      "attn_pdrop": 0.1, "bos_token_id": 50256, "embd_pdrop": 0.1, "eos_token_id": 50256, "initializer_range": 0.02,
      "layer_norm_epsilon": 1e-05, "model_type": "gpt2", "n_ctx": 1024, "n_embd": 1600, "n_head": 25, "n_layer": 48,
      "n_positions": 1024, "output_past": true, "resid_pdrop": 0.1, "summary_activation": null,
      "summary_first_dropout": 0.1, "summary_proj_to_labels": true, "summary_type": "cls_index",
      "summary_use_proj": true, "task_specific_params": {"text-generation": {"do_sample": true, "max_length": 50}},
      "vocab_size": 50257})"},
};

class ReleasedFile : public testing::TestWithParam<Released> {};
TEST_P(ReleasedFile, CountsTheCheckpointsParameters) {
  const auto document = parse_document("config.json", GetParam().text);
  ASSERT_TRUE(document) << print(document.error());
  Diagnostics problems;
  EXPECT_EQ(parameter_count(read_hugging_face(*document, problems).model), GetParam().parameters);
  EXPECT_EQ(print(problems), "");
}
INSTANTIATE_TEST_SUITE_P(HuggingFace, ReleasedFile, testing::ValuesIn(kReleased),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace ithaca
