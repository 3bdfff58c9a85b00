#include "sim/router.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "sim/build_parts.hpp"
#include "sim/mix.hpp"
#include "sim/route_tables.hpp"

namespace ithaca {
namespace {

using Links = std::vector<std::uint32_t>;

/// Chooses by the digits of a number, in a number system whose bases are the counts.
struct ByDigits {
  std::uint32_t digits;

  std::uint32_t among(std::uint32_t count) {
    const std::uint32_t number = digits % count;
    digits /= count;
    return number;
  }
  NextHops::Step operator()(const NextHops& hops, const NextHops::Choice& choice) {
    return choice.preferred == 1 ? choice.first : hops.steps(choice)[among(choice.preferred)];
  }
};

/// Places that are no links.
constexpr std::uint32_t kExit = 0xFFFFFFFF, kEntry = 0xFFFFFFFE;

/// Chooses by a hash of key and place, polarised of the key alone. A place where a path may go on is told by its first
/// link.
struct ByHash {
  std::uint64_t key;
  bool polarised;

  std::uint32_t among(std::uint32_t count, std::uint32_t place) const {
    const std::uint64_t upper = mix(key + place * 0x9E3779B97F4A7C15u) >> 32;
    return static_cast<std::uint32_t>((upper * count) >> 32);
  }
  NextHops::Step operator()(const NextHops& hops, const NextHops::Choice& choice) const {
    return choice.count == 1 ? choice.first
                             : hops.steps(choice)[among(choice.count, polarised ? 0 : choice.first.link)];
  }
};

/// Appends the links from `node` to the target.
template <class Pick>
void walk(const NextHops& hops, std::uint32_t node, std::uint32_t target, Pick pick, Links& links) {
  for (const auto* choice = &hops.choice(node, target); choice->count > 0; choice = &hops.choice(node, target)) {
    const NextHops::Step step = pick(hops, *choice);
    links.push_back(step.link);
    node = step.node;
  }
}

void append(std::span<const std::uint32_t> more, Links& links) {
  for (const std::uint32_t link : more) links.push_back(link);
}

struct Doors {
  const Door* exit = nullptr;
  const Door* entry = nullptr;
};

/// A door is as good as another if both lead to the same node.
bool alike(std::span<const Door> doors) {
  return std::all_of(doors.begin(), doors.end(), [&](const Door& door) { return door.node == doors.front().node; });
}

/// The doors with the least cost from GPU to GPU, and of those the ones that leave the server soonest: exit number
/// pick_exit(count), then entry number pick_entry(count) of those that go with it.
template <class PickExit, class PickEntry>
Doors choose_doors(const RouteTables& tables, std::uint32_t from, std::uint32_t to, const PickExit& pick_exit,
                   const PickEntry& pick_entry) {
  const auto exits = tables.servers().exits(from);
  const auto entries = tables.servers().entries(to);
  const auto pick = [](auto count, const auto& number) {
    return count > 1 ? number(static_cast<std::uint32_t>(count)) : std::uint32_t{0};
  };
  if (alike(exits) && alike(entries)) {
    return {&exits[pick(exits.size(), pick_exit)], &entries[pick(entries.size(), pick_entry)]};
  }
  constexpr std::uint64_t kNone = ~std::uint64_t{0};
  const auto length = [&](const Door& exit, const Door& entry) {
    if (!tables.connects(exit, entry)) return kNone;
    const std::uint32_t between = tables.outside().distance(exit.node, tables.target(entry));
    return std::uint64_t{exit.cost + between + entry.cost} << 32 | exit.cost;
  };
  const auto least_from = [&](const Door& exit) {
    std::uint64_t least = kNone;
    for (const Door& entry : entries) least = std::min(least, length(exit, entry));
    return least;
  };
  std::uint64_t least = kNone;
  for (const Door& exit : exits) least = std::min(least, least_from(exit));
  const auto choose = [&](std::span<const Door> doors, const auto& serves, const auto& number) {
    std::uint32_t left = pick(std::count_if(doors.begin(), doors.end(), serves), number);
    return &*std::find_if(doors.begin(), doors.end(), [&](const Door& door) { return serves(door) && left-- == 0; });
  };
  const Door* exit = choose(
      exits, [&](const Door& door) { return least_from(door) == least; }, pick_exit);
  return {exit, choose(
                    entries, [&](const Door& door) { return length(*exit, door) == least; }, pick_entry)};
}

/// The GPU of the sender's server that hands a message to the network: PXN.
std::uint32_t find_relay(const RouteTables& tables, std::uint32_t from, std::uint32_t to) {
  for (const Door& entry : tables.servers().entries(to)) {
    const auto relays = tables.relays(tables.servers().server(from), entry);
    if (relays.empty()) continue;
    for (const std::uint32_t gpu : relays) {
      if (gpu == from) return from;
    }
    return relays[to % relays.size()];
  }
  return from;
}

/// Cuts a message at every hop into all next links while that makes no more than `budget` rows. `paths.items` ends
/// with the row under way.
struct Sprayer {
  const NextHops& hops;
  std::uint32_t target;
  std::span<const std::uint32_t> tail;  ///< links behind the target
  IndexRows& paths;

