#include "sim/orbits.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

#include "sim/classes.hpp"
#include "sim/mix.hpp"

namespace ithaca {
namespace {

constexpr std::uint32_t kNone = 0xFFFFFFFF;
constexpr std::uint32_t kSampledRanks = 3;  ///< beside rank 0, whose messages are all compared

/// Every rank moves `step` on within its block of step x places ranks, and comes round at its end.
struct Rotation {
  std::uint32_t step = 1, places = 1;
  std::uint32_t block() const { return step * places; }
  std::uint32_t operator()(std::uint32_t rank) const {
    const std::uint32_t first = rank - rank % block();
    return first + (rank - first + step) % block();
  }
};

/// Whether what the exchange says of itself allows it.
bool allows(const Exchange& exchange, std::uint32_t ranks, const Rotation& rotation) {
  for (const int b : exchange.boxes) {
    const auto box = static_cast<std::uint32_t>(b);
    if (box % rotation.block() != 0 && rotation.step % box != 0) return false;
  }
  const Likeness& like = exchange.likeness;
  const std::uint64_t span = std::uint64_t{like.size} * like.stride;
  if (span == 0 || ranks % span != 0) return false;
  if (like.stride % rotation.block() == 0 || rotation.step % span == 0) return true;  // moves whole groups
  if (rotation.step % like.stride != 0 || span % rotation.block() != 0) return false;
  if (like.members == Likeness::Members::alike) return true;
  return like.members == Likeness::Members::circle && rotation.block() == span;
}

bool keeps(const std::vector<double>& values, const Rotation& rotation) {
  for (std::uint32_t rank = 0; rank < values.size(); ++rank) {
    if (values[rank] != values[rotation(rank)]) return false;
  }
  return true;
}

/// A renaming of nodes and links, found out along routes.
class Renaming {
 public:
  explicit Renaming(const Fabric& fabric)
      : fabric_(fabric),
        node_(fabric.nodes().size(), kNone),
        node_back_(fabric.nodes().size(), kNone),
        link_(fabric.links().size(), kNone),
        link_back_(fabric.links().size(), kNone) {}

  std::uint32_t link(std::uint32_t k) const { return link_[k]; }

  /// False where it contradicts what is known.
  bool set_node(std::uint32_t from, std::uint32_t to) {
    if (node_[from] == kNone && node_back_[to] == kNone) {
      node_[from] = to;
      node_back_[to] = from;
    }
    return node_[from] == to;
  }

  bool set_link(std::uint32_t from, std::uint32_t to) {
    if (link_[from] == to) return true;
    if (link_[from] != kNone || link_back_[to] != kNone) return false;
    const FabricGraph::Link &a = fabric_.links()[from], &b = fabric_.links()[to];
    if (a.capacity != b.capacity || a.latency != b.latency) return false;
    if (!set_node(a.from, b.from) || !set_node(a.to, b.to)) return false;
    link_[from] = to;
    link_back_[to] = from;
    return true;
  }

  /// Renames links that no route has told of by their ends. Those remain without a name whose ends are unknown or
  /// have several links between them.
  bool complete() {
    for (std::uint32_t k = 0; k < link_.size(); ++k) {
      if (link_[k] != kNone) continue;
      const FabricGraph::Link& link = fabric_.links()[k];
      if (node_[link.from] == kNone || node_[link.to] == kNone) continue;
      const auto found = only_link(node_[link.from], node_[link.to]);
      if (found == kNone || only_link(link.from, link.to) == kNone) continue;
      if (!set_link(k, found)) return false;
    }
    return true;
  }

 private:
  std::uint32_t only_link(std::uint32_t from, std::uint32_t to) const {
    std::uint32_t found = kNone;
    for (const std::uint32_t k : fabric_.leaving(from)) {
      if (fabric_.links()[k].to != to) continue;
      if (found != kNone) return kNone;
      found = k;
    }
    return found;
  }

  const Fabric& fabric_;
  std::vector<std::uint32_t> node_, node_back_, link_, link_back_;
};

class Finder {
 public:
  Finder(const Program& program, const Router& router, const Slowdown& slowdown)
      : program_(program), router_(router), slowdown_(slowdown), used_(used_exchanges(program)) {}

