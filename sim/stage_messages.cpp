#include "sim/stage_messages.hpp"

#include <utility>

namespace ithaca {

Exchange stage_message(Exchange like, const RankGrid& grid, Bytes message, int step, bool around) {
  like.likeness = {};
  like.sends = [grid, message, step, around](std::uint32_t rank, std::vector<Message>& messages) {
    const auto [stages, stride] = grid.group(Dimension::pp);
    const int from = grid.coordinate(rank, Dimension::pp), next = from + step, to = (next + stages) % stages;
    if ((to != next) != around) return;
    messages.push_back({rank, static_cast<std::uint32_t>(static_cast<int>(rank) + (to - from) * stride), message});
  };
  return like;
}

void keep_end_stages(Exchange& exchange, const RankGrid& grid) {
  const auto is_end = [grid](std::uint32_t rank) {
    const int at = grid.coordinate(rank, Dimension::pp);
    return at == 0 || at == grid.group(Dimension::pp).size - 1;
  };
  exchange.likeness = {};
  exchange.sends = [all = std::move(exchange.sends), is_end](std::uint32_t rank, std::vector<Message>& messages) {
    if (is_end(rank)) all(rank, messages);
  };
  if (!exchange.together) return;
  exchange.together = [all = std::move(exchange.together), is_end](std::uint32_t rank) {
    return is_end(rank) ? all(rank) : rank;
  };
}

void send_part(Exchange& exchange, double part) {
  exchange.sends = [all = std::move(exchange.sends), part](std::uint32_t rank, std::vector<Message>& messages) {
    const std::size_t first = messages.size();
    all(rank, messages);
    for (std::size_t i = first; i < messages.size(); ++i) messages[i].bytes = messages[i].bytes * part;
  };
}

Exchange part_of(const Exchange& exchange, double part) {
  Exchange less = exchange;
  send_part(less, part);
  for (Wire& wire : less.wires) wire.latency = wire.latency * part;
  return less;
}

void rename_ranks_of(Exchange& exchange, const RankGrid& plain, const RankGrid& grid) {
  exchange.likeness = {};
  if (exchange.together) {
    exchange.together = [all = std::move(exchange.together), plain, grid](std::uint32_t rank) {
      return rename(all(rename(rank, grid, plain)), plain, grid);
    };
  }
  exchange.sends = [all = std::move(exchange.sends), plain, grid](std::uint32_t rank, std::vector<Message>& messages) {
    const std::size_t first = messages.size();
    all(rename(rank, grid, plain), messages);
    for (std::size_t i = first; i < messages.size(); ++i) {
      messages[i].from = rename(messages[i].from, plain, grid);
      messages[i].to = rename(messages[i].to, plain, grid);
    }
  };
}

}  // namespace ithaca
