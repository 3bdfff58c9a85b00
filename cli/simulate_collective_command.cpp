#include "cli/simulate_collective_command.hpp"

#include "cli/commands.hpp"
#include "cli/engine_rows.hpp"
#include "cli/machine.hpp"
#include "cli/profile_flag.hpp"
#include "cli/trace_writer.hpp"
#include "sim/collective_bound.hpp"
#include "sim/collective_program.hpp"
#include "sim/seeds.hpp"

namespace ithaca {
namespace {

constexpr std::string_view kSimulateCollectiveExamples[] = {
    "ithaca simulate collective all_gather --cluster dgx-h100 --gpus 64",
    "ithaca simulate collective all_to_all --cluster dgx-h100 --gpus 64 --group 8:8 --fabric fat_tree --routing ecmp "
    "--seeds 20",
    "ithaca simulate collective all_reduce --cluster dgx-h100 --gpus 16 --algorithm tree --sizes 64KiB..64MiB*2",
};

using Refused = std::optional<std::string>;

/// Packets instead of NCCL's latencies and rates.
void send_packets(std::vector<Round>& rounds, Bytes mtu) {
  for (Round& round : rounds) {
    round.exchange.wires.clear();
    round.exchange.boxes.clear();
    round.exchange.packets = {mtu, Bytes{}, 1};
  }
}

CollectiveCall call_of(const CollectiveRequest& request, Bytes size) {
  CollectiveCall call;
  call.op = request.op;
  call.algorithm = request.algorithm;
  call.group = request.group;
  call.ranks = request.gpus;
  call.message = size;
  call.step_by_step = request.step_by_step;
  return call;
}

void add_closed_form(CollectiveRow& row, const CollectiveRequest& request, const Cluster& cluster) {
  const auto cost =
      collective_cost(cluster, place(cluster, request.group, request.gpus), request.op, row.size, request.algorithm);
  if (request.algorithm) row.algorithm = *request.algorithm;
  if (!cost) return;
  row.algorithm = cost->algorithm;
  if (request.mtu) return;
  row.protocol = cost->protocol;
  row.closed_form = cost->total();
}

/// Runs one size after the other on the same machine.
class Runner {
 public:
  Runner(const CollectiveRequest& request, const Cluster& cluster, const Machine& machine)
      : request_(request), cluster_(cluster), plain_(cluster), machine_(machine) {
    plain_.measured = {};
  }

  Refused run(CollectiveRow& row) const {
    const auto program = program_of(row.size);
    if (!program) return program.error();
    const auto run = run_program(*program, machine_.router, machine_.slowdown);
    if (!run) return run.error();
    keep(row, *run);
    const auto others = run_other_seeds(*program);
    if (!others) return others.error();
    row.by_seed.insert(row.by_seed.end(), others->begin(), others->end());
    const bool in_switch = cluster_.port_achieved_nvls > BytesPerSecond{};
    row.bound = collective_bound(*machine_.fabric, request_.op, request_.group, request_.gpus, row.size, in_switch);
    add_closed_form(row, request_, cluster_);
    if (!request_.mtu) calibrate(row);
    return std::nullopt;
  }

  /// Of the first seed.
  std::optional<Diagnostic> trace(Bytes size, const std::vector<std::string>& argv) const {
    const auto program = program_of(size);
    if (!program) return mistake("--trace", program.error(), "");
    const auto run = run_program(*program, machine_.router, machine_.slowdown);
    if (!run) return mistake("--trace", run.error(), "");
    return save_trace(
        request_.machine.trace,
        {*program, *run, ranks_to_show(*program, *run), {}, trace_links(*program, *run, machine_.router), argv});
  }

 private:
  /// A profile says by how much this collective is slower than the constants that the engine goes by: rates and
  /// latencies scaled alike scale all times.
  void calibrate(CollectiveRow& row) const {
    const auto by_constants =
        collective_cost(plain_, place(plain_, request_.group, request_.gpus), request_.op, row.size, row.algorithm);
    if (!by_constants || !row.closed_form || cluster_.measured.curves.empty()) return;
    const double slower = *row.closed_form / by_constants->total();
    for (Seconds& time : row.by_seed) time = max(time * slower, row.bound);
  }

  Result<Program, std::string> program_of(Bytes size) const {
    CollectiveCall call = call_of(request_, size);
    if (!call.algorithm) {
      const auto cost = collective_cost(cluster_, place(cluster_, call.group, call.ranks), call.op, size);
      if (cost) call.algorithm = cost->algorithm;
    }
    auto rounds = schedule(plain_, call);
    if (!rounds) return rounds.error();
    if (request_.mtu) send_packets(rounds.value(), *request_.mtu);
    return collective_program(*rounds, request_.gpus, request_.barrier);
  }