  /// The renaming of links that goes with a rotation of ranks; none where something would change.
  std::optional<Renaming> follow(const Rotation& rotation) {
    if (!is_allowed(rotation)) return std::nullopt;
    Renaming renaming(router_.fabric());
    const auto gpus = router_.fabric().gpus();
    for (std::uint32_t rank = 0; rank < program_.ranks; ++rank) renaming.set_node(gpus[rank], gpus[rotation(rank)]);
    if (!follow_routes(rotation, renaming) || !follow_messages(rotation, renaming) || !renaming.complete())
      return std::nullopt;
    return renaming;
  }

 private:
  bool is_allowed(const Rotation& rotation) const {
    for (std::size_t e = 0; e < program_.exchanges.size(); ++e) {
      if (used_[e] && !allows(program_.exchanges[e], program_.ranks, rotation)) return false;
    }
    return keeps(slowdown_.gpu, rotation) && std::all_of(program_.loads.begin(), program_.loads.end(),
                                                         [&](const auto& load) { return keeps(load, rotation); });
  }

  bool follow_links(std::span<const std::uint32_t> before, std::span<const std::uint32_t> after, Renaming& renaming) {
    if (before.size() != after.size()) return false;
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (!renaming.set_link(before[i], after[i])) return false;
    }
    return true;
  }

  bool follow_message(const Message& m, const Rotation& rotation, Renaming& renaming) {
    if (m.leg != Leg::whole) {
      const auto a = router_.switch_link(m.from, m.leg), b = router_.switch_link(rotation(m.from), m.leg);
      return a && b && renaming.set_link(*a, *b);
    }
    if (router_.routing() == Routing::spray) return follow_paths(m, rotation, renaming);
    before_.clear();
    after_.clear();
    router_.add_path(m.from, m.to, m.channel, before_);
    router_.add_path(rotation(m.from), rotation(m.to), m.channel, after_);
    return follow_links(before_, after_, renaming);
  }

  bool follow_paths(const Message& m, const Rotation& rotation, Renaming& renaming) {
    IndexRows before, after;
    router_.add_paths(m.from, m.to, m.channel, before);
    router_.add_paths(rotation(m.from), rotation(m.to), m.channel, after);
    if (before.size() != after.size()) return false;
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (!follow_links(before[i], after[i], renaming)) return false;
    }
    return true;
  }

  /// From every rank to the next one, to one about half way round and to one anywhere.
  bool follow_routes(const Rotation& rotation, Renaming& renaming) {
    const std::uint32_t n = program_.ranks;
    for (std::uint32_t rank = 0; rank < n; ++rank) {
      const std::uint32_t others[] = {(rank + 1) % n, (rank + n / 2 + rank % 2) % n,
                                      static_cast<std::uint32_t>(mix(rank) % n)};
      for (const std::uint32_t other : others) {
        if (other != rank && !follow_message({rank, other, Bytes{}}, rotation, renaming)) return false;
      }
    }
    return true;
  }

  bool follow_messages(const Rotation& rotation, Renaming& renaming) {
    for (std::size_t e = 0; e < program_.exchanges.size(); ++e) {
      for (std::uint32_t i = 0; used_[e] && i <= std::min(kSampledRanks, program_.ranks - 1); ++i) {
        const auto rank = static_cast<std::uint32_t>(i == 0 ? 0 : mix(e * 64 + i) % program_.ranks);
        if (!sends_alike(program_.exchanges[e], rank, rotation)) return false;
        for (const Message& m : messages_) {
          if (!follow_message(m, rotation, renaming)) return false;
        }
      }
    }
    return true;
  }

  /// Leaves what `rank` sends in messages_.
  bool sends_alike(const Exchange& exchange, std::uint32_t rank, const Rotation& rotation) {
    const auto sum = [&](std::uint32_t from, auto&& rename) {
      messages_.clear();
      exchange.sends(from, messages_);
      std::uint64_t all = 0;
      for (const Message& m : messages_) {
        const std::uint64_t ends = std::uint64_t{rename(m.from)} << 32 | rename(m.to);
        const std::uint64_t rest = std::uint64_t{m.channel} << 2 | static_cast<std::uint64_t>(m.leg);
        all += mix(mix(ends) ^ mix(rest + 1) ^ bits(m.bytes.value()));
      }
      return all;
    };
    const std::uint64_t after = sum(rotation(rank), [](std::uint32_t r) { return r; });
    return sum(rank, rotation) == after && are_in_range();
  }

