#include "sim/crews.hpp"

namespace ithaca {

Crews::Crews(const Program& program, const ProgramClasses& classes) {
  std::vector<std::vector<std::uint32_t>> of_stage(program.stages());
  for (std::uint32_t c = 0; c < classes.rank.size(); ++c) {
    stage_.push_back(program.stage(classes.rank[c]));
    seat_.push_back(static_cast<std::uint32_t>(of_stage[stage_[c]].size()));
    of_stage[stage_[c]].push_back(c);
  }
  for (const auto& all : of_stage) classes_.add(all);
}

Meetings meetings_of(const Exchange& exchange, const ProgramClasses& classes, const Crews& crews, std::size_t stages) {
  Meetings meetings;
  if (!exchange.together) return meetings;
  const std::vector<std::uint32_t> lowest = lowest_met(exchange, classes.class_of_rank);
  std::vector<std::vector<std::uint32_t>> come, of_stage(stages);
  for (std::uint32_t c = 0; c < classes.rank.size(); ++c) {
    const std::uint32_t first = lowest[classes.rank[c]];
    if (first == c) of_stage[crews.stage(c)].push_back(static_cast<std::uint32_t>(come.size()));
    if (first == c) come.emplace_back();
    meetings.of_class.push_back(first == c ? static_cast<std::uint32_t>(come.size() - 1) : meetings.of_class[first]);
    come[meetings.of_class[c]].push_back(c);
  }
  for (const auto& all : come) meetings.classes.add(all);
  for (const auto& all : of_stage) meetings.of_stage.add(all);
  return meetings;
}

IndexRows messages_by_end(const MessageClasses& messages, std::size_t ranks) {
  IndexRows rows;
  std::vector<std::uint32_t> begin(ranks + 1, 0);
  const auto each_end = [&](auto&& use) {
    for (std::uint32_t m = 0; m < messages.size(); ++m) {
      use(messages.from[m], m);
      if (messages.to[m] != messages.from[m]) use(messages.to[m], m);
    }
  };
  each_end([&](std::uint32_t end, std::uint32_t) { ++begin[end + 1]; });
  for (std::size_t c = 0; c < ranks; ++c) begin[c + 1] += begin[c];
  rows.items.resize(begin.back());
  rows.begin = begin;
  each_end([&](std::uint32_t end, std::uint32_t m) { rows.items[begin[end]++] = m; });
  return rows;
}

IndexRows messages_by_stage(const MessageClasses& messages, const Crews& crews, std::size_t stages) {
  std::vector<std::vector<std::uint32_t>> sent(stages);
  for (std::uint32_t m = 0; m < messages.size(); ++m) sent[crews.stage(messages.from[m])].push_back(m);
  IndexRows rows;
  for (const auto& all : sent) rows.add(all);
  return rows;
}

}  // namespace ithaca
