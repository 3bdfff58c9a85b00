#include "cli/simulate_step_command.hpp"

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/compare_command.hpp"
#include "cli/engine_rows.hpp"
#include "cli/join_flags.hpp"
#include "cli/machine.hpp"
#include "cli/problem.hpp"
#include "cli/table_writer.hpp"
#include "cli/trace_writer.hpp"
#include "model/step_parts.hpp"
#include "sim/layer_tasks.hpp"
#include "sim/seeds.hpp"
#include "sim/step_program.hpp"

namespace ithaca {
namespace {

constexpr std::int64_t kMostSteps = 1000;
constexpr std::size_t kLinksShown = 5;

constexpr Flag kOwnSimulateStepFlags[] = {
    {"--strategy", "S", "any that 'ithaca compare' knows [the best of its first four by the closed form]"},
    {"--order", "LIST", "how ranks lie on the GPUs, innermost first [tp,ulysses,ring,dp,pp]"},
    {"--steps", "N", "so many in a row [1]"},
};
constexpr auto kSimulateStepFlags = join_flags(kJobFlags, kOwnSimulateStepFlags, kMachineFlags, kOutputFlags);

constexpr Choice<Dimension> kDimensions[] = {{"tp", Dimension::tp},
                                             {"ulysses", Dimension::ulysses},
                                             {"ring", Dimension::ring},
                                             {"dp", Dimension::dp},
                                             {"pp", Dimension::pp}};

/// Dimensions that are not named follow outside in the usual order.
DimensionOrder read_order(FlagReader& flags) {
  std::vector<Dimension> named = flags.choices<Dimension>("--order", kDimensions);
  const auto is_named = [&](Dimension d) { return std::find(named.begin(), named.end(), d) != named.end(); };
  const std::size_t given = named.size();
  for (const Dimension d : kFrameworkOrder) {
    if (!is_named(d)) named.push_back(d);
  }
  DimensionOrder order = kFrameworkOrder;
  if (named.size() != order.size()) {
    flags.complain("--order", "names a dimension twice", "name each of tp, ulysses, ring, dp and pp once at most");
  } else if (given > 0) {
    std::copy(named.begin(), named.end(), order.begin());
  }
  return order;
}

StepRequest read_flags(const Arguments& arguments, bool layer, Diagnostics& problems) {
  StepRequest request;
  request.layer = layer;
  request.job = read_compare_flags(arguments, problems);
  request.machine = read_machine_flags(arguments, problems);
  FlagReader flags(arguments, problems);
  std::vector<Choice<Strategy>> names;
  names.reserve(std::size(kAllStrategies));
  for (const Strategy strategy : kAllStrategies) names.emplace_back(name(strategy), strategy);
  if (const auto strategy = flags.choice<Strategy>("--strategy", names)) request.job.strategies = {*strategy};
  request.options.order = read_order(flags);
  request.options.steps = static_cast<int>(flags.count("--steps", 1, kMostSteps).value_or(1));
  return request;
}

/// Which rows are refused, as a notice if any are.
void note_refused(Report& report) {
  std::string names;
  for (const Row& row : report.rows) {
    if (!row.estimate) names += (names.empty() ? "" : ", ") + std::string(name(row.strategy));
  }
  if (!names.empty()) report.notices.push_back("not among the choice, as 'ithaca compare' explains: " + names);
}

/// Keeps the row to run: the best one, or where none fits in memory the fastest.
bool choose_row(Report& report) {
  std::optional<std::size_t> chosen = report.best;
  for (std::size_t i = 0; i < report.rows.size() && !report.best; ++i) {
    const Row& row = report.rows[i];
    if (row.estimate && (!chosen || row.estimate->step.time < report.rows[*chosen].estimate->step.time)) chosen = i;
  }
  if (!chosen) return false;
  if (!report.best) report.notices.emplace_back("the layout does not fit in the memory of a GPU; its time is what if");
  note_refused(report);
  report.rows = {report.rows[*chosen]};
  report.best = report.best ? std::optional<std::size_t>(0) : std::nullopt;
  return true;
}

StepReport::Times closed_form_of_layer(const Question& q, const StepEstimate& e) {
  const RankSplit rank = split_rank(q.model, q.work, e.layout);
  const auto [forward, backward] = layer_passes(q.work, e.layout, e.forward, e.backward,
                                                layer_kernels(q.model, q.work, q.cluster.gpu, e.layout, rank));
  const Seconds compute = forward.compute + backward.compute, exposed = forward.exposed + backward.exposed;
  return {compute + exposed, compute, exposed, e.forward.bound + e.backward.bound};
}

StepReport::Times closed_form_of_step(const StepEstimate& e) {
  return {e.step.time, e.step.compute + e.step.optimizer, e.step.exposed_comm + e.step.bubble, e.step.bound};
}

void add_run(StepReport& report, const Program& program, const ProgramRun& run, const Machine& machine) {
  report.makespan = run.makespan;
  report.engine.time = run.makespan / report.steps;
  report.engine.compute = compute_time(program, run) / report.steps;
  report.engine.exposed = report.engine.time - report.engine.compute;
  report.engine.bound = report.closed_form.bound;
  for (const LinkUse& use : busiest_links(*machine.fabric, run, kLinksShown)) {
    report.links.push_back({machine.fabric->link_name(use.link), use});
  }
  const auto path = critical_path(program, run);
  report.path_tasks = path.size();
  for (const LabelTime& part : time_by_label(program, path)) {
    report.path.push_back({program.labels[part.label], part.time});
  }
  report.ranks = program.ranks;
  report.classes = run.classes;
  report.tasks = program.tasks.size();
  report.flows = run.flows;
  report.messages = run.messages;
  report.events = run.events;
}

/// Bytes in use by a rank: the peak of its stage when as many layers' activations are kept as ever, less those of
/// layers that have not run forward yet or are done with.
std::vector<TracePoint> memory_of(const StepReport& report, const Program& program, const ProgramRun& run,
                                  std::uint32_t rank) {
  const Question& q = report.job.question;
  const Layout& layout = report.job.rows[0].layout;
  const RankSplit split = split_rank(q.model, q.work, layout);
  const Stage held = stage(q.model, layout, static_cast<int>(program.stage(rank)));
  const MemoryLedger ledger = stage_memory(q.model, q.work, q.cluster, layout, split, held.index);
  const double in_flight = micro_batches_in_flight(layout, held.index, micro_batches(q.work, layout));
  Bytes kept;
  for (const MemoryTerm& term : ledger.terms) {
    if (term.name == "activations" || term.name == "checkpoints") kept += term.bytes;
  }
  const Bytes layer = kept / (in_flight * static_cast<double>(held.layers()));
  Bytes used = ledger.peak() - kept;
  std::vector<TracePoint> points{{Seconds{}, used.value()}};
  for (std::size_t t = 0; t < program.tasks.size(); ++t) {
    const std::string& label = program.labels[program.tasks[t].label];
    if (!program.tasks[t].is_of(program.stage(rank))) continue;
    if (label == kLastOfForward) {
      used += layer;
    } else if (label == kLastOfBackward) {
      used = max(ledger.peak() - kept, used - layer);
    } else {
      continue;
    }
    points.push_back({run.span(program, rank, t).end, used.value()});
  }
  return points;
}

std::optional<Diagnostic> save_step_trace(const std::string& file, const StepReport& report, const Program& program,
                                          const ProgramRun& run, const Router& router) {
  const auto memory = [&](std::uint32_t rank) { return memory_of(report, program, run, rank); };
  return save_trace(file, {program, run, ranks_to_show(program, run), memory, trace_links(program, run, router),
                           report.job.made_by.argv});
}

/// All but the first.
Result<std::vector<Seconds>, std::string> run_other_seeds(const Program& program, const Machine& machine,
                                                          const MachineRequest& request) {
  if (request.seeds == 1) return std::vector<Seconds>{};
  RunOptions options;
  options.memory /= static_cast<std::size_t>(seed_threads(request.seeds - 1));
  return run_seeds(request.seed + 1, request.seeds - 1, [&](std::uint64_t seed) -> Result<Seconds, std::string> {
    const auto other = with_seed(machine, seed);
    if (!other) return other.error();
    const auto run = run_program(program, other->router, other->slowdown, options);
    if (!run) return run.error();
    return run->makespan;
  });
}

std::string write(const StepReport& report, const StepRequest& request, const Environment& environment) {
  if (request.job.format == Format::json) return write_step_json(report);
  if (request.job.format == Format::csv) return write_step_csv(report);
  const bool to_terminal = request.job.file.empty() || request.job.file == "-";
  const Environment target = to_terminal ? environment : Environment{};
  return write_step_table(report, {target.columns, use_color(request.job.color, target)});
}

Outcome run_simulation(const Arguments& arguments, bool layer, Diagnostics problems, const Environment& environment) {
  const StepRequest request = read_flags(arguments, layer, problems);
  const auto inputs = load_job(request.job, arguments, problems);
  if (!inputs) return misuse(problems);
  Report job = make_report(request.job, inputs->model, inputs->cluster, arguments.typed);
  if (!choose_row(job)) {
    return {ExitCode::infeasible, write_table(job, {environment.columns, false}), "", request.job.file};
  }
  const auto report = simulate_step(std::move(job), request, inputs->cluster);
  if (!report) return misuse(report.error());
  Outcome outcome{ExitCode::done, write(*report, request, environment), "", request.job.file};
  for (const std::string& notice : report->job.notices) outcome.talk += "note: " + notice + "\n";
  return outcome;
}

/// Keeps what slows down GPUs with a rank. The first straggler without one is a mistake.
std::optional<Diagnostic> leave_out_idle(Slowdown& slowdown, std::uint32_t ranks, const MachineRequest& request) {
  if (slowdown.gpu.size() <= ranks) return std::nullopt;
  const auto idle = std::find_if(slowdown.gpu.begin() + ranks, slowdown.gpu.end(), [](double t) { return t != 1; });
  if (idle == slowdown.gpu.end() || request.stragglers.empty()) {
    slowdown.gpu.resize(ranks);
    return std::nullopt;
  }
  return mistake("--straggler", "gpu" + std::to_string(idle - slowdown.gpu.begin()) + " is idle in this layout",
                 "give a GPU from gpu0 to gpu" + std::to_string(ranks - 1) + ", or a larger --global-batch");
}

Outcome run_step(const Arguments& arguments, Diagnostics problems, const Environment& environment) {
  return run_simulation(arguments, false, std::move(problems), environment);
}
Outcome run_layer(const Arguments& arguments, Diagnostics problems, const Environment& environment) {
  return run_simulation(arguments, true, std::move(problems), environment);
}

constexpr std::string_view kStepExamples[] = {
    "ithaca simulate step --model llama3-8b --cluster dgx-h100 --gpus 64 --seq 1Mi --strategy ulysses",
    "ithaca simulate step --model llama3-8b --cluster dgx-h100 --gpus 64 --seq 1Mi --jitter 5% --seeds 20",
    "ithaca simulate step --model llama3-70b --cluster dgx-h100 --gpus 64 --seq 8Ki --strategy megatron_sp --tp 8 "
    "--pp 4 --global-batch 32 --straggler gpu9=1.2x --trace step.json",
};
constexpr std::string_view kLayerExamples[] = {
    "ithaca simulate layer --model llama3-8b --cluster dgx-h100 --gpus 64 --seq 1Mi --strategy usp",
};

}  // namespace

const Command kSimulateStep{
    "simulate step",
    "a training step on the real network, task by task",
    "--model M --cluster C --gpus G --seq N [flags]",
    "Runs a training step of one layout through the event engine: kernels, the strategy's collectives and ZeRO's, a "
    "pipeline's messages and copies to and from host memory on streams with dependencies, all groups at once on the "
    "links of the network. Degrees that are not given are chosen "
    "as by 'ithaca compare'. Says what the step takes beside the closed form, which links are busiest, and which tasks "
    "the time went to, along the chain that nothing could shorten.",
    kStepExamples,
    kSimulateStepFlags,
    run_step,
};

const Command kSimulateLayer{
    "simulate layer",
    "one layer forward and backward, task by task",
    "--model M --cluster C --gpus G --seq N [flags]",
    "Runs one layer of one layout for one micro-batch, forward and backward, through the event engine, without what is "
    "sharded over replicas.",
    kLayerExamples,
    kSimulateStepFlags,
    run_layer,
};

Result<StepReport, Diagnostics> simulate_step(Report job, const StepRequest& request, const LoadedCluster& cluster) {
  const Question q = job.question;
  const Row row = job.rows[0];
  auto made = make_machine(request.machine, cluster, q.gpus);
  if (!made) return made.error();
  Machine machine = std::move(made).value();
  StepReport report;
  report.job = std::move(job);
  report.layer = request.layer;
  report.steps = request.options.steps;
  report.order = request.options.order;
  report.network = network_words(machine.spec);
  report.healthy = !request.machine.is_damaged();
  report.first_seed = request.machine.seed;
  report.job.notices.insert(report.job.notices.end(), machine.notices.begin(), machine.notices.end());
  report.closed_form = report.layer ? closed_form_of_layer(q, *row.estimate) : closed_form_of_step(*row.estimate);
  const auto refuse = [&](const std::string& why) { return Diagnostics{mistake("simulate", why, "")}; };
  const auto program =
      (report.layer ? layer_program : step_program)(q.model, q.work, q.cluster, row.layout, request.options);
  if (!program)
    return Diagnostics{mistake("simulate", program.error(), "'ithaca compare' has the closed form's answer")};
  if (auto idle = leave_out_idle(machine.slowdown, program->ranks, request.machine)) return Diagnostics{*idle};
  if (const auto effort = refuse_effort(*program, machine.router, machine.slowdown, request.machine.seeds)) {
    return refuse(*effort);
  }
  const auto run = run_program(*program, machine.router, machine.slowdown);
  if (!run) return refuse(run.error());
  add_run(report, *program, *run, machine);
  if (!request.machine.trace.empty()) {
    if (const auto problem = save_step_trace(request.machine.trace, report, *program, *run, machine.router)) {
      return Diagnostics{*problem};
    }
  }
  const auto others = run_other_seeds(*program, machine, request.machine);
  if (!others) return refuse(others.error());
  report.by_seed = {run->makespan};
  report.by_seed.insert(report.by_seed.end(), others->begin(), others->end());
  for (Seconds& time : report.by_seed) time = time / report.steps;
  return report;
}

}  // namespace ithaca
