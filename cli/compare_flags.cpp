#include "cli/compare_flags.hpp"

#include <algorithm>

#include "cli/flag_reader.hpp"
#include "cli/flag_words.hpp"
#include "cli/framework_flag.hpp"
#include "cli/join_flags.hpp"
#include "cli/text.hpp"
#include "configs/reader/load_documents.hpp"
#include "model/curriculum.hpp"
#include "model/units.hpp"

namespace ithaca {
namespace {

constexpr auto kAllCompareFlags = join_flags(kJobFlags, kCompareOnlyFlags, kInferenceFlags, kOutputFlags);

constexpr Choice<Engine> kEngineNames[] = {{"analytic", Engine::analytic}, {"event", Engine::event}};
constexpr Choice<Dtype> kDtypeNames[] = {
    {"bf16", Dtype::bf16}, {"fp16", Dtype::fp16}, {"fp32", Dtype::fp32}, {"fp8", Dtype::fp8}};
constexpr Choice<Recompute> kRecomputeNames[] = {
    {"none", Recompute::none}, {"selective", Recompute::selective}, {"full", Recompute::full}};
constexpr Choice<Schedule> kScheduleNames[] = {{"1f1b", Schedule::one_f_one_b}, {"gpipe", Schedule::gpipe}};
constexpr Choice<bool Offload::*> kOffloadNames[] = {
    {"checkpoints", &Offload::checkpoints}, {"optimizer", &Offload::optimizer}, {"parameters", &Offload::parameters}};
constexpr Choice<bool Overlap::*> kOverlapNames[] = {{"gradients", &Overlap::gradients},
                                                     {"parameters", &Overlap::parameters}};
constexpr Choice<bool> kGradientNames[] = {{"same", false}, {"fp32", true}};
constexpr Choice<RingGradient> kRingGradientNames[] = {{"fp32", RingGradient::fp32}, {"half", RingGradient::half}};

constexpr Choice<LoraTargets> kLoraTargets[] = {
    {"attention", {true, false}}, {"ffn", {false, true}}, {"all", {true, true}}};
constexpr std::int64_t kMostLoraRank = 4096;

enum class AttentionWord { flash, eager, causal, full, fa1, fa2, fa3, cudnn };
constexpr Choice<AttentionWord> kAttentionNames[] = {
    {"flash", AttentionWord::flash}, {"eager", AttentionWord::eager}, {"causal", AttentionWord::causal},
    {"full", AttentionWord::full},   {"fa1", AttentionWord::fa1},     {"fa2", AttentionWord::fa2},
    {"fa3", AttentionWord::fa3},     {"cudnn", AttentionWord::cudnn}};

constexpr std::int64_t kMostSequences = 1'000'000'000;

void read_attention(FlagReader& flags, CompareRequest& request) {
  Workload& work = request.work;
  const auto words = flags.choices<AttentionWord>("--attention", kAttentionNames);
  const auto has = [&](AttentionWord word) { return std::find(words.begin(), words.end(), word) != words.end(); };
  if (has(AttentionWord::flash) && has(AttentionWord::eager)) {
    flags.complain("--attention", "flash and eager exclude each other", "keep one of them");
  }
  if (has(AttentionWord::causal) && has(AttentionWord::full)) {
    flags.complain("--attention", "causal and full exclude each other", "keep one of them");
  }
  for (const auto& [word, value] : kAttentionNames) {
    if (value < AttentionWord::fa1 || !has(value)) continue;
    if (!request.attention_kernel.empty() || has(AttentionWord::eager)) {
      flags.complain("--attention", std::string(word) + " is not the only kernel named", "keep one of them");
    }
    request.attention_kernel = word;
  }
  work.flash = !has(AttentionWord::eager);
  work.causal = !has(AttentionWord::full);
}

/// The first constraint of a long run: sequences go by the tokens of a global batch.
void read_batch_tokens(FlagReader& flags, CompareRequest& request) {
  if (!flags.has("--seq")) return;  // a curriculum's stages have their own lengths
  const auto tokens = flags.tokens("--batch-tokens", request.notices);
  if (!tokens) return;
  Workload& work = request.work;
  if (flags.has("--global-batch")) flags.complain("--batch-tokens", "decides on --global-batch", "give one of them");
  if (*tokens < work.seq_len) {
    flags.complain("--batch-tokens", "below one sequence of " + grouped(work.seq_len.count) + " tokens",
                   "give at least that, or a shorter --seq");
    return;
  }
  work.global_batch = sequences_in(tokens->count, work.seq_len);
  const std::int64_t used = work.global_batch * work.seq_len.count;
  if (used != tokens->count)
    request.notices.push_back("a global batch of " + grouped(work.global_batch) + " sequences has " + grouped(used) +
                              " tokens");
}

void read_batch(FlagReader& flags, CompareRequest& request) {
  Workload& work = request.work;
  work.micro_batch = flags.count("--micro-batch", 1, 1'000'000).value_or(1);
  const auto global = flags.count("--global-batch", 1, kMostSequences);
  work.global_batch = global.value_or(work.micro_batch);
  read_batch_tokens(flags, request);
  if (work.global_batch % work.micro_batch == 0) return;
  const std::int64_t rounded = (work.global_batch / work.micro_batch + 1) * work.micro_batch;
  flags.complain("--global-batch", "is no multiple of --micro-batch " + grouped(work.micro_batch),
                 "take --global-batch " + std::to_string(rounded) + " or another --micro-batch");
}

/// RANK[:TARGETS]
void read_lora(FlagReader& flags, Workload& work) {
  if (!flags.has("--lora")) return;
  const std::string text = flags.text("--lora");
  const std::size_t colon = text.find(':');
  const auto rank = parse_count(text.substr(0, colon));
  if (!rank || *rank < 1 || *rank > kMostLoraRank)
    return flags.complain("--lora", "the rank is no whole number from 1 to " + std::to_string(kMostLoraRank),
                          "write a rank such as 16, or 16:attention");
  work.lora_rank = static_cast<int>(*rank);
  if (colon == std::string::npos) return;
  const std::string word = text.substr(colon + 1);
  for (const auto& [target, targets] : kLoraTargets) {
    if (target == word) return void(work.lora_targets = targets);
  }
  flags.complain("--lora", "'" + word + "' is none of its targets", "write attention, ffn or all",
                 suggestion(word, {"attention", "ffn", "all"}));
}

std::optional<int> read_degree(FlagReader& flags, std::string_view flag) {
  const auto degree = flags.count(flag, 1, kMostGpus);
  return degree ? std::optional<int>(static_cast<int>(*degree)) : std::nullopt;
}

Degrees read_degrees(FlagReader& flags) {
  Degrees degrees;
  degrees.tp = read_degree(flags, "--tp");
  degrees.pp = read_degree(flags, "--pp");
  degrees.dp = read_degree(flags, "--dp");
  degrees.ulysses = read_degree(flags, "--ulysses");
  degrees.ring = read_degree(flags, "--ring");
  if (const auto zero = flags.count("--zero", 0, 3)) degrees.zero = static_cast<int>(*zero);
  degrees.zigzag = !flags.has("--no-zigzag");
  degrees.ep = read_degree(flags, "--ep").value_or(1);
  degrees.virtual_pp = read_degree(flags, "--virtual-pp").value_or(1);
  degrees.inner_ring = read_degree(flags, "--inner-ring").value_or(1);
  degrees.chunks = read_degree(flags, "--chunks").value_or(1);
  degrees.schedule = flags.choice<Schedule>("--schedule", kScheduleNames).value_or(Schedule::one_f_one_b);
  return degrees;
}

void read_workload(FlagReader& flags, CompareRequest& request) {
  Workload& work = request.work;
  work.seq_len = flags.tokens("--seq", request.notices).value_or(Tokens{1});
  work.dtype = flags.choice<Dtype>("--dtype", kDtypeNames).value_or(Dtype::bf16);
  work.recompute = flags.choice<Recompute>("--recompute", kRecomputeNames).value_or(Recompute::full);
  work.fp32_gradients = flags.choice<bool>("--grad-dtype", kGradientNames).value_or(false);
  work.ring_gradient = flags.choice<RingGradient>("--ring-grad", kRingGradientNames).value_or(RingGradient::fp32);
  work.dropout = flags.has("--dropout");
  work.tiled_loss = flags.has("--tiled-loss");
  work.fused_loss = flags.has("--fused-loss");
  work.tiled_mlp = flags.has("--tiled-mlp");
  work.recompute_every = static_cast<int>(flags.count("--recompute-every", 1, 100'000).value_or(1));
  for (const auto what : flags.choices<bool Offload::*>("--offload", kOffloadNames)) work.offload.*what = true;
  work.overlap.tensor = flags.has("--tp-overlap");
  work.overlap.pipeline = flags.has("--pp-overlap");
  for (const auto what : flags.choices<bool Overlap::*>("--no-overlap", kOverlapNames)) work.overlap.*what = false;
  read_lora(flags, work);
  work.framework = read_framework(flags);
  work.transformer_engine = work.framework.framework == Framework::megatron;
  read_batch(flags, request);
  read_attention(flags, request);
}

void read_strategies(FlagReader& flags, CompareRequest& request) {
  std::vector<Choice<Strategy>> names;
  names.reserve(kAllStrategies.size());
  for (const Strategy strategy : kAllStrategies) names.emplace_back(name(strategy), strategy);
  auto strategies = flags.choices<Strategy>("--strategies", names);
  if (strategies.empty()) return;
  auto sorted = strategies;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
    flags.complain("--strategies", "names a strategy twice", "name each once");
  }
  request.strategies = std::move(strategies);
}

void read_output(FlagReader& flags, CompareRequest& request) {
  if (flags.has("--json") && flags.has("--csv")) {
    flags.complain("--json and --csv", "exclude each other", "keep one of them");
  }
  if (flags.has("--json")) request.format = Format::json;
  if (flags.has("--csv")) request.format = Format::csv;
  request.explain = flags.has("--explain");
  if (request.explain && request.engine == Engine::event) {
    flags.complain("--explain", "explains the closed form", "leave out --engine event");
  }
  if (request.explain && request.format != Format::table) {
    request.notices.emplace_back("--explain adds text to the table; --json has every term already");
  }
  request.file = flags.text("-o");
  request.color = flags.color();
}

std::string zero_default(const Workload& work) {
  switch (work.framework.framework) {
    case Framework::megatron: return "--zero 1";
    case Framework::accelerate: return "--zero 3";
    case Framework::verl: return "--zero 3 (Megatron engine: 1)";
    case Framework::any:
    case Framework::deepspeed: break;
  }
  return "--zero 3 (megatron_sp: 1)";
}

constexpr double kMostDocuments = 2e7;  // of a step

void read_documents(FlagReader& flags, CompareRequest& request, Diagnostics& problems) {
  if (!flags.has("--documents")) return;
  const auto lengths = load_documents("--documents", flags.text("--documents"));
  if (!lengths) {
    problems.insert(problems.end(), lengths.error().begin(), lengths.error().end());
    return;
  }
  const Workload& work = request.work;
  const std::int64_t longest = *std::max_element(lengths->begin(), lengths->end());
  double tokens = 0;
  for (const std::int64_t length : *lengths) tokens += static_cast<double>(length);
  const double of_step = static_cast<double>(work.seq_len.count) * static_cast<double>(work.global_batch);
  if (!work.causal || !work.flash) {
    flags.complain("--documents", "are packed for causal FlashAttention only", "leave full and eager out");
  } else if (longest > work.seq_len.count) {
    flags.complain("--documents", "one of " + grouped(longest) + " tokens is longer than a sequence",
                   "take a longer --seq, or cut it");
  } else if (of_step / (tokens / static_cast<double>(lengths->size())) > kMostDocuments) {
    flags.complain("--documents", "more than 20,000,000 of them in a step", "take a smaller batch or longer documents");
  } else {
    request.packing = std::make_shared<const Packing>(pack(*lengths, work.seq_len.count, work.global_batch));
    request.work.packing = request.packing.get();
  }
}

/// What the user left open and would want to know, in the header's words.
std::vector<std::string> chosen_defaults(const FlagReader& flags, const CompareRequest& request) {
  std::vector<std::string> chosen;
  const auto note = [&](std::string_view flag, std::string text) {
    if (!flags.has(flag)) chosen.push_back(std::move(text));
  };
  note("--global-batch", "--global-batch " + std::to_string(request.work.global_batch));
  note("--micro-batch", "--micro-batch 1");
  note("--dtype", "--dtype bf16");
  note("--attention", "--attention flash,causal");
  note("--recompute", "--recompute full");
  note("--zero", zero_default(request.work));
  return chosen;
}

}  // namespace

const std::span<const Flag> kCompareFlags = kAllCompareFlags;

std::string_view name(Engine engine) { return kEngineNames[static_cast<std::size_t>(engine)].first; }
std::string_view name(Dtype dtype) { return kDtypeNames[static_cast<std::size_t>(dtype)].first; }
std::string_view name(Recompute recompute) { return kRecomputeNames[static_cast<std::size_t>(recompute)].first; }

CompareRequest read_question_flags(FlagReader& flags) {
  CompareRequest request;
  request.model = flags.text("--model");
  request.cluster = flags.text("--cluster");
  read_workload(flags, request);
  request.degrees = read_degrees(flags);
  read_strategies(flags, request);
  request.engine = flags.choice<Engine>("--engine", kEngineNames).value_or(Engine::analytic);
  request.price = flags.dollars("--price");
  read_output(flags, request);
  return request;
}

CompareRequest read_compare_flags(const Arguments& arguments, Diagnostics& problems) {
  FlagReader flags(arguments, problems);
  CompareRequest request = read_question_flags(flags);
  request.gpus = static_cast<int>(flags.count("--gpus", 1, kMostGpus).value_or(1));
  read_documents(flags, request, problems);
  request.defaults = chosen_defaults(flags, request);
  return request;
}

}  // namespace ithaca