  void cut(std::uint32_t node, std::uint32_t budget, ByDigits pick) {
    const NextHops::Choice& choice = hops.choice(node, target);
    if (choice.count == 0) return finish();
    if (choice.count > budget) {
      const NextHops::Step step = pick(hops, choice);
      return go(step, budget, pick);
    }
    const std::size_t length = paths.items.size() - paths.begin.back();
    for (std::uint32_t i = 0; i < choice.count; ++i) {
      if (i > 0) repeat(length);
      go(hops.steps(choice)[i], budget / choice.count, pick);
    }
  }
  void go(NextHops::Step step, std::uint32_t budget, ByDigits pick) {
    paths.items.push_back(step.link);
    cut(step.node, budget, pick);
  }
  void finish() {
    append(tail, paths.items);
    paths.begin.push_back(static_cast<std::uint32_t>(paths.items.size()));
  }
  /// Begins a row with the first links of the last one.
  void repeat(std::size_t length) {
    const std::size_t last = paths.begin[paths.begin.size() - 2];
    for (std::size_t i = 0; i < length; ++i) paths.items.push_back(paths.items[last + i]);
  }
};

std::optional<std::uint32_t> link_to_switch(const Fabric& fabric, std::uint32_t node, Leg leg) {
  const bool out = leg == Leg::out_of_switch;
  for (const std::uint32_t link : out ? fabric.entering(node) : fabric.leaving(node)) {
    const auto& ends = fabric.links()[link];
    if (fabric.nodes()[out ? ends.from : ends.to].kind == NodeKind::nvswitch) return link;
  }
  return std::nullopt;
}

std::string refusal(const Fabric& fabric, const Servers& servers, Routing routing, RouteTables::Pair pair) {
  const auto gpu = [&](std::uint32_t rank) { return fabric.nodes()[fabric.gpus()[rank]].name; };
  std::string text = gpu(pair.from) + " cannot reach " + gpu(pair.to) + " by routing " + std::string(name(routing)) +
                     ", as GPUs and servers pass nothing on for others";
  if (routing != Routing::pxn && !RouteTables(fabric, servers, true).find_unreachable())
    return text + "; use routing pxn, which goes through the GPU of the same server that can";
  return text + "; join them with a switch, or give each GPU a router";
}

}  // namespace

namespace {

std::optional<std::string> too_large(double bytes, std::size_t gpus, double memory) {
  if (bytes <= memory) return std::nullopt;
  return "routing tables for " + std::to_string(gpus) + " GPUs would take " +
         std::to_string(static_cast<std::int64_t>(bytes / 0x1p20) + 1) + " MiB, and " +
         std::to_string(static_cast<std::int64_t>(memory / 0x1p20)) +
         " MiB are allowed: ask for fewer GPUs, or a fabric with more GPUs to a switch";
}

}  // namespace

struct Router::Tables {
  const Fabric& fabric;
  Routing routing;
  std::uint64_t seed;
  RouteTables routes;

