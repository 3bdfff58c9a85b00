// Whatever a file holds, the reader answers with a value or with diagnostics fit to print, in bounded time. Under the
// sanitizers (ITHACA_SANITIZE) this finds what yaml-cpp or our own reading would do wrong.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <random>

#include "configs/reader/catalogue_data.hpp"
#include "configs/reader/hugging_face.hpp"
#include "configs/reader/load_hardware.hpp"
#include "configs/reader/load_kernels.hpp"
#include "configs/reader/load_model.hpp"
#include "configs/reader/load_sweep.hpp"
#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

constexpr unsigned kSeed = 20231;

const std::string kConfig = R"({
  "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
  "num_key_value_heads": null, "head_dim": 128, "intermediate_size": 11008, "vocab_size": 32000,
  "rope_scaling": {"factor": 8.0}, "eos_token_id": [1, 2], "name": "\u00e9 \ud83d\ude00", "tie_word_embeddings": false
})";

const std::string kTraps[] = {"&a ",
                              "*a ",
                              "<<: ",
                              "!!int ",
                              "? ",
                              ": ",
                              ":",
                              "- ",
                              "[",
                              "{",
                              "]",
                              "}",
                              ",",
                              "\t",
                              "\r",
                              "\n",
                              "\n\n",
                              "---\n",
                              "...",
                              "'",
                              "\"",
                              "|\n",
                              ">\n",
                              "%",
                              "@",
                              "`",
                              "#",
                              " # ",
                              "~",
                              "0",
                              "010",
                              "0x1F",
                              "1_0",
                              ".5",
                              "-1",
                              "1e9",
                              "1e999",
                              "null",
                              "true",
                              "yes",
                              "99999999999",
                              "80GB",
                              " ",
                              "  ",
                              "\\",
                              "\\u",
                              "é",
                              "\x1b[31m",
                              "\xff",
                              "\xc3",
                              "\xef\xbb\xbf",
                              std::string(1, '\0')};

class Mutator {
 public:
  std::string operator()(std::string text) {
    for (std::size_t edits = below(4) + 1; edits > 0 && !text.empty(); --edits) edit(text);
    return text;
  }
  std::size_t below(std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_); }

 private:
  void edit(std::string& text) {
    const std::size_t at = below(text.size()), length = below(40);
    switch (below(5)) {
      case 0: text[at] = static_cast<char>(below(256)); break;
      case 1: text.erase(at, length); break;
      case 2: text.insert(below(text.size()), text.substr(at, length)); break;
      case 3: text.resize(at); break;
      default: text.insert(at, kTraps[below(std::size(kTraps))]);
    }
  }
  std::mt19937 random_{kSeed};
};

/// What every diagnostic must be.
void expect_printable(const Diagnostics& problems) {
  ASSERT_FALSE(problems.empty());
  ASSERT_LE(problems.size(), 200u);
  for (const Diagnostic& d : problems) ASSERT_FALSE(d.what.empty());
  const std::string text = print(problems);
  ASSERT_LE(text.size(), 200000u);
  for (char c : text) ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n') << testing::PrintToString(text);
}

template <class Loaded>
bool is_answer(const Result<Loaded, Diagnostics>& loaded) {
  if (loaded) return true;
  expect_printable(loaded.error());
  return false;
}

/// Loads a text of a kind through the public function for it.
bool load(Kind kind, const std::string& text) {
  const std::string path = test::temporary_path("hostile.yaml");
  std::ofstream(path, std::ios::binary) << text;
  bool good = false;
  switch (kind) {
    case Kind::model:
      if (const auto model = load_model(path); is_answer(model)) {
        EXPECT_GT(parameter_count(model->model), 0);
        good = true;
      }
      break;
    case Kind::gpu: good = is_answer(load_gpu(path)); break;
    case Kind::cluster: good = is_answer(load_cluster(path)); break;
    case Kind::kernels: good = is_answer(load_kernels(path)); break;
    case Kind::sweep: good = is_answer(load_sweep(path, {})); break;
  }
  std::remove(path.c_str());
  return good;
}

TEST(Hostile, DamagedFilesGetAnAnswer) {
  Mutator mutate;
  int good = 0, bad = 0;
  for (int i = 0; i < 600; ++i) {
    const CatalogueFile& file = catalogue()[mutate.below(catalogue().size())];
    const std::string text = mutate(std::string(file.text));
    SCOPED_TRACE("seed " + std::to_string(kSeed) + ", round " + std::to_string(i) + ", " + std::string(file.file));
    (load(file.kind, text) ? good : bad) += 1;
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(good, 20) << "some damage is harmless: comments, names";
  EXPECT_GT(bad, 200);
}

TEST(Hostile, DamagedConfigsGetAnAnswer) {
  Mutator mutate;
  int good = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::string text = mutate(kConfig);
    SCOPED_TRACE("seed " + std::to_string(kSeed) + ", round " + std::to_string(i) + ":\n" + text);
    const auto document = parse_document("config.json", text);
    if (!document) {
      expect_printable(document.error());
    } else {
      Diagnostics problems;
      const LoadedModel loaded = read_hugging_face(*document, problems);
      if (problems.empty()) {
        EXPECT_GT(parameter_count(loaded.model), 0);
        ++good;
      } else {
        expect_printable(problems);
      }
    }
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(good, 50);
}

TEST(Hostile, RepetitionIsReadInBoundedTime) {
  std::vector<std::string> starts{"", "a: ", "[", "{", "\"", "a: |\n"};
  for (const std::string& start : starts) {
    for (const std::string& trap : kTraps) {
      std::string text = start;
      while (text.size() < 10000) text += trap;
      const auto begin = std::chrono::steady_clock::now();
      const auto document = parse_document("f.yaml", text);
      if (!document) expect_printable(document.error());
      EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5))
          << testing::PrintToString(start + trap);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Hostile, ManyKeysAndLongLines) {
  const auto begin = std::chrono::steady_clock::now();
  std::string keys;
  while (keys.size() < (1u << 17)) keys += "k" + std::to_string(keys.size()) + ": 1\n";
  EXPECT_FALSE(load(Kind::model, keys));
  EXPECT_FALSE(load(Kind::model, keys + keys)) << "each given twice";
  EXPECT_FALSE(load(Kind::model, "hidden: " + std::string(1u << 17, '9') + "\n"));
  EXPECT_FALSE(load(Kind::model, "{" + std::string(1u << 17, ' ') + "hidden: 1}"));
  EXPECT_FALSE(load(Kind::cluster, "name: " + std::string(1u << 17, 'x') + "\n"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

}  // namespace
}  // namespace ithaca
