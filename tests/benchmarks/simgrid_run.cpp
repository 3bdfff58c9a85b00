// Finish times of an all-to-all by SimGrid (S4U): k spines jitter latest_start, then SimGrid's own options. Each host
// has one actor that sends and one that receives; a link of the flow system is a link of SimGrid without latency.

#include <algorithm>
#include <simgrid/s4u.hpp>
#include <string>

#include "tests/benchmarks/finish_times.hpp"

namespace {

namespace s4u = simgrid::s4u;
using ithaca::FlowSystem;

std::string mailbox(std::size_t flow) { return std::to_string(flow); }

/// The flows of each host: as they are sent, and as they are received.
struct Ends {
  std::vector<std::vector<std::size_t>> sent, received;
  std::vector<std::pair<std::size_t, std::size_t>> of_flow;
};

/// Flows go by source and then by destination, and leave oneself out.
Ends ends_of(std::size_t hosts) {
  Ends ends{std::vector<std::vector<std::size_t>>(hosts), std::vector<std::vector<std::size_t>>(hosts), {}};
  for (std::size_t from = 0; from < hosts; ++from) {
    for (std::size_t to = 0; to < hosts; ++to) {
      if (from == to) continue;
      ends.sent[from].push_back(ends.of_flow.size());
      ends.received[to].push_back(ends.of_flow.size());
      ends.of_flow.emplace_back(from, to);
    }
  }
  return ends;
}

std::vector<s4u::Host*> build(const FlowSystem& system, const Ends& ends) {
  s4u::NetZone* zone = s4u::create_full_zone("fabric");
  std::vector<s4u::Host*> hosts;
  for (std::size_t i = 0; i < ends.sent.size(); ++i)
    hosts.push_back(zone->create_host("host" + std::to_string(i), 1e9));
  std::vector<s4u::Link*> links;
  for (std::size_t k = 0; k < system.capacity.size(); ++k) {
    links.push_back(zone->create_link("link" + std::to_string(k), system.capacity[k].value())->set_latency(0)->seal());
  }
  for (std::size_t f = 0; f < system.size.size(); ++f) {
    std::vector<s4u::LinkInRoute> route;
    for (const std::uint32_t k : system.route[f]) route.emplace_back(links[k]);
    const auto [from, to] = ends.of_flow[f];
    zone->add_route(hosts[from]->get_netpoint(), hosts[to]->get_netpoint(), nullptr, nullptr, route, false);
  }
  zone->seal();
  return hosts;
}

}  // namespace

int main(int count, char** arguments) {
  s4u::Engine engine(&count, arguments);
  if (count != 5) return 2;
  const FlowSystem system = ithaca::bench::flows_of(arguments);
  const std::size_t side = static_cast<std::size_t>(std::atoi(arguments[1]));
  Ends ends = ends_of(side * side);
  const auto hosts = build(system, ends);
  std::vector<double> finish(system.size.size());
  char nothing = 0;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    auto& sent = ends.sent[i];
    std::stable_sort(sent.begin(), sent.end(), [&](auto a, auto b) { return system.start[a] < system.start[b]; });
    s4u::Actor::create("send", hosts[i], [&] {
      std::vector<s4u::CommPtr> comms;
      for (const std::size_t f : sent) {
        s4u::this_actor::sleep_until(system.start[f].value());
        comms.push_back(
            s4u::Mailbox::by_name(mailbox(f))->put_async(&nothing, static_cast<std::uint64_t>(system.size[f].value())));
      }
      s4u::Comm::wait_all(comms);
      for (std::size_t n = 0; n < sent.size(); ++n) finish[sent[n]] = comms[n]->get_finish_time();
    });
    s4u::Actor::create("receive", hosts[i], [&, i] {
      std::vector<s4u::CommPtr> comms;
      std::vector<char*> data(ends.received[i].size());
      for (std::size_t n = 0; n < data.size(); ++n) {
        comms.push_back(s4u::Mailbox::by_name(mailbox(ends.received[i][n]))->get_async<char>(&data[n]));
      }
      s4u::Comm::wait_all(comms);
    });
  }
  const double before = ithaca::bench::cpu_seconds();
  engine.run();
  ithaca::bench::print(ithaca::bench::cpu_seconds() - before, finish);
}
