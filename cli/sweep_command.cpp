#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "cli/commands.hpp"
#include "cli/probe_program.hpp"
#include "cli/sweep/flags.hpp"
#include "cli/sweep/launched.hpp"
#include "cli/sweep/merge.hpp"
#include "cli/sweep/request.hpp"
#include "cli/sweep/run.hpp"
#include "cli/terminal.hpp"

namespace ithaca {
namespace {

/// Goes on as ithaca_mpi; comes back with the reason where it cannot.
Outcome become_mpi(const Arguments& arguments, const LaunchedRank& launched) {
  const std::string program = find_program("ithaca_mpi", own_folder(), variable("PATH").value_or(""));
  std::vector<std::string> words = arguments.typed;
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  if (!program.empty()) execv(program.c_str(), pointers.data());
  if (launched.rank > 0) return {ExitCode::no_device, "", "", ""};
  return {
      ExitCode::no_device, "",
      print(mistake("sweep", "ithaca_mpi, which shares it among processes, is neither beside ithaca nor on PATH",
                    "build ithaca where MPI is (apt-get install libopenmpi-dev), or run --shard I/N in each process")),
      ""};
}

/// A file is taken by --merge alone, a name by all else.
void check_sweep_words(const Arguments& arguments, Diagnostics& problems) {
  if (arguments.has("--merge") || arguments.words.size() < 2) return;
  problems.push_back(mistake(arguments.words[1], "there is a sweep already: " + arguments.words[0], "name one"));
}

Outcome run_command(const Arguments& arguments, Diagnostics problems, const Environment& environment) {
  check_sweep_words(arguments, problems);
  if (arguments.has("--merge") && problems.empty())
    return merge_shards(arguments.words, arguments.find("-o").value_or(""));
  const auto launched = launched_rank(variable);
  const bool alone = arguments.has("--shard") || arguments.has("--dry-run");
  if (launched && !alone && environment.crew == nullptr) return become_mpi(arguments, *launched);
  const SweepRequest request = read_sweep(arguments, problems);
  if (!problems.empty()) return misuse(problems);
  const SweepPlan plan = make_sweep_plan(request, problems);
  if (!problems.empty()) return misuse(problems);
  if (request.dry_run) return {ExitCode::done, dry_run(request, plan), "", ""};
  return run_sweep(request, plan, environment);
}

constexpr std::size_t kMostFiles = 100'000;  // of shards

constexpr std::string_view kSweepExamples[] = {
    "ithaca sweep --model llama3-8b --cluster dgx-h100 --set gpus=8..512*2 --set seq=64Ki..4Mi*2 --csv -o rows.csv",
    ("ithaca sweep --model llama3-8b --cluster dgx-h100 --gpus 64 --set oversubscription=[1,2,4,8] "
     "--set seq=128Ki..2Mi*2 --keep fastest"),
    "ithaca sweep --model llama3-70b --cluster dgx-h100 --set gpus=64..1024*2 --set seq=64Ki..1Mi*2 --heat strategy",
    ("ithaca sweep --model llama3-70b --cluster dgx-h100 --phase decode --seq 128Ki --set gpus=8..64*2 "
     "--set batch=1..64*4 --keep fastest"),
    "ithaca sweep gpus-at-fixed-tokens --dry-run",
    "ithaca sweep big.yaml --csv -o rows.csv --resume",
    "ithaca sweep big.yaml --csv -o rows-3.csv --shard 3/8",
    "ithaca sweep --merge rows-1.csv rows-2.csv rows-3.csv -o rows.csv",
    "mpirun -n 64 ithaca sweep big.yaml --csv -o rows.csv --resume",
};

constexpr std::string_view kAbout =
    "Asks 'compare', with --phase about inference, or with --plan 'plan', at every point of a grid. An axis is any of "
    "their flags without the "
    "dashes (seq, gpus, strategy, micro_batch, model, tiled_loss=[true,false]) or a figure of model or machine: "
    "layers, heads (their width together stays), kv_heads, gpu_memory, nvlink, nic (of one NIC; tiers keep their "
    "oversubscription), nic_latency, oversubscription (of the tier above the nodes, or above 32 nodes), "
    "tokens_per_gpu (the length follows), budget (dollars an hour: the GPUs that it buys, in whole nodes).\n\n"
    "Values are 64Ki..4Mi*2 (doubling), 8..64+8, [16,32,64], or all for model and cluster. NAME is a sweep that comes "
    "with ithaca, or a YAML file: the flags as keys, axes under 'set' (configs/sweeps). What is typed goes before "
    "what the file says.\n\n"
    "Each point gives a row for each strategy; a refused one has its reason. Rows come in the order of the grid "
    "whatever the threads, and the same bytes on every run. With -o FILE nothing is lost: after an interrupt, a crash "
    "or a full disk --resume goes on, from FILE.sweep, and the file is that of a run without interruption. Under "
    "mpirun or srun the processes share the points, the first one writes the file, which is the same again; with "
    "mpirun --enable-recovery the others work on when one dies. Job arrays take --shard, and --merge when all are "
    "done.";

}  // namespace

const Command kSweep{
    "sweep",
    "a grid over any input, on one core or on many machines",
    "[NAME] --set AXIS=VALUES ... [flags]",
    kAbout,
    kSweepExamples,
    kSweepFlags,
    run_command,
    kMostFiles,
};

}  // namespace ithaca
