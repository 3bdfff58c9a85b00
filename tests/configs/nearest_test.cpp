#include "configs/reader/nearest.hpp"

#include <gtest/gtest.h>

#include "configs/reader/catalogue.hpp"

namespace ithaca {
namespace {

const std::vector<std::string> kKeys{"hidden", "heads", "kv_heads", "layers"};

TEST(Nearest, AllowsAThirdOfTheLetters) {
  EXPECT_EQ(nearest("hiden", kKeys), "hidden");     // 1 of 5, 1 allowed
  EXPECT_EQ(nearest("layres", kKeys), "layers");    // swapped neighbours are 1 of 6, 2 allowed
  EXPECT_EQ(nearest("hidn", kKeys), std::nullopt);  // 2 of 4, 1 allowed
  EXPECT_EQ(nearest("vocab", kKeys), std::nullopt);
  EXPECT_EQ(nearest("heads", kKeys), "heads");
}

TEST(Nearest, TakesTheSmallestDistanceAndTheFirstOfEquals) {
  EXPECT_EQ(nearest("kv_head", {"kv_bread", "kv_heads"}), "kv_heads");
  EXPECT_EQ(nearest("abc", {"abd", "abe"}), "abd");
}

TEST(Nearest, AllowsOneLetterInShortWords) {
  EXPECT_EQ(nearest("b", {"a"}), "a");
  EXPECT_EQ(nearest("", {"a"}), "a");
  EXPECT_EQ(nearest("bc", {"a"}), std::nullopt);
}

TEST(Nearest, SwappedNeighboursAreOneMistake) {
  EXPECT_EQ(nearest("sqe", {"gpus", "seq"}), "seq");
  EXPECT_EQ(nearest("eqs", {"seq"}), std::nullopt);  // 2 of 3, 1 allowed
  EXPECT_EQ(nearest("qes", {"seq"}), std::nullopt);  // far ones swapped are 2
}

TEST(Nearest, OverlooksCapitals) {
  EXPECT_EQ(nearest("LLAMA3-8B", {"llama3-70b", "llama3-8b"}), "llama3-8b");
  EXPECT_EQ(nearest("DGX_H100", {"dgx-a100", "dgx-h100"}), "dgx-h100");
}

TEST(Nearest, HasNoOpinionOnNothingOrOnNovels) {
  EXPECT_EQ(nearest("a", {}), std::nullopt);
  EXPECT_EQ(nearest(std::string(1000000, 'a'), {std::string(1000000, 'a')}), std::nullopt);
}

TEST(Suggestion, NamesTheNearestOrAFew) {
  EXPECT_EQ(suggestion("hiden", kKeys), "did you mean 'hidden'?");
  EXPECT_EQ(suggestion("h100", {"aws-p5", "dgx-h100", "azure-nd-h100-v5"}),
            "did you mean one of dgx-h100, azure-nd-h100-v5?");
  EXPECT_EQ(suggestion("vocab", kKeys), "one of hidden, heads, kv_heads, layers");
  EXPECT_EQ(suggestion("vocab", {"bf16"}), "the only name is bf16");
  EXPECT_EQ(suggestion("vocab", {}), "");
  EXPECT_EQ(suggestion("zzz", {"1", "2", "3", "4", "5", "6", "7", "8"}), "one of 1, 2, 3, 4, 5, 6, 7, 8");
  EXPECT_EQ(suggestion("zzz", {"1", "2", "3", "4", "5", "6", "7", "8", "9"}), "") << "more than eight are no help";
}

TEST(Suggestion, OneNameThatHoldsTheWordIsMeant) {
  EXPECT_EQ(suggestion("tied", {"heads", "tied_embeddings"}), "did you mean 'tied_embeddings'?");
}

TEST(Suggestion, MeetsHowPeopleWriteTheNames) {
  const auto models = catalogue_names(Kind::model), clusters = catalogue_names(Kind::cluster);
  EXPECT_EQ(nearest("llama-3-8b", models), "llama3-8b");
  EXPECT_EQ(nearest("Llama-3.1-70B", models), "llama3.1-70b");
  EXPECT_EQ(nearest("qwen2_5-14b", models), "qwen2.5-14b");
  EXPECT_EQ(nearest("mistral7b", models), "mistral-7b");
  EXPECT_EQ(nearest("h100-dgx", clusters), std::nullopt);
  EXPECT_EQ(nearest("dgxh100", clusters), "dgx-h100");
}

}  // namespace
}  // namespace ithaca
