#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/flag_reader.hpp"
#include "cli/flag_words.hpp"
#include "configs/reader/load_collectives.hpp"
#include "validate/collective_fit.hpp"

namespace ithaca {
namespace {

constexpr Flag kImportFlags[] = {
    {"--op", "OP", "which collective it is, where the log does not say: all_to_all, all_gather, ..."},
    {"--ranks", "N", "how many ranks took part, where the log does not say"},
    {"--nodes", "N", "on how many servers they were"},
    {"--partial", "", "take in what is whole and leave out the rest, which is named"},
    {"-o", "FILE", "write there instead of stdout"},
};

constexpr std::string_view kImportExamples[] = {
    "ithaca import all_reduce_perf.log -o samples.yaml",
    "mpirun ... all_to_all_perf -b 1K -e 1G | ithaca import - --op all_to_all",
    "ithaca import run.json --partial",
};

std::optional<int> small(std::optional<std::int64_t> count) {
  return count ? std::optional(static_cast<int>(*count)) : std::nullopt;
}

/// What a person should know of the samples: how many, and which are doubtful.
std::string remarks(const CollectiveSamples& samples) {
  std::string out = "took in " + std::to_string(samples.samples.size()) + " samples of " + samples.file;
  if (!samples.broken.empty()) out += ", left out " + std::to_string(samples.broken.size() + samples.more_broken);
  out += "\n";
  std::vector<std::string> doubts;
  sound_rows(samples.samples, doubts);
  for (const std::string& doubt : doubts) out += "in fits " + doubt + "\n";
  return out;
}

Outcome run_import(const Arguments& arguments, Diagnostics problems, const Environment&) {
  FlagReader flags(arguments, problems);
  const CollectiveHints hints{flags.choice<Op>("--op", kOps), small(flags.count("--ranks", 1, 10'000'000)),
                              small(flags.count("--nodes", 1, 10'000'000))};
  std::vector<std::string> words = arguments.words;
  if (words.size() == 2 && words[0] == "nccl-tests") words.erase(words.begin());
  if (words.size() != 1)
    problems.push_back(mistake("import", words.empty() ? "the file is missing" : "it takes one file",
                               "ithaca import " + std::string(kImport.usage)));
  if (!problems.empty()) return misuse(problems);
  const auto samples = load_collectives(words[0], hints);
  if (!samples) return {ExitCode::usage, "", print(samples.error()), ""};
  if (!samples->broken.empty() && !flags.has("--partial")) return {ExitCode::usage, "", print(samples->broken), ""};
  return {ExitCode::done, collectives_yaml(*samples), print(samples->broken) + remarks(*samples),
          arguments.find("-o").value_or("")};
}

}  // namespace

const Command kImport{
    "import",
    "what nccl-tests measured, as a table",
    "[nccl-tests] FILE [flags]",
    "Reads what nccl-tests printed, in any of its versions, or its JSON ('-' is the standard input), and writes the "
    "samples as a table (schema measurements/1) that 'validate' and 'calibrate' read. Lines of mpirun, srun and "
    "NCCL_DEBUG may stand between the rows. A row that cannot be right is named and stops the import, unless --partial "
    "leaves it out. NCCL topologies and 'nvidia-smi topo -m' need no import: give them to --fabric.",
    kImportExamples,
    kImportFlags,
    run_import,
    2,
};

}  // namespace ithaca
