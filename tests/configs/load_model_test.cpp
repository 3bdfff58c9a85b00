// The catalogue's models against the released checkpoints, and model files with mistakes.

#include "configs/reader/load_model.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <cstdio>
#include <fstream>

#include "configs/reader/catalogue.hpp"
#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

LoadedModel loaded(const std::string& name) {
  const auto model = load_model(name);
  EXPECT_TRUE(model) << (model ? "" : print(model.error()));
  return model ? *model : LoadedModel{};
}

struct Checkpoint {
  const char* name;
  std::int64_t parameters;
};

// With q = a d and k = a_kv d: L (2 h q + 2 h k + 3 h f + 2 h) + 2 V h + h, and what the family adds.
const Checkpoint kCheckpoints[] = {
    // q = k = h: L (4 h^2 + 3 h f + 2 h) + (2 V + 1) h with V = 32000.
    {"llama-7b", 6738415616},    // 32 (67108864 + 135266304 + 8192) + 262148096
    {"llama-13b", 13015864320},  // 40 (104857600 + 212336640 + 10240) + 327685120
    {"llama-33b", 32528943616},  // 60 (177209344 + 357826560 + 13312) + 425990656
    {"llama-65b", 65285660672},  // 80 (268435456 + 541065216 + 16384) + 524296192
    // k = 1024, V = 128256.
    {"llama3-8b", 8030261248},      // 32 (41943040 + 176160768 + 8192) + 1050677248
    {"llama3-70b", 70553706496},    // 80 (150994944 + 704643072 + 16384) + 2101354496
    {"llama3-405b", 405853388800},  // 126 (570425344 + 2617245696 + 32768) + 4202708992
    {"llama3.1-8b", 8030261248},
    {"llama3.1-70b", 70553706496},
    {"llama3.1-405b", 405853388800},
    // k = 1024, V = 32000.
    {"mistral-7b", 7241732096},  // 32 (41943040 + 176160768 + 8192) + 262148096
    // Biases of q + 2 k on Q, K and V; V = 152064.
    {"qwen2.5-7b", 7615616512},    // 28 (29360128 + 203685888 + 7168 + 4608) + 1089998336
    {"qwen2.5-14b", 14770033664},  // 48 (62914560 + 212336640 + 10240 + 7168) + 1557140480
    {"qwen2.5-32b", 32763876352},  // 64 (62914560 + 424673280 + 10240 + 7168) + 1557140480
    {"qwen2.5-72b", 72706203648},  // 80 (150994944 + 726663168 + 16384 + 10240) + 2491424768
    // 2 d = 256 for the norms of Q and K; V = 151936; 64 heads of 128 = 8192 over 5120 in the 32B.
    {"qwen3-8b", 8190735360},    // 36 (41943040 + 150994944 + 8192 + 256) + 1244663808
    {"qwen3-32b", 32762123264},  // 64 (94371840 + 393216000 + 10240 + 256) + 1555829760
    // E experts of 3 h f and a router of E h a layer.
    {"mixtral-8x7b", 46702792704},      // 32 (41943040 + 8 x 176160768 + 32768 + 8192) + 262148096
    {"qwen3-30b-a3b", 30532122624},     // 48 (18874368 + 128 x 4718592 + 262144 + 4096 + 256) + 622331904
    {"qwen3-235b-a22b", 235093634560},  // 94 (71303168 + 128 x 18874368 + 524288 + 8192 + 256) + 1244663808
    // Latents: q 1536 (h + 1 + 192 a), kv h 576 + 512 + 512 a 256, o 128 a h: 149227520 (V2) and 187107328 (V3). Dense
    // layers have 3 h f; the others E experts, a router and the shared experts. V3's checkpoint has 58 x 256 biases
    // of its routers more: 671026419200.
    {"deepseek-v2", 235741434880},
    {"deepseek-v3", 671026419200 - 58 * 256},
};

class Catalogue : public testing::TestWithParam<Checkpoint> {};
TEST_P(Catalogue, CountsTheCheckpointsParameters) {
  EXPECT_EQ(parameter_count(loaded(GetParam().name).model), GetParam().parameters);
}
std::string test_name(const std::string& model) {
  std::string name;
  for (char c : model) name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
}
INSTANTIATE_TEST_SUITE_P(Released, Catalogue, testing::ValuesIn(kCheckpoints),
                         [](const auto& info) { return test_name(info.param.name); });

