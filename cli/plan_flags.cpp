#include "cli/plan_flags.hpp"

#include <algorithm>

#include "cli/flag_reader.hpp"
#include "cli/flag_words.hpp"
#include "cli/join_flags.hpp"
#include "cli/text.hpp"
#include "configs/reader/byte_range.hpp"
#include "model/units.hpp"

namespace ithaca {
namespace {

/// A flag of every simulation of a layout, in the same words here.
constexpr Flag job_flag(std::string_view name) {
  for (const Flag& flag : kJobFlags) {
    if (flag.name == name) return flag;
  }
  return {};
}

constexpr Flag kOwnPlanFlags[] = {
    job_flag("--model"),
    {"--cluster", "C[,C]", "clusters offered: names from 'ithaca inspect' or YAML files", true},
    {"--gpus", "RANGE", "numbers of GPUs offered: 64, 8..512*2 (doubling), 8..64+8, [16,32,64]", true},
    {"--seq", "N", "sequence length in tokens: 1Mi (2^20), 1M (10^6), 131072; not with --longest"},
    {"--curriculum", "STAGES", "stages of one job, length:tokens each, instead of --seq: 8Ki:2T,128Ki:200G,1Mi:20G"},
    {"--batch-tokens", "T", "tokens of a global batch at most, in place of --global-batch: 4Mi"},
    {"--gpu-mtbf", "T",
     "curriculum: mean time between failures of one GPU, for days and dollars among failures; of 16,384 H100s each "
     "stopped Llama 3's pre-training every 50,000h (arXiv 2407.21783, table 5)"},
    {"--checkpoint-time", "T", "training stands still for so long to write a checkpoint: 30s"},
    {"--restart-time", "T", "from a failure until training goes on: 10min"},
    {"--checkpoint-every", "T", "training between two checkpoints: 30min [the best]"},
    {"--fastest", "", "goal: least time a step (the default)"},
    {"--longest", "", "goal: the longest sequence that fits"},
    {"--fewest-gpus", "", "goal: the smallest number of GPUs that is enough"},
    {"--cheapest", "", "goal: fewest dollars a token"},
    {"--memory-margin", "SHARE", "of each GPU's memory, left free: 5% [0%]"},
    {"--max-price", "USD", "of the whole job an hour, such as 400USD"},
    {"--min-tokens-per-s", "N", "what the whole job has to reach"},
    {"--top", "K", "how many layouts to show [5]"},
    {"--strategies", "S",
     "comma list of ulysses, megatron_sp, ring, usp (the default), tensor_parallel, "
     "cp_all_gather, loongtrain, fpdt and ring_self_attention"},
    {"--price", "USD", "price of a GPU-hour, such as 2.50USD [the profile's]"},
    {"--global-batch", "B", "sequences per optimizer step [1, or the micro-batch]"},
    {"--micro-batch", "b", "sequences per replica and pass [searched]"},
    {"--recompute", "R", "none, selective or full [searched]"},
    {"--zero", "Z", "ZeRO stage 0 to 3 [searched]"},
    {"--tp", "T", "tensor-parallel degree [searched]"},
    {"--pp", "P", "pipeline-parallel degree [searched]"},
    {"--virtual-pp", "V", "chunks of layers a pipeline stage [searched]"},
    {"--dp", "D", "data-parallel degree [searched]"},
    {"--ulysses", "U", "Ulysses degree [searched]"},
    {"--ring", "R", "ring degree [searched]"},
    {"--ep", "E", "expert-parallel degree, part of dp x ulysses x ring [searched]"},
    {"--inner-ring", "W", "loongtrain: ranks of an inner ring [searched]"},
    {"--chunks", "C", "fpdt: chunks of a rank's sequence [searched: 1 to 64]"},
    {"--offload", "WHAT", "comma list of what may wait in host memory: checkpoints, optimizer, parameters"},
    job_flag("--dtype"),
    job_flag("--attention"),
    job_flag("--recompute-every"),
    job_flag("--grad-dtype"),
    job_flag("--ring-grad"),
    job_flag("--no-zigzag"),
    job_flag("--dropout"),
    job_flag("--tiled-loss"),
    job_flag("--fused-loss"),
    job_flag("--tiled-mlp"),
    job_flag("--tp-overlap"),
    job_flag("--pp-overlap"),
    job_flag("--no-overlap"),
    job_flag("--lora"),
    job_flag("--framework"),
};
constexpr auto kAllPlanFlags = join_flags(kOwnPlanFlags, kOutputFlags);

constexpr Choice<Goal> kGoals[] = {{"--fastest", Goal::fastest},
                                   {"--longest", Goal::longest},
                                   {"--fewest-gpus", Goal::fewest_gpus},
                                   {"--cheapest", Goal::cheapest}};

void read_goal(const FlagReader& flags, PlanRequest& request, Diagnostics& problems) {
  std::vector<std::string> asked;
  for (const auto& [flag, goal] : kGoals) {
    if (!flags.has(flag)) continue;
    asked.emplace_back(flag);
    request.goal = goal;
  }
  if (asked.size() > 1) problems.push_back(mistake(join_words(asked), "exclude each other", "keep one of them"));
  const bool longest = request.goal == Goal::longest, seq = flags.has("--seq");
  if (flags.has("--curriculum")) return;
  if (longest && seq) problems.push_back(mistake("--seq", "--longest finds it", "leave out one of them"));
  if (!longest && !seq) problems.push_back(mistake("--seq", "missing", "give the length, such as --seq 1Mi"));
}

void read_gpus(FlagReader& flags, PlanRequest& request) {
  const std::string text = flags.text("--gpus");
  request.gpus = {1};
  if (text.empty()) return;
  const auto counts = parse_count_range(text);
  if (!counts) return flags.complain("--gpus", counts.error().what, counts.error().next);
  std::vector<std::int64_t> sorted = *counts;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  if (sorted.back() > kMostGpus) return flags.complain("--gpus", "more than 1,000,000", "give fewer");
  request.gpus.assign(sorted.begin(), sorted.end());
}

/// "128Ki:200G"
std::optional<CurriculumStage> read_stage(FlagReader& flags, const std::string& word) {
  const std::size_t colon = std::min(word.find(':'), word.size());
  const auto length = parse_tokens(word.substr(0, colon));
  const auto tokens = parse_token_total(word.substr(std::min(colon + 1, word.size())));
  if (length && tokens) return CurriculumStage{*length, *tokens};
  const UnitError& wrong = length ? tokens.error() : length.error();
  flags.complain("--curriculum", "in stage '" + word + "': " + wrong.what, "write length:tokens, such as 128Ki:200G");
  return std::nullopt;
}

void read_curriculum(FlagReader& flags, PlanRequest& request) {
  if (!flags.has("--curriculum")) return;
  for (const std::string& word : flags.words("--curriculum")) {
    if (const auto stage = read_stage(flags, word)) request.stages.push_back(*stage);
  }
  if (request.goal != Goal::fastest && request.goal != Goal::cheapest)
    flags.complain("--curriculum", "has the goals --fastest and --cheapest", "leave the other goal out");
  for (const std::string_view flag : {"--seq", "--global-batch", "--top"}) {
    if (flags.has(flag)) flags.complain(flag, "goes with a single length", "leave it out with --curriculum");
  }
  const auto batch = flags.tokens("--batch-tokens", request.job.notices);
  if (!flags.has("--batch-tokens"))
    flags.complain("--curriculum", "needs the tokens of a global batch", "add --batch-tokens 4Mi");
  request.batch_tokens = batch ? batch->count : 0;
  for (const CurriculumStage& stage : request.stages) {
    if (batch && stage.seq_len > *batch)
      flags.complain("--batch-tokens", "below one sequence of " + grouped(stage.seq_len.count) + " tokens",
                     "give at least that");
  }
}

std::optional<Seconds> duration(FlagReader& flags, std::string_view flag, bool zero_too) {
  if (!flags.has(flag)) return std::nullopt;
  const auto time = parse_seconds(flags.text(flag));
  if (time && (zero_too || *time > Seconds{})) return *time;
  if (time) {
    flags.complain(flag, "no time at all", "give more than 0s");
  } else {
    flags.complain(flag, time.error().what, "write a time, such as 30s, 10min or 50000h");
  }
  return std::nullopt;
}

void read_failures(FlagReader& flags, PlanRequest& request) {
  constexpr std::string_view kNeeded[] = {"--gpu-mtbf", "--checkpoint-time", "--restart-time"};
  const auto given = [&](std::string_view flag) { return flags.has(flag); };
  if (std::none_of(std::begin(kNeeded), std::end(kNeeded), given) && !given("--checkpoint-every")) return;
  for (const std::string_view flag : kNeeded) {
    if (!given(flag)) flags.complain(flag, "missing", "failures take --gpu-mtbf, --checkpoint-time and --restart-time");
  }
  if (!given("--curriculum"))
    flags.complain("--gpu-mtbf", "counts the days of a job", "give the job: --curriculum 128Ki:1T --batch-tokens 4Mi");
  const auto mtbf = duration(flags, kNeeded[0], false), checkpoint = duration(flags, kNeeded[1], false);
  const auto restart = duration(flags, kNeeded[2], true), every = duration(flags, "--checkpoint-every", false);
  if (mtbf && checkpoint && restart) request.failures = Failures{*mtbf, *checkpoint, *restart, every};
}

void read_limits(FlagReader& flags, PlanRequest& request) {
  if (flags.has("--memory-margin")) {
    const auto share = parse_percent(flags.text("--memory-margin"));
    if (!share) {
      flags.complain("--memory-margin", share.error().what, share.error().next);
    } else if (*share >= 1) {
      flags.complain("--memory-margin", "leaves no memory to work with", "give less than 100%");
    } else {
      request.limits.memory_margin = *share;
    }
  }
  request.limits.price_per_hour = flags.dollars("--max-price").value_or(Dollars{});
  if (flags.has("--max-price") && request.limits.price_per_hour <= Dollars{}) {
    flags.complain("--max-price", "buys nothing", "give a price above zero");
  }
  if (const auto tokens = flags.tokens("--min-tokens-per-s", request.job.notices)) {
    request.limits.tokens_per_s = TokensPerSecond{static_cast<double>(tokens->count)};
  }
}

PlanDegrees fixed_degrees(const FlagReader& flags, const CompareRequest& job) {
  const auto given = [&](std::string_view flag, int value) {
    return flags.has(flag) ? std::optional<int>(value) : std::nullopt;
  };
  const Degrees& d = job.degrees;
  PlanDegrees fixed{d.tp,
                    d.pp,
                    given("--virtual-pp", d.virtual_pp),
                    d.dp,
                    d.ulysses,
                    d.ring,
                    given("--ep", d.ep),
                    d.zero,
                    given("--inner-ring", d.inner_ring),
                    given("--chunks", d.chunks),
                    {},
                    {},
                    d.zigzag};
  if (flags.has("--micro-batch")) fixed.micro_batch = job.work.micro_batch;
  if (flags.has("--recompute")) fixed.recompute = job.work.recompute;
  return fixed;
}

std::vector<std::string> chosen_defaults(const FlagReader& flags, const PlanRequest& request) {
  std::vector<std::string> chosen;
  const auto note = [&](std::string_view flag, std::string text) {
    if (!flags.has(flag)) chosen.push_back(std::move(text));
  };
  if (request.stages.empty()) note("--global-batch", "--global-batch " + std::to_string(request.job.work.global_batch));
  note("--dtype", "--dtype bf16");
  note("--attention", "--attention flash,causal");
  note("--offload", "nothing in host memory");
  return chosen;
}

}  // namespace

const std::span<const Flag> kPlanFlags = kAllPlanFlags;

std::string_view name(Goal goal) { return kGoals[static_cast<std::size_t>(goal)].first.substr(2); }

PlanRequest read_plan_flags(const Arguments& arguments, Diagnostics& problems) {
  FlagReader flags(arguments, problems);
  PlanRequest request;
  request.job = read_question_flags(flags);
  request.clusters = flags.words("--cluster");
  read_goal(flags, request, problems);
  read_gpus(flags, request);
  read_limits(flags, request);
  read_curriculum(flags, request);
  read_failures(flags, request);
  request.fixed = fixed_degrees(flags, request.job);
  request.top = static_cast<std::size_t>(flags.count("--top", 1, 100).value_or(5));
  request.job.defaults = chosen_defaults(flags, request);
  return request;
}

}  // namespace ithaca
