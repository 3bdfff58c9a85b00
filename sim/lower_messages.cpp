#include "sim/lower_messages.hpp"

#include <algorithm>

namespace ithaca {

std::size_t MessageReader::count(const Exchange& exchange, std::uint32_t rank) {
  messages_.clear();
  exchange.sends(rank, messages_);
  return messages_.size();
}

double MessageReader::count_all(const Exchange& exchange) {
  constexpr double kMostCounted = 0x1p18;
  double messages = 0;
  std::uint32_t rank = 0;
  while (rank < ranks_ && messages < kMostCounted) messages += static_cast<double>(count(exchange, rank++));
  return messages / rank * ranks_;
}

std::string MessageReader::complain(const Message& m, std::uint32_t rank) const {
  const std::string name = "a message of rank " + std::to_string(rank);
  if (m.from != rank) return name + " is said to come from rank " + std::to_string(m.from);
  if (m.to >= ranks_) return name + " goes to rank " + std::to_string(m.to) + ", which is not there";
  if (m.from == m.to && m.leg == Leg::whole) return name + " goes to itself";
  if (m.from != m.to && m.leg != Leg::whole) return name + " goes to or from the switch and to another rank";
  if (!(m.bytes.value() >= 0) || !std::isfinite(m.bytes.value()))
    return name + " must have bytes of zero or more and finite";
  return name + " goes to rank " + std::to_string(m.to) + ", which does not come together with it";
}

bool MessageReader::route(const Message& message) {
  paths_.begin.resize(1);
  paths_.items.clear();
  if (message.leg != Leg::whole) {
    const auto link = router_.switch_link(message.from, message.leg);
    if (link) paths_.add(std::span(&*link, 1));
    return link.has_value();
  }
  if (router_.routing() == Routing::spray) {
    router_.add_paths(message.from, message.to, message.channel, paths_);
  } else {
    router_.add_path(message.from, message.to, message.channel, paths_.items);
    paths_.begin.push_back(static_cast<std::uint32_t>(paths_.items.size()));
  }
  return true;
}

/// A message of no bytes is a packet too.
double MessageReader::wire_bytes(const Packets& packets, double bytes) {
  if (packets.payload.value() == 0) return bytes;
  return std::max(1.0, std::ceil(bytes / packets.payload.value())) * (packets.payload + packets.header).value();
}

double MessageReader::path_delay(const Packets& packets, std::span<const std::uint32_t> links) const {
  const auto graph = router_.fabric().links();
  double latency = 0, store_and_forward = 0;
  for (const std::uint32_t k : links) latency += graph[k].latency.value();
  const double delay = latency * (1 + 2 * packets.round_trips);
  if (packets.payload.value() == 0) return delay;
  for (const std::uint32_t k : links.subspan(1)) {
    store_and_forward += ((packets.payload + packets.header) / graph[k].capacity).value();
  }
  return delay + store_and_forward;
}

}  // namespace ithaca