struct Gpt {
  const char* name;
  std::int64_t h, L, a;
};
class GptFamily : public testing::TestWithParam<Gpt> {};
TEST_P(GptFamily, MeetsNarayanansFormula) {
  // arXiv 2104.04473 equation 2, P = 12 L h^2 (1 + 13/(12 h) + (V + s)/(12 L h)), V = 51200 and s = 2048.
  const auto& [name, h, L, a] = GetParam();
  const Transformer m = loaded(name).model;
  EXPECT_EQ(parameter_count(m), 12 * L * h * h + 13 * L * h + (51200 + 2048) * h);
  EXPECT_EQ(m.heads, a);
  EXPECT_EQ(m.head_dim * a, h);
}
// arXiv 2205.05198 table 3.
INSTANTIATE_TEST_SUITE_P(Megatron, GptFamily,
                         testing::Values(Gpt{"megatron-22b", 6144, 48, 64}, Gpt{"megatron-175b", 12288, 96, 96},
                                         Gpt{"gpt3-175b", 12288, 96, 96}, Gpt{"megatron-530b", 20480, 105, 128},
                                         Gpt{"megatron-1t", 25600, 128, 160}),
                         [](const auto& info) { return test_name(info.param.name); });

// The Ulysses paper prints sizes only: within 10 % of them (30B: 12 x 48 x 7168^2 = 29.6e9), and marked.
TEST(UlyssesGpts, AreMarkedAsDerived) {
  const std::pair<const char*, double> sizes[] = {
      {"ulysses-gpt-1.2b", 1.2e9}, {"ulysses-gpt-7b", 7e9}, {"ulysses-gpt-30b", 30e9}};
  for (const auto& [name, size] : sizes) {
    const LoadedModel m = loaded(name);
    EXPECT_NEAR(static_cast<double>(parameter_count(m.model)) / size, 1, 0.1) << name;
    EXPECT_NE(m.note.find("dimensions derived"), std::string::npos) << name;
  }
  const Transformer m = loaded("ulysses-gpt-7b").model;
  EXPECT_EQ(m.layers, 32);
  EXPECT_EQ(m.hidden, 4096);
}

TEST(Models, EveryCatalogueFileLoadsUnderItsNameWithASource) {
  const auto names = catalogue_names(Kind::model);
  EXPECT_GE(names.size(), 25u);
  for (const std::string& name : names) {
    const LoadedModel m = loaded(name);
    EXPECT_EQ(m.model.name, name);
    EXPECT_EQ(m.file, "configs/models/" + name + ".yaml");
    EXPECT_GE(m.source.size(), 10u) << name;
  }
}

TEST(Models, Llama7bIsMultiHead) {
  const Transformer m = loaded("llama-7b").model;
  EXPECT_EQ(m.heads, 32);
  EXPECT_EQ(m.kv_heads, 32);
  EXPECT_EQ(m.ffn, 11008);
  EXPECT_EQ(m.vocab, 32000);
}

// --- files ---

class ModelFile : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) {
    const std::string path = test::temporary_path(name);
    std::ofstream(path, std::ios::binary) << text;
    paths_.push_back(path);
    return path;
  }
  void TearDown() override {
    for (const std::string& path : paths_) std::remove(path.c_str());
  }
  Diagnostics problems(const std::string& text) {
    const auto model = load_model(write("ithaca_model.yaml", text));
    return model ? Diagnostics{} : model.error();
  }

 private:
  std::vector<std::string> paths_;
};

const std::string kOwn =
    "schema: model/1\nname: own\nsource: made up\nhidden: 1024\nlayers: 4\nheads: 16\nffn: 4096\nvocab: 1000\n";

TEST_F(ModelFile, TakesTheSameDefaultsAsItsHeaderSays) {
  const auto model = load_model(write("ithaca_own.yaml", kOwn));
  ASSERT_TRUE(model) << print(model.error());
  EXPECT_EQ(model->model.kv_heads, 16);
  EXPECT_EQ(model->model.head_dim, 64);
  EXPECT_EQ(model->model.norm, Norm::rms);
  EXPECT_TRUE(model->model.gated_ffn && model->model.final_norm);
  EXPECT_FALSE(model->model.tied_embeddings || model->model.qkv_bias || model->model.output_bias ||
               model->model.ffn_bias || model->model.qk_norm);
}