  /// What is wrong is told when the messages are read.
  bool are_in_range() const {
    return std::all_of(messages_.begin(), messages_.end(), [&](const Message& m) {
      return m.from < program_.ranks && m.to < program_.ranks && (m.from == m.to) == (m.leg != Leg::whole);
    });
  }

  const Program& program_;
  const Router& router_;
  const Slowdown& slowdown_;
  std::vector<bool> used_;
  std::vector<Message> messages_;
  std::vector<std::uint32_t> before_, after_;
};

/// Sets that grow together; the first member stands for a set.
class Sets {
 public:
  explicit Sets(std::size_t size) : up_(size) { std::iota(up_.begin(), up_.end(), 0u); }
  std::uint32_t find(std::uint32_t i) {
    while (up_[i] != i) i = up_[i] = up_[up_[i]];
    return i;
  }
  void join(std::uint32_t a, std::uint32_t b) {
    a = find(a);
    b = find(b);
    up_[std::max(a, b)] = std::min(a, b);
  }
  /// Numbers the sets by first members.
  void number(std::vector<std::uint32_t>& of, std::vector<std::uint32_t>& first, std::vector<std::uint32_t>& count) {
    of.resize(up_.size());
    for (std::uint32_t i = 0; i < up_.size(); ++i) {
      const std::uint32_t set = find(i);
      if (set == i) {
        of[i] = static_cast<std::uint32_t>(first.size());
        first.push_back(i);
        count.push_back(0);
      }
      of[i] = of[set];
      ++count[of[i]];
    }
  }

 private:
  std::vector<std::uint32_t> up_;
};

std::vector<std::uint32_t> divisors(std::uint32_t n) {
  std::vector<std::uint32_t> all;
  for (std::uint32_t d = 1; d <= n; ++d) {
    if (n % d == 0) all.push_back(d);
  }
  return all;
}

}  // namespace

Orbits single_orbits(const Program& program, const Router& router) {
  Orbits orbits;
  Sets(program.ranks).number(orbits.of_rank, orbits.rank, orbits.ranks);
  Sets(router.fabric().links().size()).number(orbits.of_link, orbits.link, orbits.links);
  orbits.uncertain.assign(orbits.of_link.size(), 0);
  return orbits;
}

Orbits find_orbits(const Program& program, const Router& router, const Slowdown& slowdown) {
  const std::size_t link_count = router.fabric().links().size();
  Sets ranks(program.ranks), links(link_count);
  std::vector<char> unknown(link_count, 0);
  Finder finder(program, router, slowdown);
  const std::vector<std::uint32_t> steps = divisors(program.ranks);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    for (std::size_t j = steps.size(); j-- > i + 1;) {
      if (steps[j] % steps[i] != 0) continue;
      const Rotation rotation{steps[i], steps[j] / steps[i]};
      const auto renaming = finder.follow(rotation);
      if (!renaming) continue;
      for (std::uint32_t rank = 0; rank < program.ranks; ++rank) ranks.join(rank, rotation(rank));
      for (std::uint32_t k = 0; k < link_count; ++k) {
        if (renaming->link(k) == kNone) {
          unknown[k] = 1;
        } else {
          links.join(k, renaming->link(k));
        }
      }
      i = j - 1;  // go on with places as large as this block
      break;
    }
  }
  Orbits orbits;
  ranks.number(orbits.of_rank, orbits.rank, orbits.ranks);
  links.number(orbits.of_link, orbits.link, orbits.links);
  std::vector<char> uncertain(orbits.link.size(), 0);
  for (std::uint32_t k = 0; k < link_count; ++k) uncertain[orbits.of_link[k]] |= unknown[k];
  for (std::uint32_t k = 0; k < link_count; ++k) orbits.uncertain.push_back(uncertain[orbits.of_link[k]]);
  return orbits;
}

}  // namespace ithaca
