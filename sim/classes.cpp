#include "sim/classes.hpp"

#include <algorithm>
#include <numeric>

#include "sim/lower_messages.hpp"

namespace ithaca {

std::vector<bool> used_exchanges(const Program& program) {
  std::vector<bool> used(program.exchanges.size(), false);
  for (const Task& task : program.tasks) {
    if (task.kind == Task::Kind::exchange) used[task.exchange] = true;
  }
  return used;
}

std::vector<std::uint32_t> lowest_met(const Exchange& exchange, const std::vector<std::uint32_t>& colour) {
  if (!exchange.together) return colour;
  constexpr std::uint32_t kNone = 0xFFFFFFFF;
  std::vector<std::uint32_t> lowest(colour.size(), kNone), met;  // by the rank that stands for those who meet; by rank
  for (std::uint32_t rank = 0; rank < colour.size(); ++rank) {
    std::uint32_t& of = lowest[exchange.together(rank)];
    of = std::min(of, colour[rank]);
  }
  for (std::uint32_t rank = 0; rank < colour.size(); ++rank) met.push_back(lowest[exchange.together(rank)]);
  return met;
}

Result<ProgramClasses, std::string> single_classes(const Program& program, const Router& router) {
  ProgramClasses classes;
  classes.rank.resize(program.ranks);
  std::iota(classes.rank.begin(), classes.rank.end(), 0u);
  classes.link.resize(router.fabric().links().size());
  std::iota(classes.link.begin(), classes.link.end(), 0u);
  classes.class_of_rank = classes.rank;
  classes.class_of_link = classes.link;
  classes.exchanges.resize(program.exchanges.size());
  const std::vector<bool> used = used_exchanges(program);
  MessageReader reader(program.ranks, router);
  for (std::size_t e = 0; e < program.exchanges.size(); ++e) {
    if (!used[e]) continue;
    MessageClasses& all = classes.exchanges[e];
    const std::vector<std::uint32_t> end = lowest_met(program.exchanges[e], classes.rank);
    const auto add = [&](const WireFlow& flow) {
      all.from.push_back(end[flow.from]);
      all.to.push_back(end[flow.to]);
      all.bytes.push_back(flow.bytes);
      all.delay.push_back(flow.delay);
      all.route.add(flow.route);
    };
    for (std::uint32_t rank = 0; rank < program.ranks; ++rank) {
      if (auto wrong = reader.read(program.exchanges[e], rank, add)) return std::move(*wrong);
      all.messages += static_cast<double>(reader.messages());
    }
  }
  return classes;
}

}  // namespace ithaca
