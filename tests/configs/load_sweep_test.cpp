#include "configs/reader/load_sweep.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr SweepKey kKeys[] = {{"--model"}, {"--strategies"}, {"--tiled-loss", true}, {"--where", false, true}};

Result<SweepFile, Diagnostics> load(const std::string& text) {
  const std::string path = test::temporary_path("sweep.yaml");
  std::ofstream(path) << text;
  auto sweep = load_sweep(path, kKeys);
  std::remove(path.c_str());
  return sweep;
}

TEST(LoadSweep, KeysAreFlagsAndAxesKeepTheirOrder) {
  const auto sweep = load(
      "schema: sweep/1\nname: s\nquestion: why\nmodel: llama3-8b\nstrategies: [ulysses, ring]\ntiled_loss: true\n"
      "where: ['step.time_s < 30', memory.fits = true]\nset:\n  seq: 64Ki..1Mi*2\n  gpus: [8, 16]\n");
  ASSERT_TRUE(sweep) << print(sweep.error());
  EXPECT_EQ(sweep->question, "why");
  EXPECT_EQ(sweep->flags, (Pairs{{"--model", "llama3-8b"},
                                 {"--strategies", "ulysses,ring"},
                                 {"--tiled-loss", ""},
                                 {"--where", "step.time_s < 30"},
                                 {"--where", "memory.fits = true"}}));
  EXPECT_EQ(sweep->axes, (Pairs{{"seq", "64Ki..1Mi*2"}, {"gpus", "[8,16]"}}));
}

TEST(LoadSweep, ASwitchThatIsOffIsNotThere) {
  const auto sweep = load("schema: sweep/1\nname: s\ntiled_loss: false\n");
  ASSERT_TRUE(sweep) << print(sweep.error());
  EXPECT_TRUE(sweep->flags.empty());
}

TEST(LoadSweep, MistakesHaveTheirPlace) {
  const auto sweep = load("schema: sweep/1\nname: s\nmodle: llama3-8b\nset:\n  seq: {a: 1}\n  gpus: 8\n  gpus: 16\n");
  ASSERT_FALSE(sweep);
  const std::string text = print(sweep.error());
  EXPECT_NE(text.find("unknown key 'modle'"), std::string::npos) << text;
  EXPECT_NE(text.find(":5:8: this is no value"), std::string::npos) << text;
  EXPECT_NE(text.find(":7:3: this axis is there twice"), std::string::npos) << text;
}

}  // namespace
}  // namespace ithaca
