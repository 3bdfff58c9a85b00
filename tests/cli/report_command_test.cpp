#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/markup.hpp"
#include "configs/reader/xml_document.hpp"
#include "tests/cli/widths.hpp"
#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

using test::contains;
using Json = nlohmann::ordered_json;

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

/// The page of a file with that text, which is well-formed XML and has no script.
std::string page_of_file(const std::string& text) {
  const std::string path = file_of(text);
  const Outcome page = run_words({"report", path});
  std::remove(path.c_str());
  EXPECT_EQ(page.exit, ExitCode::done) << page.talk;
  const auto document = parse_xml("page.html", page.result.substr(page.result.find('\n') + 1));
  EXPECT_TRUE(document) << print(document.error());
  EXPECT_FALSE(contains(page.result, "<script"));
  return page.result;
}

/// <data value="2">
std::string data(double value) {
  const std::string empty = figure(value, "");
  return empty.substr(0, empty.find('>') + 1);
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
  EXPECT_TRUE(contains(measured, "fa3 forward (11, h100-sxm)"));
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
  EXPECT_TRUE(contains(map, "Of 6 points, ulysses is fastest at 6."));
  const std::string bars = page_of_sweep({"--strategies", "ulysses", "--set", "recompute=[none,full]"}).result;
  EXPECT_TRUE(contains(bars, "full: ulysses 8"));
  EXPECT_FALSE(contains(bars, "class=\"cell"));
  const std::string decode = page_of_sweep({"--set", "batch=[1,2]", "--phase", "decode"}).result;
  EXPECT_TRUE(contains(decode, "Of 2 points, tensor_parallel is fastest at 2.")) << decode.substr(0, 9000);
  EXPECT_TRUE(contains(decode, "further token, s"));
}

TEST(ReportCommand, MakesAPageOfACurriculum) {
  const std::vector<std::string> words{"plan",   "--model",        "llama-7b", "--cluster",    "dgx-h100",
                                       "--json", "--batch-tokens", "1Mi",      "--curriculum", "8Ki:1T,64Ki:100G"};
  const Outcome plain = run_words(words, {"--gpus", "[8,16]"});
  ASSERT_EQ(plain.exit, ExitCode::done) << plain.talk;
  const std::string page = page_of_file(plain.result);
  const std::string offers = section(page, "<figure id=\"offers\">", "</figure>");
  const Json answer = Json::parse(plain.result);
  for (const Json& offer : answer["offers"]) {
    for (const Json& stage : offer["stages"]) EXPECT_TRUE(contains(offers, data(stage["time_s"]))) << stage;
  }
  EXPECT_TRUE(contains(offers, "stage 2: 65,536 tokens long"));
  EXPECT_FALSE(contains(offers, "failures"));
  const std::string failing = page_of_file(
      run_words(words, {"--gpus", "8", "--gpu-mtbf", "50000h", "--checkpoint-time", "30s", "--restart-time", "10min"})
          .result);
  EXPECT_TRUE(contains(failing, "checkpoints and failures"));
}

TEST(ReportCommand, MakesAPageOfInference) {
  const std::vector<std::string> phase{"--phase", "decode", "--batch", "4", "--output-tokens", "100"};
  std::vector<std::string> words{"compare", "--json"};
  words.insert(words.end(), phase.begin(), phase.end());
  const std::string json = run_words(words, kQuestion).result;
  const std::string page = page_of_file(json);
  EXPECT_TRUE(contains(page, "4 prompts at once, 100 output tokens each"));
  EXPECT_LT(page.find("<figure id=\"decode\">"), page.find("<figure id=\"prefill\">"));
  const std::string summary = section(page, "<section id=\"summary\">", "</section>");
  const std::string decode = section(page, "<figure id=\"decode\">", "</figure>");
  const Json answer = Json::parse(json);
  for (const Json& row : answer["rows"]) {
    if (!row["refused"].is_null()) continue;
    const Json& pass = row["decode"];
    for (const Json& value : {row["prefill"]["time_to_first_token_s"], pass["time_per_output_token_s"],
                              row["kv_cache"]["bytes_per_gpu"], row["max_batch"]})
      EXPECT_TRUE(contains(summary, data(value.get<double>()))) << row["strategy"] << value;
    // The parts of a pass: what the JSON has, the kernels that are neither, and what hides behind compute.
    const double compute = pass["compute_s"], gemm = pass["gemm_s"], attention = pass["attention_s"];
    const double hidden = pass["comm_s"].get<double>() - pass["exposed_comm_s"].get<double>();
    for (const double value :
         {gemm, attention, compute - gemm - attention, pass["exposed_comm_s"].get<double>(), hidden})
      EXPECT_TRUE(contains(decode, data(value))) << row["strategy"] << value;
  }
  std::vector<std::string> asked{"report"};
  asked.insert(asked.end(), phase.begin(), phase.end());
  const Outcome scenario = run_words(asked, kQuestion);
  EXPECT_EQ(scenario.exit, ExitCode::done) << scenario.talk;
  EXPECT_EQ(section(scenario.result, "<section id=\"figures\">", "</section>"),
            section(page, "<section id=\"figures\">", "</section>"));
  EXPECT_TRUE(contains(run_words({"report", "--batch", "4"}, kQuestion).talk, "--batch 4: belongs to inference"));
}

