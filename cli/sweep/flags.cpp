#include "cli/sweep/flags.hpp"

#include <algorithm>
#include <array>

#include "cli/plan_flags.hpp"

namespace ithaca {
namespace {

/// The same flag where another may stand for it, or an axis.
template <std::size_t size>
constexpr std::array<Flag, size> optional_flags(const Flag (&flags)[size]) {
  std::array<Flag, size> all{};
  for (std::size_t i = 0; i < size; ++i) {
    all[i] = flags[i];
    all[i].required = false;
  }
  return all;
}

constexpr Flag kOfPlans[] = {
    {"--fastest", "", "plan's goal: least time a step (the default)"},
    {"--longest", "", "plan's goal: the longest sequence that fits"},
    {"--fewest-gpus", "", "plan's goal: the smallest number of GPUs that is enough"},
    {"--cheapest", "", "plan's goal: fewest dollars a token"},
    {"--memory-margin", "SHARE", "plan: of each GPU's memory, left free"},
    {"--max-price", "USD", "plan: of the whole job an hour"},
    {"--min-tokens-per-s", "N", "plan: what the whole job has to reach"},
};
constexpr Flag kOfSweeps[] = {
    {"--set", "AXIS=VALUES", "an axis; as many as you like, the last one changes fastest", false, true},
    {"--plan", "", "for each point the best of all layouts, as 'ithaca plan' finds it"},
    {"--keep", "WHICH", "all rows, or of each group the fastest, smallest, cheapest or the front of all three [all]"},
    {"--per", "AXES", "comma list: what makes a group [each point; with front all points are one]"},
    {"--where", "LIMIT", "such as 'step.time_s < 30s'; rows that miss it are refused", false, true},
    {"--columns", "LIST", "comma list of fields, or all, as in 'ithaca compare --csv'"},
    {"--heat", "FIELD", "a map of the field over the last two axes, of the fastest row at each point"},
    {"--threads", "N", "how many work [all cores]"},
    {"--resume", "", "go on where an earlier run with the same -o ended"},
    {"--shard", "I/N", "the I-th of N parts, for job arrays; put together by --merge"},
    {"--merge", "", "put the files of all shards together: ithaca sweep --merge FILES -o FILE"},
    {"--dry-run", "", "how many points and how long, and nothing else"},
    {"--no-progress", "", "nothing on stderr while it runs"},
    {"--jsonl", "", "a JSON object a line"},
};
constexpr auto kOptionalJob = optional_flags(kJobFlags);

constexpr auto kOfPoints = [] {
  constexpr std::size_t size =
      kOptionalJob.size() + std::size(kCompareOnlyFlags) + std::size(kOfPlans) + std::size(kInferenceFlags);
  std::array<Flag, size> all{};
  std::size_t next = 0;
  for (const Flag& flag : kOptionalJob) all[next++] = flag;
  for (const Flag& flag : kCompareOnlyFlags) all[next++] = flag;
  for (const Flag& flag : kOfPlans) all[next++] = flag;
  for (const Flag& flag : kInferenceFlags) all[next++] = flag;
  return all;
}();
constexpr auto kEvery = [] {
  std::array<Flag, kOfPoints.size() + std::size(kOfSweeps) + std::size(kOutputFlags)> all{};
  std::size_t next = 0;
  for (const Flag& flag : kOfSweeps) all[next++] = flag;
  for (const Flag& flag : kOutputFlags) all[next++] = flag;
  for (const Flag& flag : kOfPoints) all[next++] = flag;
  return all;
}();

constexpr std::string_view kOfTheRun[] = {"-o",      "--threads", "--resume",  "--shard",      "--merge",
                                          "--color", "--dry-run", "--explain", "--no-progress"};

bool among(std::span<const Flag> flags, std::string_view name) {
  return std::any_of(flags.begin(), flags.end(), [&](const Flag& flag) { return flag.name == name; });
}

struct Misplaced {
  std::string_view flag, what, next;
};
constexpr std::string_view kDaysOfAJob = "it counts the days of a whole job";
constexpr std::string_view kAskPlan = "see 'ithaca plan --curriculum'";
constexpr Misplaced kNowhere[] = {
    {"--explain", "there is no room for it here", "see 'ithaca compare --explain'"},
    {"--gpu-mtbf", kDaysOfAJob, kAskPlan},
    {"--checkpoint-time", kDaysOfAJob, kAskPlan},
    {"--restart-time", kDaysOfAJob, kAskPlan},
    {"--checkpoint-every", kDaysOfAJob, kAskPlan},
    {"--curriculum", "is one job of several lengths", "make them an axis: --set seq=8Ki..1Mi*2 --batch-tokens 4Mi"},
    {"--top", "each point has its best layout alone", "leave it out, or see 'ithaca plan'"},
};
constexpr Misplaced kNotInPlans[] = {
    {"--engine", "a plan is worked out by the closed form", "leave out one of them"},
    {"--documents", "plans have whole sequences", "leave out one of them"},
    {"--schedule", "plans have 1F1B alone", "leave out one of them"},
    {"--phase", "plans are about training", "leave out one of them"},
};

}  // namespace

const std::span<const Flag> kSweepFlags = kEvery;
std::span<const Flag> sweep_job_flags() { return kOfPoints; }

bool of_the_run(std::string_view flag) {
  return std::find(std::begin(kOfTheRun), std::end(kOfTheRun), flag) != std::end(kOfTheRun);
}

std::optional<std::pair<std::string_view, std::string_view>> misplaced(std::string_view flag, SweepAsks asks) {
  for (const Misplaced& each : kNowhere) {
    if (each.flag == flag) return {{each.what, each.next}};
  }
  for (const Misplaced& each : kNotInPlans) {
    if (each.flag == flag && asks == SweepAsks::plan) return {{each.what, each.next}};
  }
  if (asks != SweepAsks::plan && among(kOfPlans, flag)) return {{"is a flag of plans", "add --plan, or see --keep"}};
  if (asks != SweepAsks::phase && among(kInferenceFlags, flag))
    return {{"belongs to inference", "add --phase prefill or --phase decode"}};
  return std::nullopt;
}

}  // namespace ithaca