TEST_F(ModelFile, WindowsAndSparseBlocks) {
  const auto model =
      load_model(write("ithaca_window.yaml", kOwn + "window: 512\nfull_layers: 1\nattention_density: 0.25\n"));
  ASSERT_TRUE(model) << print(model.error());
  EXPECT_EQ(model->model.window, 512);
  EXPECT_EQ(model->model.full_layers, 1);
  EXPECT_EQ(model->model.attention_density, 0.25);
  const std::string text = print(problems(kOwn + "full_layers: 1\nattention_density: 1.5\n"));
  EXPECT_NE(text.find(":9:14: 'full_layers' are those without a window, and there is none"), text.npos) << text;
  EXPECT_NE(text.find(":10:20: "), text.npos) << text;
  EXPECT_NE(print(problems(kOwn + "window: 512\nfull_layers: 5\n")).find("5 full layers, of 4"), text.npos);
}

TEST_F(ModelFile, OwnSchemaMayBeJson) {
  const auto model = load_model(write("ithaca_own.json",
                                      R"({"schema": "model/1", "name": "own", "source": "made up", "hidden": 1024,
    "layers": 4, "heads": 16, "ffn": 4096, "vocab": 1000, "norm": "layer"})"));
  ASSERT_TRUE(model) << print(model.error());
  EXPECT_EQ(model->model.norm, Norm::layer);
}

TEST_F(ModelFile, HuggingFaceFilesAreKnownByTheirModelType) {
  const std::string text =
      R"({"model_type": "llama", "hidden_size": 1024, "num_hidden_layers": 4, "num_attention_heads": 16,
    "intermediate_size": 4096, "vocab_size": 1000, "unknown_key": {"deep": [1, 2]}})";
  for (const char* name : {"ithaca_config.json", "ithaca_config.yaml"}) {
    const auto model = load_model(write(name, text));
    ASSERT_TRUE(model) << print(model.error());
    EXPECT_EQ(model->source, "Hugging Face config, model_type llama");
  }
  const auto untyped = load_model(write("ithaca_untyped.json", R"({"hidden_size": 1024})"));
  ASSERT_FALSE(untyped);
  EXPECT_NE(print(untyped.error()).find("model_type"), std::string::npos);
}

TEST_F(ModelFile, EveryTrapIsReportedAtOnce) {
  const Diagnostics all = problems(
      "schema: model/1\nname: own\nsource: made up\nhidden: 010\nlayers: 1_000\nheads: 0x10\nkv_heads: 0\nffn: .inf\n"
      "vocab: 12.5\ngated_ffn: yes\nqkv_bias: on\nnorm: batch\nlayers: 5\nvocabulary: 3\n");
  const std::string text = print(all);
  const char* const expected[] = {":4:9: ",   "'010' starts with a zero",
                                  ":5:9: ",   "'1_000' has an underscore",
                                  ":6:8: ",   "'0x10' is not decimal",
                                  ":7:11: ",  "0 is too small",
                                  ":8:6: ",   "'.inf' is no number",
                                  ":9:8: ",   "'12.5' is no whole number",
                                  ":10:12: ", "'yes' is neither true nor false",
                                  ":11:11: ", "'on' is neither true nor false",
                                  ":12:7: ",  "'batch' is no norm",
                                  ":13:1: ",  "'layers'",
                                  ":14:1: ",  "unknown key 'vocabulary'"};
  for (const char* part : expected) EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  EXPECT_EQ(all.size(), 11u) << text;
}

TEST_F(ModelFile, ImpossibleShapes) {
  const std::string uneven = print(problems(kOwn + "kv_heads: 5\n"));
  EXPECT_NE(uneven.find("5 KV heads do not divide 16 query heads"), std::string::npos) << uneven;
  EXPECT_NE(uneven.find(":6:8"), std::string::npos) << uneven;  // the other place
  std::string text = kOwn;
  const std::string wide = print(problems(text.replace(text.find("1024"), 4, "5000000")));
  EXPECT_NE(wide.find("5000000 is absurdly large"), std::string::npos) << wide;
  EXPECT_NE(wide.find("at most 4194304"), std::string::npos) << wide;
}

TEST_F(ModelFile, AnotherSchemaIsRefused) {
  std::string text = kOwn;
  const auto other = problems(text.replace(0, 15, "schema: model/2").append("unknown: key\n"));
  ASSERT_EQ(other.size(), 1u) << print(other);  // all else may be right in a file of that kind
  EXPECT_EQ(other[0].what, "schema 'model/2' is not 'model/1'");
}

TEST(Models, UnknownNamesGetTheNearest) {
  const auto model = load_model("lama-7b");
  ASSERT_FALSE(model);
  const std::string text = print(model.error());
  EXPECT_NE(text.find("no model 'lama-7b'"), std::string::npos) << text;
  EXPECT_NE(text.find("did you mean 'llama-7b'?"), std::string::npos) << text;
}

}  // namespace
}  // namespace ithaca