TEST(ReportCommand, MakesAPageOfACollective) {
  const std::vector<std::string> words{"simulate", "collective", "all_to_all", "--cluster", "dgx-h100",
                                       "--gpus",   "16",         "--json",     "--sizes"};
  const std::string json = run_words(words, {"1MiB..64MiB*2"}).result;
  const std::string page = page_of_file(json);
  const std::string bandwidth = section(page, "<figure id=\"bandwidth\">", "</figure>");
  const Json rows = Json::parse(json)["rows"];
  EXPECT_EQ(rows.size(), 7u);  // 1, 2, 4, ... 64 MiB
  for (const Json& row : rows) {
    EXPECT_TRUE(contains(bandwidth, data(row["busbw_bytes_per_s"]))) << row["size_bytes"];
    EXPECT_TRUE(contains(bandwidth, data(row["bound_s"]))) << row["size_bytes"];
  }
  // Of three curves each has a marker a size, and one in the legend.
  std::size_t markers = 0;
  for (std::size_t at = bandwidth.find("<title>"); at != std::string::npos; at = bandwidth.find("<title>", at + 1))
    ++markers;
  EXPECT_EQ(markers, 3 * (7u + 1));
  EXPECT_TRUE(contains(page, "all_to_all in groups of 16, on 16 GPUs of dgx-h100"));
  const std::string one = page_of_file(run_words(words, {"8MiB"}).result);
  EXPECT_FALSE(contains(one, "<figure id=\"bandwidth\">"));
  EXPECT_TRUE(contains(one, "<figure id=\"collective-time\">"));
}

TEST(ReportCommand, MakesAPageOfFlows) {
  // Two flows on 10 B/s: 5 B/s each until the one of 10 bytes ends at 2 s; the other's last 10 of 20 bytes take 1 s
  // more. The link carries 30 bytes in 3 s and is never idle.
  const std::string evil = "</style><script>alert(1)</script>";
  const std::string cases = test::temporary_file(
      "flows.json",
      R"({"format": 1, "cases": [{"name": ")" + evil +
          R"(", "links": [{"id": "wire", "capacity": 10, "latency": 0}], "flows": [)"
          R"({"id": "a<b", "bytes": 10, "path": ["wire"]}, {"id": "long", "bytes": 20, "path": ["wire"]}]}]})");
  const Outcome made = run_words({"simulate", "flows", cases, "--json"});
  std::remove(cases.c_str());
  ASSERT_EQ(made.exit, ExitCode::done) << made.talk;
  const std::string page = page_of_file(made.result);
  EXPECT_TRUE(contains(page, "a&lt;b"));
  EXPECT_TRUE(contains(page, "long, finishes after 3.00 s; the busiest link, wire, is in use 100 % of that time."));
  const std::string flows = section(page, "<figure id=\"case-1-flows\">", "</figure>");
  EXPECT_TRUE(contains(flows, "<data value=\"2\">2.00</data>")) << flows;
  EXPECT_LT(flows.find("long"), flows.find("a&lt;b"));
  EXPECT_TRUE(contains(section(page, "<figure id=\"case-1-links\">", "</figure>"), "<data value=\"30\">30.0 B</data>"));
  const std::string path = file_of(R"({"cases": []})");
  EXPECT_TRUE(
      contains(run_words({"report", path}).talk, "is no answer of 'ithaca simulate flows --json': it has no cases"));
  std::remove(path.c_str());
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
  strategy.replace(strategy.find(R"("strategy": "ulysses")") + 13, 7, "odyssey");
  const std::pair<std::string, const char*> cases[] = {
      {"", "parse error"},
      {"[1, 2]", "is no answer of 'ithaca compare --json'"},
      {R"({"format_version": "2.0"})", "this format is not 1.x"},
      {"{\"provenance\": []}", "key 'format_version' not found"},
      {"{\"collective\": {}}", "is no answer of 'ithaca simulate collective --json'"},
      {"{\"offers\": 3}", "is no answer of 'ithaca plan --curriculum --json'"},
      {negative, "compute_s is below zero"},
      {strategy, "'odyssey' is no strategy"},
      {right.substr(0, right.size() / 2), "parse error"},
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
