#pragma once
// Messages as flows: what an exchange's messages put on which links, generated rank by rank and never stored here.

#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/program.hpp"
#include "sim/router.hpp"

namespace ithaca {

/// The part of a message that takes one path.
struct WireFlow {
  std::uint32_t from = 0, to = 0;
  double bytes = 0;  ///< on the wire
  double delay = 0;  ///< before the first byte moves, the links' latencies among it
  std::span<const std::uint32_t> route;
};

class MessageReader {
 public:
  MessageReader(std::uint32_t ranks, const Router& router) : ranks_(ranks), router_(router) {}

  /// How many messages a rank sends; nothing is routed.
  std::size_t count(const Exchange& exchange, std::uint32_t rank);
  /// How many all ranks send; of very many, as many as if the others sent what the first ones do.
  double count_all(const Exchange& exchange);

  /// Calls visit(WireFlow) for every path of every message that `rank` sends, or says which message is wrong.
  template <class Visit>
  std::optional<std::string> read(const Exchange& exchange, std::uint32_t rank, Visit&& visit) {
    messages_.clear();
    exchange.sends(rank, messages_);
    for (const Message& message : messages_) {
      if (is_wrong(message, rank, exchange)) return complain(message, rank);
      if (!route(message)) return "rank " + std::to_string(rank) + " is joined to no switch";
      const Wire& wire = exchange.wire(message);
      const double paths = static_cast<double>(paths_.size());
      const double bytes = wire_bytes(exchange.packets, message.bytes.value()) / wire.efficiency / paths;
      for (std::size_t i = 0; i < paths_.size(); ++i) {
        const std::span<const std::uint32_t> links = paths_[i];
        visit(WireFlow{message.from, message.to, bytes, wire.latency.value() + path_delay(exchange.packets, links),
                       links});
      }
    }
    return std::nullopt;
  }
  /// Of the last rank.
  std::size_t messages() const { return messages_.size(); }

 private:
  bool is_wrong(const Message& m, std::uint32_t rank, const Exchange& e) const {
    return m.from != rank || m.to >= ranks_ || (m.from == m.to) != (m.leg != Leg::whole) || !(m.bytes.value() >= 0) ||
           !std::isfinite(m.bytes.value()) || (e.together && e.together(m.from) != e.together(m.to));
  }
  std::string complain(const Message& message, std::uint32_t rank) const;
  bool route(const Message& message);
  static double wire_bytes(const Packets& packets, double bytes);
  double path_delay(const Packets& packets, std::span<const std::uint32_t> links) const;

  std::uint32_t ranks_;
  const Router& router_;
  std::vector<Message> messages_;
  IndexRows paths_;
};

}  // namespace ithaca
