#include "sim/run_program.hpp"

#include <algorithm>
#include <cmath>

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

Result<ProgramRun, std::string> run(const Program& program, const Router& router, const Slowdown& slowdown,
                                    const ProgramClasses& classes) {
  const LoweredProgram lowered = lower(program, classes, router, slowdown);
  auto flows = run_flows(lowered.system);
  if (!flows) return flows.error();
  ProgramRun result;
  result.classes = static_cast<std::uint32_t>(classes.rank.size());
  result.class_of = classes.class_of_rank;
  result.spans = read_spans(program, classes, lowered, *flows);
  for (const std::uint32_t k : classes.class_of_link) result.carried.push_back(flows->carried[k]);
  result.makespan = flows->makespan;
  result.flows = lowered.system.size.size();
  for (const Task& task : program.tasks) {
    if (task.kind == Task::Kind::exchange) result.messages += classes.exchanges[task.exchange].messages;
  }
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
