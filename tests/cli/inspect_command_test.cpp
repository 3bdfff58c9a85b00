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