  ByHash hash(std::uint32_t from, std::uint32_t to, std::uint32_t channel) const {
    return {mix(mix(seed ^ mix(channel)) ^ (std::uint64_t{from} << 32 | to)), routing == Routing::polarised};
  }
  Doors doors(std::uint32_t from, std::uint32_t to, std::uint32_t channel) const;
  void inside(std::uint32_t from, std::uint32_t to, std::uint32_t channel, Links& links) const;
  void outside(std::uint32_t from, std::uint32_t to, std::uint32_t channel, Links& links) const;
  void spray(std::uint32_t from, std::uint32_t to, std::uint32_t channel, IndexRows& paths) const;
};

/// Of n doors that serve equally, the GPUs of a server take one each, and a GPU takes turns as its peers change.
Doors Router::Tables::doors(std::uint32_t from, std::uint32_t to, std::uint32_t channel) const {
  const auto turn = [&](std::uint32_t gpu, std::uint32_t peer) {
    return [=, this](std::uint32_t count) {
      if (is_hashed(routing)) return hash(from, to, channel).among(count, gpu == from ? kExit : kEntry);
      return (routes.servers().position(gpu) + peer / count + channel) % count;
    };
  };
  return choose_doors(routes, from, to, turn(from, to), turn(to, from));
}

void Router::Tables::inside(std::uint32_t from, std::uint32_t to, std::uint32_t channel, Links& links) const {
  const Servers& servers = routes.servers();
  const NextHops& hops = routes.inside(servers.server(from));
  const auto go = [&](auto pick) { walk(hops, servers.position(from), servers.position(to), pick, links); };
  is_hashed(routing) ? go(hash(from, to, channel)) : go(ByDigits{servers.position(to) + channel});
}

void Router::Tables::outside(std::uint32_t from, std::uint32_t to, std::uint32_t channel, Links& links) const {
  const Doors by = doors(from, to, channel);
  append(routes.servers().links(*by.exit), links);
  const auto go = [&](auto pick) { walk(routes.outside(), by.exit->node, routes.target(*by.entry), pick, links); };
  is_hashed(routing) ? go(hash(from, to, channel)) : go(ByDigits{by.entry->number});
  append(routes.servers().links(*by.entry), links);
}

void Router::Tables::spray(std::uint32_t from, std::uint32_t to, std::uint32_t channel, IndexRows& paths) const {
  const Servers& servers = routes.servers();
  if (routes.connects_inside(from, to)) {
    Sprayer{routes.inside(servers.server(from)), servers.position(to), {}, paths}.cut(
        servers.position(from), kMostPaths, ByDigits{servers.position(to) + channel});
    return;
  }
  std::uint32_t exits = 1, entries = 1;
  const auto doors = [&](std::uint32_t i, std::uint32_t j) {
    return choose_doors(
        routes, from, to, [&](std::uint32_t count) { return exits = count, i; },
        [&](std::uint32_t count) { return entries = count, j; });
  };
  for (std::uint32_t i = 0; i < exits; ++i) {
    entries = 1;
    for (std::uint32_t j = 0; j < entries; ++j) {
      const Doors by = doors(i, j);
      append(servers.links(*by.exit), paths.items);
      Sprayer{routes.outside(), routes.target(*by.entry), servers.links(*by.entry), paths}.cut(
          by.exit->node, kMostPaths / (exits * entries), ByDigits{by.entry->number});
    }
  }
}

Router::Router(std::unique_ptr<const Tables> tables) : tables_(std::move(tables)) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

const Fabric& Router::fabric() const { return tables_->fabric; }
Routing Router::routing() const { return tables_->routing; }

std::optional<std::string> Router::check_size(const Cluster& cluster, const FabricSpec& spec, int gpus, double memory) {
  const int switches = nic_switches(cluster, spec, gpus);
  const double servers = std::ceil(gpus / std::max(1.0, 1.0 * server_gpus(cluster)));
  return too_large(RouteTables::least_bytes(servers, switches), static_cast<std::size_t>(gpus), memory);
}

Result<Router, std::string> Router::make(const Fabric& fabric, Routing routing, std::uint64_t seed, double memory) {
  Servers servers(fabric);
  if (auto reason = too_large(RouteTables::bytes(servers), fabric.gpus().size(), memory)) return std::move(*reason);
  RouteTables routes(fabric, servers, routing == Routing::pxn);
  if (const auto pair = routes.find_unreachable()) return refusal(fabric, servers, routing, *pair);
  return Router(std::make_unique<const Tables>(Tables{fabric, routing, seed, std::move(routes)}));
}

void Router::add_path(std::uint32_t from, std::uint32_t to, std::uint32_t channel, Links& links) const {
  assert(from != to);
  if (tables_->routes.connects_inside(from, to)) return tables_->inside(from, to, channel, links);
  if (tables_->routing == Routing::pxn) {
    const std::uint32_t relay = find_relay(tables_->routes, from, to);
    if (relay != from) tables_->inside(from, relay, channel, links);
    from = relay;
  }
  tables_->outside(from, to, channel, links);
}

void Router::add_paths(std::uint32_t from, std::uint32_t to, std::uint32_t channel, IndexRows& paths) const {
  assert(from != to);
  if (tables_->routing == Routing::spray) return tables_->spray(from, to, channel, paths);
  add_path(from, to, channel, paths.items);
  paths.begin.push_back(static_cast<std::uint32_t>(paths.items.size()));
}

std::optional<std::uint32_t> Router::switch_link(std::uint32_t gpu, Leg leg) const {
  return link_to_switch(tables_->fabric, tables_->fabric.gpus()[gpu], leg);
}

}  // namespace ithaca
