#include <cstdio>

#include "cli/commands.hpp"
#include "tests/cli/widths.hpp"
#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

using test::contains;

const std::vector<std::string> kQuestion{"--model", "llama-7b", "--cluster", "dgx-h100",
                                         "--gpus",  "8",        "--seq",     "64Ki"};

Outcome run_words(std::vector<std::string> words, const std::vector<std::string>& more = {}) {
  words.insert(words.end(), more.begin(), more.end());
  return run(words, Environment{});
}

/// A file of the test's own with that text.
std::string file_of(const std::string& text) {
  const std::string path = test::temporary_path("compared.json");
  std::FILE* file = std::fopen(path.c_str(), "wb");
  std::fwrite(text.data(), 1, text.size(), file);
  std::fclose(file);
  return path;
}

std::string section(const std::string& page, const std::string& from, const std::string& to) {
  const std::size_t begin = page.find(from);
  return page.substr(begin, page.find(to, begin) - begin);
}

TEST(ReportCommand, GivesTheSameFiguresFromAScenarioAndFromItsJson) {
  const Outcome scenario = run_words({"report", "-o", "page.html"}, kQuestion);
  EXPECT_EQ(scenario.exit, ExitCode::done) << scenario.talk;
  EXPECT_EQ(scenario.file, "page.html");
  const std::string path = file_of(run_words({"compare", "--json"}, kQuestion).result);
  const Outcome file = run_words({"report", path});
  std::remove(path.c_str());
  EXPECT_EQ(file.exit, ExitCode::done) << file.talk;
  for (const char* id : {"<section id=\"verdict\">", "<section id=\"summary\">"})
    EXPECT_EQ(section(scenario.result, id, "</section>"), section(file.result, id, "</section>"));
  for (const char* id : {"<figure id=\"memory\">", "<figure id=\"time\">"})
    EXPECT_EQ(section(scenario.result, id, "</figure>"), section(file.result, id, "</figure>"));
  EXPECT_TRUE(contains(scenario.result, "<figure id=\"winners\">"));
  EXPECT_FALSE(contains(file.result, "<figure id=\"winners\">"));
}

TEST(ReportCommand, TakesTheEventEnginesTimes) {
  const Outcome page = run_words({"report", "--engine", "event", "--strategies", "ulysses"}, kQuestion);
  EXPECT_EQ(page.exit, ExitCode::done) << page.talk;
  EXPECT_TRUE(contains(page.result, "Step times come from the event engine on "));
}

TEST(ReportCommand, ShowsTheNetworkUnderTheBestRowAndWhatWasMeasured) {
  const Outcome page = run_words({"report", "--strategies", "ulysses,ring"}, kQuestion);
  const std::string network = section(page.result, "<figure id=\"network\"", "</figure>");
  EXPECT_TRUE(contains(network, "8 GPUs in 1 server"));
  // Eight GPUs with a link to and from the NVSwitch each; Ulysses puts all to all over them alike: every one is
  // busiest.
  EXPECT_TRUE(contains(network, "gpu7 - nvswitch0: 450 GB/s each way; load 100 %")) << network.substr(0, 2000);
  const std::string measured = section(page.result, "<figure id=\"measured\"", "</figure>");
  // hw_profiles/kernels/h100-sxm.yaml, errors: fa3 forward, held out.
  EXPECT_TRUE(contains(measured, "fa3 forward (11)"));
  EXPECT_TRUE(contains(measured, "<data value=\"2.4\">2.40</data>"));
  EXPECT_FALSE(contains(measured, "fa2 "));
  EXPECT_FALSE(contains(measured, "gemm fp32"));
}

TEST(ReportCommand, MakesAPageOfAPlan) {
  const std::string path = file_of(run_words({"plan", "--json"}, kQuestion).result);
  const Outcome page = run_words({"report", path});
  std::remove(path.c_str());
  ASSERT_EQ(page.exit, ExitCode::done) << page.talk;
  const std::string summary = section(page.result, "<section id=\"summary\">", "</section>");
  EXPECT_EQ(summary.find("<tr class=\"best\">"), summary.rfind("<tr class=\"best\">"));
  EXPECT_TRUE(contains(summary, "slower"));
  EXPECT_TRUE(contains(section(page.result, "<section id=\"verdict\">", "</section>"), "Take "));
}