  Result<std::vector<Seconds>, std::string> run_other_seeds(const Program& program) const {
    const MachineRequest& asked = request_.machine;
    if (asked.seeds == 1) return std::vector<Seconds>{};
    RunOptions options;
    options.memory /= static_cast<std::size_t>(seed_threads(asked.seeds - 1));
    return run_seeds(asked.seed + 1, asked.seeds - 1, [&](std::uint64_t seed) -> Result<Seconds, std::string> {
      const auto other = with_seed(machine_, seed);
      if (!other) return other.error();
      const auto run = run_program(program, other->router, other->slowdown, options);
      if (!run) return run.error();
      return run->makespan;
    });
  }

  void keep(CollectiveRow& row, const ProgramRun& run) const {
    for (const LinkUse& use : busiest_links(*machine_.fabric, run, 1)) {
      row.busiest = machine_.fabric->link_name(use.link);
      row.use = use;
    }
    row.by_seed = {run.makespan};
    row.classes = run.classes;
    row.flows = run.flows;
    row.messages = run.messages;
    row.events = run.events;
  }

  const CollectiveRequest& request_;
  const Cluster& cluster_;
  Cluster plain_;  ///< without its profile
  const Machine& machine_;
};

std::string write(const CollectiveReport& report, const CollectiveRequest& request, const Environment& environment) {
  if (request.format == Format::json) return write_collective_json(report);
  if (request.format == Format::csv) return write_collective_csv(report);
  const bool to_terminal = request.file.empty() || request.file == "-";
  const Environment target = to_terminal ? environment : Environment{};
  return write_collective_table(report, {target.columns, use_color(request.color, target)});
}

Outcome run_simulate_collective(const Arguments& arguments, Diagnostics problems, const Environment& environment) {
  const CollectiveRequest request = read_collective_flags(arguments, problems);
  std::optional<LoadedCluster> cluster;
  if (arguments.has("--cluster")) {
    auto loaded = load_cluster(request.cluster);
    if (loaded) {
      cluster = std::move(loaded).value();
      apply_profile_flag(arguments, *cluster, problems);
    } else {
      problems.insert(problems.end(), loaded.error().begin(), loaded.error().end());
    }
  }
  if (!problems.empty()) return misuse(problems);
  const auto report = simulate_collective(request, *cluster, arguments.typed);
  if (!report) return {ExitCode::usage, "", print(report.error()), ""};
  Outcome outcome{ExitCode::done, write(*report, request, environment), "", request.file};
  for (const std::string& notice : report->notices) outcome.talk += "note: " + notice + "\n";
  return outcome;
}

}  // namespace

const Command kSimulateCollective{
    "simulate collective",
    "nccl-tests without the GPUs: time and bandwidth by size",
    "OP --cluster C --gpus G [flags]",
    "Runs all_gather, reduce_scatter, all_reduce, all_to_all or send_recv through the event engine, in all groups of "
    "the GPUs at once, for each size: time, nccl-tests' algorithm and bus bandwidth, and beside them what the links "
    "allow at best. On an idle network with equal links the times are those of the closed form.",
    kSimulateCollectiveExamples,
    kCollectiveFlags,
    run_simulate_collective,
    1,
};

Result<CollectiveReport, Diagnostics> simulate_collective(const CollectiveRequest& request,
                                                          const LoadedCluster& cluster, std::vector<std::string> argv) {
  // Whatever does not fit is told before a network is built.
  const std::string where = "simulate collective " + std::string(name(request.op));
  if (const auto rounds = schedule(cluster.cluster, call_of(request, request.sizes.front())); !rounds)
    return Diagnostics{mistake(where, rounds.error(), "see 'ithaca simulate collective --help'")};
  auto made = make_machine(request.machine, cluster, request.gpus);
  if (!made) return made.error();
  Machine machine = std::move(made).value();
  machine.slowdown = {};  // nothing is computed
  const Runner runner(request, cluster.cluster, machine);
  CollectiveReport report;
  report.argv = std::move(argv);
  report.cluster = cluster.cluster.name;
  report.cluster_file = cluster.file;
  report.cluster_source = cluster.description;
  report.network = network_words(machine.spec);
  report.op = request.op;
  report.group = request.group;
  report.gpus = request.gpus;
  report.step_by_step = request.step_by_step;
  report.barrier = request.barrier;
  report.mtu = request.mtu;
  report.first_seed = request.machine.seed;
  report.notices = machine.notices;
  if (!request.machine.stragglers.empty() || request.machine.jitter > 0)
    report.notices.emplace_back("a collective alone computes nothing: --straggler and --jitter change nothing here");
  for (const Bytes size : request.sizes) {
    CollectiveRow row;
    row.size = size;
    if (const Refused why = runner.run(row)) return Diagnostics{mistake(where, *why, "")};
    report.rows.push_back(std::move(row));
  }
  if (!request.machine.trace.empty()) {
    if (const auto problem = runner.trace(request.sizes.back(), report.argv)) return Diagnostics{*problem};
  }
  return report;
}

}  // namespace ithaca
