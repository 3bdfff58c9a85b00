#include "sim/program_check.hpp"

#include <algorithm>
#include <cmath>

namespace ithaca {
namespace {

using Wrong = std::optional<std::string>;

bool is_amount(double value) { return value >= 0 && std::isfinite(value); }

std::string counted(std::size_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

Wrong check_ranks(std::span<const double> values, const std::string& what, std::uint32_t ranks) {
  if (values.size() != ranks) return what + ": " + counted(values.size(), "value") + " for " + counted(ranks, "rank");
  const auto bad = std::find_if(values.begin(), values.end(), [](double v) { return !is_amount(v); });
  if (bad == values.end()) return std::nullopt;
  return what + ": the value of rank " + std::to_string(bad - values.begin()) + " must be zero or more and finite";
}

Wrong check_exchange(const Exchange& e, const std::string& name, std::uint32_t ranks) {
  if (!e.sends) return name + ": it does not say what is sent";
  for (std::uint32_t rank = 0; e.together && rank < ranks; ++rank) {
    const std::uint32_t one = e.together(rank);
    if (one >= ranks || e.together(one) != one)
      return name + ": rank " + std::to_string(rank) + " is together with rank " + std::to_string(one) +
             ", which is not there or together with others";
  }
  const bool plain = e.wires.empty() && e.boxes.empty();
  if (!plain && e.wires.size() != e.boxes.size() + 1)
    return name + ": " + std::to_string(e.boxes.size()) + (e.boxes.size() == 1 ? " box needs " : " boxes need ") +
           std::to_string(e.boxes.size() + 1) + " wires, not " + std::to_string(e.wires.size());
  for (const int box : e.boxes) {
    if (box < 1) return name + ": a box must hold a GPU";
  }
  for (const Wire& wire : e.wires) {
    if (!is_amount(wire.latency.value())) return name + ": a latency must be zero or more and finite";
    if (!(wire.efficiency > 0 && wire.efficiency <= 1)) return name + ": an efficiency must be above 0 and at most 1";
  }
  const Packets& p = e.packets;
  if (!is_amount(p.payload.value()) || !is_amount(p.header.value()) || p.round_trips < 0)
    return name + ": packets must have a payload, header and round trips of zero or more";
  return std::nullopt;
}

Wrong check_task(const Program& program, std::uint32_t stages, std::size_t t) {
  const Task& task = program.tasks[t];
  const std::string name = "task " + std::to_string(t);
  const auto none = [&](const char* what, std::size_t index) {
    return name + ": there is no " + what + " " + std::to_string(index);
  };
  const bool has_peer = task.peer != Task::kNoPeer;
  if (task.stream >= program.streams.size()) return none("stream", task.stream);
  if (task.stage >= stages) return none("stage", task.stage);
  if (has_peer && (task.peer >= stages || task.peer == task.stage)) return none("other stage", task.peer);
  if (has_peer && task.peer_stream >= program.streams.size()) return none("stream", task.peer_stream);
  if (has_peer && task.kind != Task::Kind::exchange) return name + ": only an exchange has a second stage";
  if (stages > 1 && task.kind == Task::Kind::barrier) return name + ": stages have no barriers";
  if (task.label >= program.labels.size()) return none("label", task.label);
  for (const std::uint32_t other : program.after[t]) {
    if (other >= t) return name + ": it waits for task " + std::to_string(other) + ", which is not before it";
    const Task& earlier = program.tasks[other];
    if (!earlier.is_of(task.stage) && !(has_peer && earlier.is_of(task.peer)))
      return name + ": it waits for task " + std::to_string(other) + ", which no rank does that does it";
  }
  if (task.kind == Task::Kind::exchange && task.exchange >= program.exchanges.size())
    return none("exchange", task.exchange);
  if (task.kind == Task::Kind::exchange || task.kind == Task::Kind::barrier) return std::nullopt;
  if (!is_amount(task.duration.value())) return name + ": its duration must be zero or more and finite";
  if (task.load != Task::kEvenLoad && task.load >= program.loads.size()) return none("load", task.load);
  return std::nullopt;
}

}  // namespace

Wrong check(const Program& program, std::size_t gpus, const Slowdown& slowdown) {
  if (program.ranks == 0) return "the program has no ranks";
  if (program.ranks > gpus)
    return "the program has " + counted(program.ranks, "rank") + " and the fabric " + counted(gpus, "GPU");
  for (std::size_t i = 0; i < program.exchanges.size(); ++i) {
    if (auto wrong = check_exchange(program.exchanges[i], "exchange " + std::to_string(i), program.ranks)) return wrong;
  }
  for (std::size_t i = 0; i < program.loads.size(); ++i) {
    if (auto wrong = check_ranks(program.loads[i], "load " + std::to_string(i), program.ranks)) return wrong;
  }
  if (!program.stage_of.empty() && program.stage_of.size() != program.ranks)
    return "stages: " + counted(program.stage_of.size(), "value") + " for " + counted(program.ranks, "rank");
  if (program.after.size() != program.tasks.size()) return "rows of 'after' must be as many as tasks";
  const std::uint32_t stages = program.stages();
  for (std::size_t t = 0; t < program.tasks.size(); ++t) {
    if (auto wrong = check_task(program, stages, t)) return wrong;
  }
  if (!slowdown.gpu.empty()) {
    if (auto wrong = check_ranks(slowdown.gpu, "slowdown", program.ranks)) return wrong;
  }
  if (!is_amount(slowdown.jitter)) return "the jitter must be zero or more and finite";
  return std::nullopt;
}

}  // namespace ithaca
