#include <algorithm>
#include <cstdlib>
#include <span>
#include <thread>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/flag_reader.hpp"
#include "cli/measure_table.hpp"
#include "cli/probe_program.hpp"
#include "cli/terminal.hpp"
#include "configs/reader/byte_range.hpp"
#include "configs/reader/load_collectives.hpp"
#include "validate/launch.hpp"
#include "validate/tcp/measure.hpp"

namespace ithaca {
namespace {

constexpr Flag kMeasureFlags[] = {
    {"--backend", "B", "nccl, cuda or tcp", true},
    {"--ranks", "N", "how many; alone, they all run here over the loopback (default 4)"},
    {"--rank", "R", "which one this is, from 0; a launcher's variables say it too"},
    {"--gpus", "P", "nccl: how many of this machine's GPUs (default all); cuda: how many share the sequence"},
    {"--meet", "HOST:PORT", "where rank 0 listens and the others find it"},
    {"--token", "WORD", "the same for all ranks; needed unless they all run here"},
    {"--sizes", "RANGE", "1KiB..1GiB*4 or [1MiB,3MiB] (default 64KiB..16MiB*4)"},
    {"--patterns", "LIST", "some of ping_pong, shift, all_gather, reduce_scatter, all_to_all, pairwise"},
    {"--patience", "TIME", "how long to wait for a silent rank (default 30s)"},
    {"--ops", "LIST", "nccl: some of all_gather, reduce_scatter, all_reduce, all_to_all, send_recv"},
    {"--model", "M", "nccl: its layer's whole patterns too; cuda: its kernels"},
    {"--seq", "N", "tokens of the whole sequence, for --model: 64Ki,256Ki"},
    {"--overlap", "", "nccl: a GEMM beside an all-gather too"},
    {"--layers", "", "nccl: run small Ulysses and Megatron-SP layers and check them instead"},
    {"--share-gpu", "", "nccl: ranks that are processes on one GPU, a functional run"},
    {"--family", "LIST", "cuda: some of gemm, attention, streaming, permute, copy, overlap"},
    {"--device", "I", "cuda: which GPU (default 0)"},
    {"--error", "E", "nccl, cuda: of the median, at which timing stops"},
    {"--budget", "TIME", "nccl, cuda: for one row"},
    {"--gpu", "NAME", "nccl, cuda: the GPU's name in the catalogue (default by the driver's name)"},
    {"--cluster", "NAME", "nccl: the machine's name in the catalogue, for the file"},
    {"--list", "", "nccl, cuda: print what would be measured; needs no GPU"},
    {"-o", "FILE", "write the samples there, as a table that other commands read"},
};

/// What ithaca_probe takes for a backend, as its own command line has it.
constexpr std::string_view kNcclFlags[] = {"--ranks",   "--rank",    "--gpus",      "--meet",  "--token",
                                           "--sizes",   "--ops",     "--patience",  "--model", "--seq",
                                           "--overlap", "--layers",  "--share-gpu", "--error", "--budget",
                                           "--gpu",     "--cluster", "--list",      "-o"};
constexpr std::string_view kCudaFlags[] = {"--gpus",  "--model",  "--seq", "--family", "--device",
                                           "--error", "--budget", "--gpu", "--list",   "-o"};
constexpr std::string_view kTcpFlags[] = {"--ranks", "--rank",     "--meet",     "--token",
                                          "--sizes", "--patterns", "--patience", "-o"};

constexpr std::string_view kMeasureExamples[] = {
    "ithaca measure --backend nccl -o node.yaml",
    "srun ithaca measure --backend nccl --token secret --model llama3-8b --seq 64Ki,256Ki -o cluster.yaml",
    "ithaca measure --backend cuda --model llama3-8b --seq 64Ki --gpus 8 -o h100.yaml",
    "ithaca measure --backend tcp --ranks 4",
    "ithaca measure --backend tcp --rank 0 --ranks 8 --meet 10.0.0.1:29500 --token secret -o tcp.yaml",
    "srun ithaca measure --backend tcp --token secret --sizes 1MiB..64MiB*2 -o tcp.yaml",
};

constexpr Choice<Pattern> kPatternWords[] = {
    {"ping_pong", Pattern::ping_pong},   {"shift", Pattern::shift},
    {"all_gather", Pattern::all_gather}, {"reduce_scatter", Pattern::reduce_scatter},
    {"all_to_all", Pattern::all_to_all}, {"pairwise", Pattern::pairwise}};

struct Request {
  MeasurePlan plan;
  Meeting meeting;
  bool all_here = true;  ///< no rank was named: every one is a thread of this process
};

void read_plan(FlagReader& flags, MeasurePlan& plan) {
  const auto patterns = flags.choices<Pattern>("--patterns", kPatternWords);
  if (!patterns.empty()) plan.patterns = patterns;
  const auto sizes = parse_byte_range(flags.has("--sizes") ? flags.text("--sizes") : "64KiB..16MiB*4");
  if (!sizes) return flags.complain("--sizes", sizes.error().what, sizes.error().next);
  plan.messages = *sizes;
}

/// Flags first, then the launcher's variables.
void read_meeting(FlagReader& flags, Request& request) {
  constexpr int kMostRanks = 4096;
  Meeting& meeting = request.meeting;
  const auto launch = read_launch(variable);
  if (!launch) return flags.complain("--rank", launch.error(), "start it through the launcher, or clear its variables");
  if (const auto& said = *launch) {
    meeting.rank = said->rank;
    meeting.ranks = said->ranks;
    meeting.at = {said->host, static_cast<std::uint16_t>(said->port)};
    request.all_here = false;
  }
  const bool launched = !request.all_here;
  meeting.ranks = static_cast<int>(flags.count("--ranks", 2, kMostRanks).value_or(launched ? meeting.ranks : 4));
  if (const auto rank = flags.count("--rank", 0, meeting.ranks - 1)) {
    meeting.rank = static_cast<int>(*rank);
    request.all_here = false;
  }
  meeting.token = flags.text("--token");
  if (flags.has("--meet")) {
    const auto at = parse_endpoint(flags.text("--meet"));
    if (!at) return flags.complain("--meet", at.error(), "");
    meeting.at = *at;
  }
  if (flags.has("--patience")) {
    const auto patience = parse_seconds(flags.text("--patience"));
    if (!patience) return flags.complain("--patience", patience.error().what, patience.error().next);
    meeting.patience = *patience;
  }
  if (request.all_here) return;
  if (meeting.at.host.empty())
    flags.complain("--meet", "nobody says where the ranks meet", "write --meet HOST:PORT with an address of rank 0");
  if (meeting.token.empty() || meeting.token.size() > 64)
    flags.complain("--token", "the token keeps strangers out, and has 1 to 64 bytes",
                   "write --token WORD on all ranks");
}

/// The other ranks as threads of this process.
Result<Measured, std::string> measure_here(const Request& request) {
  auto door = Socket::listen({"127.0.0.1", 0});
  if (!door) return door.error();
  Meeting meeting = request.meeting;
  meeting.rank = 0;
  meeting.at = door->local();
  meeting.token =
      std::to_string(std::hash<std::thread::id>{}(std::this_thread::get_id())) + std::to_string(meeting.at.port);
  std::vector<std::thread> others;
  for (int rank = 1; rank < meeting.ranks; ++rank) {
    others.emplace_back([&, rank] {
      Meeting own = meeting;
      own.rank = rank;
      if (const auto mesh = Mesh::join(own)) measure(*mesh, request.plan);
    });
  }
  Measured measured;
  const auto mesh = Mesh::join(meeting, std::move(door).value());
  if (mesh) measured = measure(*mesh, request.plan);
  for (std::thread& other : others) other.join();
  if (!mesh) return mesh.error();
  return measured;
}

Result<Measured, std::string> run(const Request& request) {
  if (request.all_here) return measure_here(request);
  const auto mesh = Mesh::join(request.meeting);
  if (!mesh) return mesh.error();
  return measure(*mesh, request.plan);
}

Outcome failed(const std::string& why) {
  return {ExitCode::internal, "", print(mistake("measure", why, "check that all ranks run and can reach each other")),
          ""};
}

enum class Backend { nccl, cuda, tcp };
constexpr Choice<Backend> kBackends[] = {{"nccl", Backend::nccl}, {"cuda", Backend::cuda}, {"tcp", Backend::tcp}};

std::span<const std::string_view> flags_of(Backend backend) {
  switch (backend) {
    case Backend::nccl: return kNcclFlags;
    case Backend::cuda: return kCudaFlags;
    case Backend::tcp: break;
  }
  return kTcpFlags;
}

/// Every flag that another backend has.
void refuse_others(FlagReader& flags, Backend backend) {
  const auto own = flags_of(backend);
  for (const Flag& flag : kMeasureFlags) {
    if (flag.name == "--backend" || !flags.has(flag.name)) continue;
    if (std::find(own.begin(), own.end(), flag.name) == own.end())
      flags.complain(flag.name, "means nothing to --backend " + flags.text("--backend"), "leave it out");
  }
}

std::vector<std::string> probe_words(const Arguments& arguments, Backend backend) {
  const bool layers = arguments.has("--layers");
  std::vector<std::string> words{backend == Backend::cuda ? "kernels" : layers ? "layers" : "collectives"};
  for (const Flag& flag : kMeasureFlags) {
    if (flag.name == "--backend" || flag.name == "--layers" || !arguments.has(flag.name)) continue;
    words.emplace_back(flag.name);
    if (!flag.value.empty()) words.push_back(arguments.find(flag.name).value_or(""));
  }
  return words;
}

Outcome missing(const std::string& what, const std::string& next) {
  return {ExitCode::no_device, "", print(mistake("measure", what, next)), ""};
}

/// What it prints passes through as it comes.
Outcome run_probe(const Arguments& arguments, Backend backend) {
  const std::string probe = find_program("ithaca_probe", own_folder(), variable("PATH").value_or(""));
  if (probe.empty())
    return missing("ithaca_probe, which measures GPUs, is neither beside ithaca nor on PATH",
                   "build it where nvcc is found, and put it there: validate/probe/README.md");
  const auto code = run_program(probe, probe_words(arguments, backend));
  if (!code) return failed(code.error());
  constexpr int kCannotStart = 127, kInterrupted = 128 + 2;
  if (*code == kCannotStart)
    return missing(probe + " does not start: a library of CUDA is missing", "run it by validate/probe/run_on_gpu.sh");
  for (const int known : {0, 1, 2, 4, 5, kInterrupted})
    if (*code == known) return {static_cast<ExitCode>(known), "", "", ""};
  return failed("ithaca_probe ended with code " + std::to_string(*code));
}

Outcome run_measure(const Arguments& arguments, Diagnostics problems, const Environment&) {
  FlagReader flags(arguments, problems);
  Request request;
  const auto backend = flags.choice<Backend>("--backend", kBackends);
  if (backend) refuse_others(flags, *backend);
  if (backend && *backend != Backend::tcp) return problems.empty() ? run_probe(arguments, *backend) : misuse(problems);
  read_plan(flags, request.plan);
  read_meeting(flags, request);
  if (!problems.empty()) return misuse(problems);
  const auto measured = run(request);
  if (!measured) return failed(measured.error());
  if (request.meeting.rank > 0) return measured->trouble ? failed(*measured->trouble) : Outcome{};
  CollectiveSamples samples{"", "ithaca measure --backend tcp", "", "", measured->samples, {}};
  samples.file = request.all_here ? "all ranks on one machine, over its loopback" : "one process a rank";
  const std::string table = measure_table(measured->samples), file = arguments.find("-o").value_or("");
  Outcome outcome{ExitCode::done, file.empty() ? table : collectives_yaml(samples), file.empty() ? "" : table, file};
  if (measured->trouble) {
    outcome.exit = ExitCode::internal;
    outcome.talk +=
        failed("after " + std::to_string(measured->samples.size()) + " samples, " + *measured->trouble).talk;
  }
  return outcome;
}

}  // namespace

const Command kMeasure{
    "measure",
    "real collectives and kernels, timed here and now",
    "--backend nccl|cuda|tcp [flags]",
    "Runs collectives between real processes and times them: after a warm-up until the median is known to 2 %, the "
    "slowest rank counting. The samples are a table (schema measurements/1) that 'validate' and 'calibrate' read. Rank "
    "0 "
    "listens on the one address that --meet names; whoever lacks the token is turned away.\n\n"
    "nccl: NCCL's collectives on GPUs, every element checked: all of this machine, or one a process under torchrun, "
    "srun or mpirun. cuda: the kernels of a model's layer on one GPU. Both run ithaca_probe, which is built where CUDA "
    "is.\n\n"
    "tcp: blocking sockets, for machines without GPUs. Without --rank all ranks run here over the loopback, which says "
    "what this machine's kernel can do and nothing of a network.",
    kMeasureExamples,
    kMeasureFlags,
    run_measure,
};

}  // namespace ithaca
