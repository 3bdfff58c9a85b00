#include "cli/page_facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/compare_flags.hpp"
#include "cli/remarks.hpp"
#include "cli/saved_answer.hpp"
#include "cli/text.hpp"
#include "model/units.hpp"

namespace ithaca {
namespace {

using Json = nlohmann::json;

int degree(const Json& json, const char* key) {
  return static_cast<int>(std::min<std::int64_t>(whole(json, key), 1 << 30));
}

Strategy strategy_of(const std::string& word) {
  const auto found = std::find_if(kAllStrategies.begin(), kAllStrategies.end(),
                                  [&](Strategy strategy) { return name(strategy) == word; });
  if (found == kAllStrategies.end()) throw Unexpected("'" + word + "' is no strategy");
  return *found;
}

std::string words_of(Strategy strategy, const Json& layout) {
  Row row;
  row.strategy = row.layout.strategy = strategy;
  row.layout.ulysses = degree(layout, "ulysses");
  row.layout.ring = degree(layout, "ring");
  row.layout.tp = degree(layout, "tp");
  row.layout.pp = degree(layout, "pp");
  row.layout.dp = degree(layout, "dp");
  return row_words(row);
}

/// What rows of training and of inference have alike.
void read_shared(const Json& json, PageRow& row) {
  const Json& memory = json.at("memory");
  row.tokens_per_s = number(json.contains("step") ? json.at("step") : json, "tokens_per_s");
  if (!json.at("usd_per_million_tokens").is_null()) row.usd_per_million = number(json, "usd_per_million_tokens");
  row.peak_bytes = number(memory, "peak_bytes");
  row.capacity_bytes = number(memory, "capacity_bytes");
  row.longest_tokens = static_cast<double>(whole(json, "max_seq_len"));
  row.idle_gpus = degree(json, "idle_gpus");
  row.fits = memory.at("fits").get<bool>();
  row.misfit = memory.value("why", "");
  row.forward_bytes = number(json.at("layer").at("forward"), "sent_bytes");
  for (const Json& term : memory.at("terms"))
    row.terms.push_back({text(term, "name"), number(term, "bytes"), text(term, "formula"), text(term, "source")});
}

void read_step(const Json& json, PageRow& row) {
  const Json& step = json.at("step");
  row.step_s = number(step, "time_s");
  row.compute_s = number(step, "compute_s");
  row.comm_s = number(step, "comm_s");
  row.exposed_s = number(step, "exposed_comm_s");
  row.bubble_s = number(step, "bubble_s");
  row.optimizer_s = number(step, "optimizer_s");
  row.bound_s = number(step, "bound_s");
  row.mfu = number(step, "mfu");
  row.backward_bytes = number(json.at("layer").at("backward"), "sent_bytes");
}

std::optional<PagePass> read_pass(const Json& json, const char* time) {
  if (json.is_null()) return std::nullopt;
  return PagePass{number(json, time),          number(json, "compute_s"), number(json, "gemm_s"),
                  number(json, "attention_s"), number(json, "comm_s"),    number(json, "exposed_comm_s"),
                  number(json, "bound_s")};
}

void read_passes(const Json& json, PageRow& row) {
  row.prefill = read_pass(json.at("prefill"), "time_to_first_token_s");
  row.decode = read_pass(json.at("decode"), "time_per_output_token_s");
  if (!row.prefill && !row.decode) throw Unexpected("a row has neither prefill nor decode");
  row.cache_bytes = number(json.at("kv_cache"), "bytes_per_gpu");
  row.most_sequences = static_cast<double>(whole(json, "max_batch"));
}

PageRow read_row(const Json& json) {
  PageRow row;
  row.strategy = strategy_of(text(json, "strategy"));
  row.words = name(row.strategy);
  const Json& refused = json.at("refused");
  if (!refused.is_null()) {
    row.rule = text(refused, "rule");
    row.why = text(refused, "why");
    row.instead = text(refused, "instead");
    return row;
  }
  row.words = words_of(row.strategy, json.at("layout"));
  row.lost = json.contains("why") && !json.at("why").is_null() ? text(json, "why") : "";
  read_shared(json, row);
  json.contains("step") ? read_step(json, row) : read_passes(json, row);
  return row;
}

std::string settings_of(const Json& question) {
  if (question.contains("phase"))
    return fmt::format("{}, KV cache of {} bytes an element, layouts chosen for the {}", text(question, "dtype"),
                       number(question, "kv_element_bytes"), text(question, "phase"));
  const bool known = question.contains("attention_kernel") && !question.at("attention_kernel").is_null();
  const std::string kernel = known ? " (" + text(question, "attention_kernel") + ")" : "";
  return fmt::format("{}, {} {} attention{}{}", text(question, "dtype"),
                     question.at("causal").get<bool>() ? "causal" : "full",
                     question.at("flash").get<bool>() ? "flash" : "eager", kernel,
                     question.contains("recompute") ? ", recompute " + text(question, "recompute") : "");
}

void read_provenance(const Json& json, PageFacts& facts) {
  facts.command = command_of(json);
  facts.version = version_of(json);
  for (const Json& input : json.at("inputs"))
    facts.inputs.push_back({text(input, "name"), text(input, "file"), text(input, "source")});
  for (const char* what : {"volume", "gemm", "attention", "links", "time"})
    facts.marks.emplace_back(what, text(json.at("marks"), what));
}

using Asked = std::vector<std::pair<std::string, std::string>>;

/// Leaves of a JSON value by their path: "lora.rank"; null is no leaf.
void flatten(const std::string& name, const Json& json, Asked& asked) {
  if (json.is_null()) return;
  if (!json.is_object()) {
    asked.emplace_back(name, json.dump());
    return;
  }
  for (const auto& [key, value] : json.items())
    flatten(name.empty() ? key : fmt::format("{}.{}", name, key), value, asked);
}

/// In the question as kv_element_bytes and, of inference, batch.
constexpr std::string_view kNamedOtherwise[] = {"--kv-dtype", "--global-batch"};

/// Flags whose answer has no name in the question.
void add_flags(const Json& argv, Asked& asked) {
  const auto words = argv.get<std::vector<std::string>>();
  if (words.size() < 2) return;
  const Arguments arguments = parse_arguments(kCompare, {words.begin() + 2, words.end()}).arguments;
  for (const Flag& flag : kCompareFlags) {
    const auto of_output = [&](const Flag& other) { return other.name == flag.name; };
    if (std::any_of(std::begin(kOutputFlags), std::end(kOutputFlags), of_output)) continue;
    if (std::count(std::begin(kNamedOtherwise), std::end(kNamedOtherwise), flag.name) > 0) continue;
    std::string key(flag.name.substr(2));
    std::replace(key.begin(), key.end(), '-', '_');
    const auto same = [&](const auto& one) { return one.first.rfind(key, 0) == 0; };
    if (arguments.has(flag.name) && std::none_of(asked.begin(), asked.end(), same))
      asked.emplace_back(flag.name, Json(arguments.find(flag.name).value_or("")).dump());
  }
}

Asked asked_of(const Json& json) {
  Json question = json.at("question");
  question.erase("defaults");
  Asked asked;
  flatten("", question, asked);
  for (const char* key : {"seq_len", "global_batch", "micro_batch"})
    flatten(key, json.at("rows").front().value(key, Json()), asked);
  for (const char* key : {"engine", "network"}) {
    if (json.contains(key)) flatten(key, json.at(key), asked);
  }
  const Json& provenance = json.at("provenance");
  add_flags(provenance.at("argv"), asked);
  for (const Json& input : provenance.at("inputs")) {
    for (const char* key : {"file", "source"})
      asked.emplace_back(text(input, "kind") + " " + key, input.at(key).dump());
  }
  flatten("mark", provenance.at("marks"), asked);
  flatten("version", provenance.at("version"), asked);
  flatten("git revision", provenance.at("git"), asked);
  return asked;
}

/// What each row of a plan has of its own, where they differ in it.
void add_choices(const Json& rows, PageFacts& facts) {
  const auto of = [](const Json& row) {
    const std::string offload = text(row.at("settings"), "offload");
    return std::vector<std::string>{fmt::format("{} x {}", whole(row, "gpus"), text(row, "cluster")),
                                    "micro-batch " + std::to_string(whole(row, "micro_batch")),
                                    "recompute " + text(row.at("settings"), "recompute"),
                                    offload.empty() ? "" : "offload " + offload};
  };
  const std::vector<std::string> first = of(rows.front());
  for (std::size_t i = 0; i < first.size(); ++i) {
    const auto alike = [&](const Json& row) { return of(row)[i] == first[i]; };
    if (std::all_of(rows.begin(), rows.end(), alike)) continue;
    for (std::size_t k = 0; k < rows.size(); ++k) {
      const std::string choice = of(rows[k])[i];
      if (!choice.empty()) facts.rows[k].words += ", " + choice;
    }
  }
}

/// A plan's first row is its best; machines are named in its question.
void read_plan(const Json& json, PageFacts& facts) {
  const Json &machines = json.at("question").at("clusters"), &rows = json.at("rows");
  const std::string cluster = text(rows.front(), "cluster");
  for (const Json& machine : machines) {
    if (text(machine, "name") != cluster) continue;
    facts.cluster = cluster;
    facts.gpu = text(machine, "gpu");
    facts.usd_per_gpu_hour = number(machine, "usd_per_gpu_hour");
    facts.price_source = text(machine, "price_source");
  }
  facts.gpus = whole(rows.front(), "gpus");
  add_choices(rows, facts);
  PageRow& best = facts.rows.front();
  best.best = best.fits && best.lost.empty();
}

std::string seconds_text(const Json& json, const char* key) { return print(Seconds{number(json, key)}); }

std::vector<PageTable> simulation_tables(const Json& run) {
  const Json &engine = run.at("engine"), &closed = run.at("closed_form");
  PageTable times{"Event engine beside closed form", {{"of one " + text(run, "what"), "event engine", "closed form"}}};
  for (const auto& [label, key] : {std::pair{"time", "time_s"},
                                   {"compute", "compute_s"},
                                   {"exposed communication", "exposed_comm_s"},
                                   {"physical bound", "bound_s"}})
    times.lines.push_back({label, seconds_text(engine, key), seconds_text(closed, key)});
  const Json& seeds = run.at("seeds");
  if (seeds.at("time_s").size() > 1)
    times.lines.push_back({fmt::format("median and worst of {} seeds", seeds.at("time_s").size()),
                           seconds_text(seeds, "median_s") + ", " + seconds_text(seeds, "worst_s"), ""});
  PageTable links{"Busiest links", {{"link", "carried", "of what it could have, %"}}};
  for (const Json& link : run.at("links"))
    links.lines.push_back({text(link, "name"), print(Bytes{number(link, "carried_bytes")}),
                           significant(100 * number(link, "utilisation"))});
  PageTable path{"Where the time went, along the chain that nothing could shorten", {{"task", "time", "share, %"}}};
  for (const Json& part : run.at("critical_path"))
    path.lines.push_back({text(part, "label"), seconds_text(part, "time_s"),
                          significant(100 * number(part, "time_s") / number(run, "makespan_s"))});
  return {times, links, path};
}

/// The row's step takes the engine's time; a layer's stands in the tables alone.
void read_simulation(const Json& json, PageFacts& facts) {
  const Json &run = json.at("simulation"), &engine = run.at("engine");
  PageRow& row = facts.rows.front();
  row.best = row.fits;
  facts.tables = simulation_tables(run);
  const std::string what = text(run, "what");
  facts.verdict = {fmt::format("{}: {} a {} in the event engine, {} by the closed form.", row.words,
                               seconds_text(engine, "time_s"), what, seconds_text(run.at("closed_form"), "time_s"))};
  facts.verdict.push_back("Network: " + text(run, "network") +
                          (run.at("healthy").get<bool>() ? "." : ", with what fails, straggles or jitters."));
  if (!row.fits) facts.verdict.emplace_back("It does not fit in the memory of a GPU: its time is what if.");
  if (what != "step") return;
  const double longer = number(engine, "time_s") / row.step_s;
  row.step_s *= longer;
  row.mfu /= longer;
  if (row.usd_per_million) *row.usd_per_million *= longer;
  row.exposed_s = std::max(0.0, row.step_s - row.compute_s - row.bubble_s - row.optimizer_s);
  row.tokens_per_s = number(run, "tokens_per_s");
  facts.engine = text(run, "network");
}

enum class AnswerKind { compare, plan, simulation };

AnswerKind kind_of(const Json& json, PageAnswers accepted) {
  const Json& argv = json.at("provenance").at("argv");
  const std::string command = argv.size() > 1 ? argv.at(1).get<std::string>() : "";
  const bool any = accepted == PageAnswers::any;
  if (any && command == "plan") return AnswerKind::plan;
  if (any && json.contains("simulation")) return AnswerKind::simulation;
  for (const char* other : {"plan", "sweep", "simulate"}) {
    if (command == other) throw Unexpected(fmt::format("it is one of 'ithaca {}'", other));
  }
  return AnswerKind::compare;
}

void read_question(const Json& question, PageFacts& facts) {
  facts.model = text(question, "model");
  facts.parameters = number(question, "parameters");
  facts.settings = settings_of(question);
  facts.defaults = question.at("defaults").get<std::vector<std::string>>();
  facts.phase = question.value("phase", "");
  facts.output_tokens = facts.phase.empty() ? 0 : whole(question, "output_tokens");
  if (question.contains("clusters")) return;
  facts.cluster = text(question, "cluster");
  facts.gpu = text(question, "gpu");
  facts.usd_per_gpu_hour = number(question, "usd_per_gpu_hour");
  facts.gpus = whole(question, "gpus");
  facts.price_source = text(question, "price_source");
}

void read_comparison(const Json& json, PageFacts& facts) {
  facts.engine = json.contains("network") ? text(json, "network") : "";
  facts.best = json.at("best").is_null() ? "" : text(json, "best");
  for (PageRow& row : facts.rows) row.best = name(row.strategy) == facts.best;
  facts.asked = asked_of(json);
}

PageFacts facts_of(const Json& json, PageAnswers accepted) {
  PageFacts facts;
  if (text(json, "format_version").rfind("1.", 0) != 0) throw Unexpected("this format is not 1.x");
  const AnswerKind kind = kind_of(json, accepted);
  read_question(json.at("question"), facts);
  facts.notices = json.at("notices").get<std::vector<std::string>>();
  read_provenance(json.at("provenance"), facts);
  for (const Json& row : json.at("rows")) facts.rows.push_back(read_row(row));
  if (facts.rows.empty()) throw Unexpected("it has no rows");
  if (kind != AnswerKind::simulation) facts.verdict = json.at("verdict").get<std::vector<std::string>>();
  switch (kind) {
    case AnswerKind::compare: read_comparison(json, facts); break;
    case AnswerKind::plan: read_plan(json, facts); break;
    case AnswerKind::simulation: read_simulation(json, facts); break;
  }
  facts.seq_len = whole(json.at("rows").front(), "seq_len");
  facts.global_batch = whole(json.at("rows").front(), facts.phase.empty() ? "global_batch" : "batch");
  return facts;
}

}  // namespace

Result<PageFacts, Diagnostics> read_page_facts(const std::string& file, const std::string& text, PageAnswers accepted) {
  PageFacts facts;
  Diagnostics problems = try_reading(file, "'ithaca compare --json'",
                                     "write one with 'ithaca compare ... --json -o FILE', or give the flags of compare",
                                     [&] { facts = facts_of(Json::parse(text), accepted); });
  if (!problems.empty()) return problems;
  return facts;
}

}  // namespace ithaca