TEST(ReportCommand, MakesAPageOfASimulation) {
  const std::string json = run_words({"simulate", "step", "--json", "--strategy", "ulysses"}, kQuestion).result;
  const std::string path = file_of(json);
  const Outcome page = run_words({"report", path});
  std::remove(path.c_str());
  ASSERT_EQ(page.exit, ExitCode::done) << page.talk;
  // The step's time on the page is the engine's.
  const std::size_t engine = json.find("\"time_s\": ", json.find("\"engine\": {")) + 10;
  const std::string time = json.substr(engine, json.find(',', engine) - engine);
  EXPECT_TRUE(contains(page.result, "<data value=\"" + time + "\">")) << time;
  EXPECT_TRUE(contains(page.result, "<h2>Busiest links</h2>"));
  EXPECT_TRUE(contains(page.result, "gpu0-&gt;nvswitch0"));
  EXPECT_TRUE(contains(page.result, "attention, backward"));
}

/// The page of a sweep with those flags.
Outcome page_of_sweep(const std::vector<std::string>& more) {
  const std::string path = test::temporary_path("sweep.json");
  std::vector<std::string> words{"sweep", "--json", "--no-progress", "-o", path};
  words.insert(words.end(), more.begin(), more.end());
  EXPECT_EQ(run_words(words, kQuestion).exit, ExitCode::done);
  Outcome page = run_words({"report", path});
  std::remove(path.c_str());
  return page;
}

TEST(ReportCommand, MakesAPageOfASweep) {
  // Two ways to recompute by three NIC rates, one strategy: six cells; of recomputation alone two bars.
  const std::string map = page_of_sweep({"--strategies", "ulysses", "--set", "recompute=[none,full]", "--set",
                                         "nic=[100Gbps,200Gbps,400Gbps]"})
                              .result;
  std::size_t cells = 0;
  for (std::size_t at = map.find("class=\"cell"); at != std::string::npos; at = map.find("class=\"cell", at + 1))
    ++cells;
  EXPECT_EQ(cells, 6u);
  EXPECT_TRUE(contains(map, "recompute full, nic 200Gbps: ulysses 8, "));
  EXPECT_TRUE(contains(map, "A sweep over recompute and nic, 6 rows"));
  const std::string bars = page_of_sweep({"--strategies", "ulysses", "--set", "recompute=[none,full]"}).result;
  EXPECT_TRUE(contains(bars, "full: ulysses 8"));
  EXPECT_FALSE(contains(bars, "class=\"cell"));
  const Outcome decode = page_of_sweep({"--set", "batch=1", "--phase", "decode"});
  EXPECT_EQ(decode.exit, ExitCode::usage);
  EXPECT_TRUE(contains(decode.talk, "is no answer of 'ithaca sweep --json' about training steps")) << decode.talk;
}

TEST(ReportCommand, SaysWhatIsMissing) {
  const Outcome nothing = run_words({"report", "--model", "llama-7b"});
  EXPECT_EQ(nothing.exit, ExitCode::usage);
  EXPECT_TRUE(contains(nothing.talk, "error: --cluster, --gpus and --seq: missing")) << nothing.talk;
  const Outcome absent = run_words({"report", "no-such-file.json"});
  EXPECT_EQ(absent.exit, ExitCode::usage);
  EXPECT_TRUE(contains(absent.talk, "no-such-file.json"));
}

TEST(ReportCommand, RefusesFilesThatHoldNoComparison) {
  const std::string right = run_words({"compare", "--json"}, kQuestion).result;
  std::string negative = right;
  negative.replace(negative.find("\"compute_s\": ") + 13, 0, "-");
  std::string strategy = right;
  strategy.replace(strategy.find("\"strategy\": \"ulysses\"") + 13, 7, "odyssey");
  const std::pair<std::string, const char*> cases[] = {
      {"", "parse error"},
      {"[1, 2]", "is no answer of 'ithaca compare --json'"},
      {"{\"format_version\": \"2.0\"}", "this format is not 1.x"},
      {negative, "compute_s is below zero"},
      {strategy, "'odyssey' is no strategy"},
      {right.substr(0, right.size() / 2), "parse error"},
      {run_words({"compare", "--json", "--phase", "decode"}, kQuestion).result, "it answers inference"},
  };
  for (const auto& [text, words] : cases) {
    const std::string path = file_of(text);
    const Outcome outcome = run_words({"report", path});
    std::remove(path.c_str());
    EXPECT_EQ(outcome.exit, ExitCode::usage) << words;
    EXPECT_TRUE(contains(outcome.talk, words)) << outcome.talk;
  }
}

TEST(ReportCommand, TakesAFileOrAScenarioNotBoth) {
  const std::string path = file_of("{}");
  const Outcome both = run_words({"report", path, "--gpus", "8"});
  std::remove(path.c_str());
  EXPECT_EQ(both.exit, ExitCode::usage);
  EXPECT_TRUE(contains(both.talk, "--gpus: the file has its question already")) << both.talk;
}

}  // namespace
}  // namespace ithaca
