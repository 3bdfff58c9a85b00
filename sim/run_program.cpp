#include "sim/run_program.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "model/units.hpp"
#include "sim/classes.hpp"
#include "sim/flow_engine.hpp"
#include "sim/lower_messages.hpp"
#include "sim/lower_program.hpp"
#include "sim/orbits.hpp"
#include "sim/program_check.hpp"
#include "sim/refine.hpp"

namespace ithaca {
namespace {

/// How many links messages cross is taken from a few of them.
Result<std::vector<ExchangeSize>, std::string> flat_sizes(const Program& program, const Router& router) {
  constexpr std::uint32_t kSamples = 64;
  std::vector<ExchangeSize> sizes(program.exchanges.size());
  const std::vector<bool> used = used_exchanges(program);
  MessageReader reader(program.ranks, router);
  for (std::size_t e = 0; e < sizes.size(); ++e) {
    if (!used[e]) continue;
    const double messages = reader.count_all(program.exchanges[e]);
    double sampled = 0, flows = 0, crossings = 0;
    for (std::uint32_t i = 0; i < std::min(kSamples, program.ranks); ++i) {
      const auto rank =
          static_cast<std::uint32_t>(std::uint64_t{i} * program.ranks / std::min(kSamples, program.ranks));
      auto wrong = reader.read(program.exchanges[e], rank, [&](const WireFlow& flow) {
        ++flows;
        crossings += static_cast<double>(flow.route.size());
      });
      if (wrong) return std::move(*wrong);
      sampled += static_cast<double>(reader.messages());
    }
    if (sampled > 0) sizes[e] = {messages * flows / sampled, messages * crossings / sampled};
  }
  return sizes;
}

std::optional<std::string> check_size(const ProgramSize& size, std::size_t memory, const std::string& why,
                                      const std::string& instead) {
  constexpr double kMostRows = 4294967295.0;
  const double allowed = static_cast<double>(memory), part = std::min(allowed / size.bytes, kMostRows / size.rows);
  if (part >= 1) return std::nullopt;
  const auto count = [](double flows) { return std::to_string(std::llround(flows)); };
  return "the simulation needs about " + print(Bytes{size.bytes}) + " for " + count(size.flows) + " flows" + why +
         ", and " + print(Bytes{allowed}) + " is allowed, enough for " + count(size.flows * part) +
         ": take fewer ranks or fewer layers" + instead;
}

/// Of all tasks. What goes on inside a stage goes on in every other as well; between two it is counted.
double count_messages(const Program& program, const ProgramClasses& classes) {
  const double stages = program.stages();
  std::map<std::array<std::uint32_t, 3>, double> between;
  std::vector<Message> messages;
  double all = 0;
  for (const Task& task : program.tasks) {
    if (task.kind != Task::Kind::exchange) continue;
    if (task.peer == Task::kNoPeer) {
      all += classes.exchanges[task.exchange].messages / stages;
      continue;
    }
    const auto [known, is_new] = between.try_emplace({task.exchange, task.stage, task.peer}, 0);
    for (std::uint32_t rank = 0; is_new && rank < program.ranks; ++rank) {
      if (!task.is_of(program.stage(rank))) continue;
      messages.clear();
      program.exchanges[task.exchange].sends(rank, messages);
      known->second += static_cast<double>(std::count_if(
          messages.begin(), messages.end(), [&](const Message& m) { return task.is_of(program.stage(m.to)); }));
    }
    all += known->second;
  }
  return all;
}

Result<ProgramRun, std::string> run(const Program& program, const Router& router, const Slowdown& slowdown,
                                    const ProgramClasses& classes) {
  const LoweredProgram lowered = lower(program, classes, router, slowdown);
  auto flows = run_flows(lowered.system);
  if (!flows) return flows.error();
  ProgramRun result;
  result.classes = static_cast<std::uint32_t>(classes.rank.size());
  result.class_of = classes.class_of_rank;
  read_spans(program, classes, lowered, *flows, result);
  for (const std::uint32_t k : classes.class_of_link) result.carried.push_back(flows->carried[k]);
  result.makespan = flows->makespan;
  result.flows = lowered.system.size.size();
  result.messages = count_messages(program, classes);
  result.events = flows->events;
  return result;
}

/// None where everything differs.
Result<std::optional<ProgramClasses>, std::string> find_classes(const Program& program, const Router& router,
                                                                const Slowdown& slowdown, std::size_t memory) {
  if (slowdown.jitter > 0) return std::optional<ProgramClasses>{};
  const Orbits orbits = find_orbits(program, router, slowdown);
  auto classes = refine(program, router, slowdown, orbits, memory);
  if (!classes || classes.value() || orbits.rank.size() == program.ranks) return classes;
  return refine(program, router, slowdown, single_orbits(program, router), memory);
}

Result<ProgramRun, std::string> run_flat(const Program& program, const Router& router, const Slowdown& slowdown,
                                         std::size_t memory, const std::string& why, const std::string& instead) {
  const auto sizes = flat_sizes(program, router);
  if (!sizes) return sizes.error();
  if (auto refused = check_size(size_of(program, program.ranks, *sizes), memory, why, instead))
    return std::move(*refused);
  const auto classes = single_classes(program, router);
  if (!classes) return classes.error();
  return run(program, router, slowdown, *classes);
}

}  // namespace

ProgramRun::Span ProgramRun::span(const Program& program, std::uint32_t rank, std::size_t task) const {
  const std::uint32_t c = class_of[rank];
  if (turn.empty()) return spans[c * program.tasks.size() + task];
  const Task& t = program.tasks[task];
  const std::uint32_t stage = program.stage(rank);
  if (!t.is_of(stage)) return {};
  return spans[first[c] + (stage == t.stage ? turn : peer_turn)[task]];
}

std::vector<std::uint32_t> ProgramRun::members() const {
  std::vector<std::uint32_t> ranks(classes, 0);
  for (std::uint32_t rank = static_cast<std::uint32_t>(class_of.size()); rank-- > 0;) ranks[class_of[rank]] = rank;
  return ranks;
}

Result<ProgramRun, std::string> run_program(const Program& program, const Router& router, const Slowdown& slowdown,
                                            const RunOptions& options) {
  if (auto wrong = check(program, router.fabric().gpus().size(), slowdown)) return std::move(*wrong);
  if (options.engine == RunOptions::Engine::flat)
    return run_flat(program, router, slowdown, options.memory, "", ", or the engine by classes");
  const auto classes = find_classes(program, router, slowdown, options.memory);
  if (!classes) return classes.error();
  if (!*classes)
    return run_flat(program, router, slowdown, options.memory, ", as too few ranks are alike",
                    ", or a layer instead of a step");
  std::vector<ExchangeSize> sizes;
  for (const MessageClasses& messages : (*classes)->exchanges)
    sizes.push_back({static_cast<double>(messages.size()), static_cast<double>(messages.route.items.size())});
  const double ranks = static_cast<double>((*classes)->rank.size());
  if (auto refused = check_size(size_of(program, ranks, sizes), options.memory, "", "")) return std::move(*refused);
  return run(program, router, slowdown, **classes);
}

}  // namespace ithaca
