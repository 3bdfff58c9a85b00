#include "cli/inspect_command.hpp"

#include "cli/commands.hpp"
#include "cli/json_writer.hpp"
#include "configs/reader/catalogue.hpp"
#include "tests/cli/widths.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

using test::contains;

std::string inspect(std::vector<std::string> words) {
  words.insert(words.begin(), "inspect");
  const Outcome outcome = run(words, Environment{});
  EXPECT_EQ(outcome.exit, ExitCode::done) << outcome.talk;
  return outcome.result;
}

TEST(Inspect, ListsEveryName) {
  const std::string text = inspect({});
  test::expect_no_wider(text, 80);
  for (const Kind kind : {Kind::model, Kind::cluster, Kind::gpu}) {
    for (const std::string& name : catalogue_names(kind)) EXPECT_TRUE(contains(text, "\n  " + name)) << name;
  }
  EXPECT_FALSE(contains(text, "cannot be read"));
}

TEST(Inspect, AModelHasItsShapeAndParameters) {
  const std::string text = inspect({"--model", "llama-7b"});
  // The released checkpoint: 6,738,415,616 parameters.
  EXPECT_TRUE(contains(text, "6,738,415,616 (6.74 billion parameters)")) << text;
  EXPECT_TRUE(contains(text, "  source"));
}

TEST(Inspect, EveryFigureOfAClusterHasMarkAndSource) {
  const auto cluster = load_cluster("dgx-h100");
  ASSERT_TRUE(cluster);
  const Section section = describe(*cluster);
  EXPECT_FALSE(section.items.empty());
  for (const Section::Item& item : section.items) {
    EXPECT_FALSE(item.mark.empty()) << item.name;
    EXPECT_FALSE(item.source.empty()) << item.name;
  }
  test::expect_no_wider(inspect({"--cluster", "dgx-h100"}), 80);
}

TEST(Inspect, AnswersSeveralQuestionsAtOnce) {
  const std::string text = inspect({"--model", "llama-7b", "--gpu", "h100-sxm", "--json"});
  EXPECT_TRUE(contains(text, "\"model\": ["));
  EXPECT_TRUE(contains(text, "\"gpu\": ["));
}

TEST(Inspect, ShowsTheNetworkOfACluster) {
  const std::string text = inspect({"--cluster", "dgx-h100"});
  // Eight servers: 64 NVLink ports and 64 NICs each way; the eight rail leaves of one set need no spine.
  EXPECT_TRUE(contains(text, "Fabric rail_optimised, 64 GPUs in 8 servers")) << text;
  EXPECT_TRUE(contains(text, "128 links of 450 GB/s"));
  EXPECT_TRUE(contains(text, "injection bound  400 GB/s"));
  test::expect_no_wider(text, 80);
  const std::string json = inspect({"--cluster", "dgx-h100", "--fabric", "{kind: fat_tree, leaf_hosts: 2}", "--json"});
  EXPECT_TRUE(contains(json, "\"kind\": \"fat_tree\"")) << json;
  EXPECT_TRUE(contains(json, "\"injection_bound_bytes_per_s\": 400000000000.0"));
}

TEST(Inspect, DrawsTheNetwork) {
  EXPECT_TRUE(inspect({"--cluster", "azure-nd-h100-v5", "--gpus", "16", "--dot"}).starts_with("digraph fabric {"));
  const std::string svg = inspect({"--cluster", "dgx-h100", "--gpus", "1024", "--svg"});
  EXPECT_TRUE(svg.starts_with("<svg "));
  EXPECT_TRUE(contains(svg, "rail_optimised, 1,024 GPUs in 128 servers"));
}

TEST(Inspect, ANetworkFromAFileNeedsNoCluster) {
  const std::string graph =
      "{kind: custom, nodes: [{name: a, kind: gpu}, {name: b, kind: gpu}], links: [{from: a, to: b, capacity: 1GBps}]}";
  EXPECT_TRUE(contains(inspect({"--fabric", graph}), "Fabric custom, 2 GPUs in 2 servers"));
}

TEST(Inspect, MistakesAboutTheNetwork) {
  const auto talk = [](std::vector<std::string> words) {
    words.insert(words.begin(), "inspect");
    const Outcome outcome = run(words, Environment{});
    EXPECT_EQ(outcome.exit, ExitCode::usage);
    return outcome.talk;
  };
  EXPECT_TRUE(contains(talk({"--fabric", "fat_tree"}), "add --cluster"));
  EXPECT_TRUE(contains(talk({"--svg", "--model", "llama-7b"}), "add --cluster or --fabric"));
  EXPECT_TRUE(contains(talk({"--cluster", "dgx-h100", "--svg", "--dot"}), "exclude each other"));
  EXPECT_TRUE(contains(talk({"--cluster", "dgx-h100", "--fabric", "fat_tre"}), "did you mean 'fat_tree'?"));
  EXPECT_TRUE(contains(talk({"--cluster", "dgx-h100", "--fabric", "{kind: torus, dimensions: [3, 3]}"}), "torus: "));
  EXPECT_TRUE(contains(talk({"--cluster", "dgx-h100", "--gpus", "0"}), "--gpus"));
}

TEST(Inspect, UnknownNamesAreMistakes) {
  const Outcome outcome = run({"inspect", "--cluster", "dgx-h10"}, Environment{});
  EXPECT_EQ(outcome.exit, ExitCode::usage);
  EXPECT_TRUE(contains(outcome.talk, "did you mean 'dgx-h100'?")) << outcome.talk;
}

TEST(Describe, SaysWhatIsLearnedAndTied) {
  const LoadedModel loaded{test::gpt(1024, 2, 16), "f.yaml", "a paper", ""};
  const std::string text = write_sections({describe(loaded)}, Style{80, false});
  EXPECT_TRUE(contains(text, "2,048 learned"));
  EXPECT_TRUE(contains(text, "LayerNorm"));
  EXPECT_FALSE(contains(text, "  note"));
}

TEST(WriteSections, WrapsAndIndents) {
  const Section section{"k", "Title", {{"a", "1", "measured", "a source"}, {"bcd", "", "", ""}}};
  EXPECT_EQ(write_sections({section}, Style{80, false}), "Title\n  a    1 (measured)\n      a source\n  bcd\n");
}

}  // namespace
}  // namespace ithaca
