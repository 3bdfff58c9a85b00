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

/// Whether GPUs of one box stay in one box, and others do not come into one.
bool keeps_boxes(const Exchange& exchange, std::uint32_t ranks, const Rotation& rotation) {
  return std::all_of(exchange.boxes.begin(), exchange.boxes.end(), [&](int b) {
    const auto box = static_cast<std::uint32_t>(b);
    return box >= ranks || box % rotation.block() == 0 || rotation.step % box == 0;
  });
}

/// Whether the exchange says of itself that it sends the same.
bool is_declared(const Likeness& like, std::uint32_t ranks, const Rotation& rotation) {
  const std::uint64_t span = std::uint64_t{like.size} * like.stride;
  if (span == 0 || ranks % span != 0) return false;
  if (like.stride % rotation.block() == 0 || rotation.step % span == 0) return true;  // moves whole groups
  if (rotation.step % like.stride != 0 || span % rotation.block() != 0) return false;
  if (like.members == Likeness::Members::alike) return true;
  return like.members == Likeness::Members::circle && rotation.block() == span;
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

/// Tries whether a rotation of ranks leaves everything as it is.
class Trial {
 public:
  Trial(const Program& program, const Router& router, const Rotation& rotation)
      : program_(program), router_(router), rotation_(rotation), renaming_(router.fabric()) {
    const auto gpus = router_.fabric().gpus();
    for (std::uint32_t rank = 0; rank < program_.ranks; ++rank) {
      next_.push_back(rotation(rank));
      renaming_.set_node(gpus[rank], gpus[next_[rank]]);
    }
  }

  bool succeeds(const std::vector<bool>& used, const Slowdown& slowdown) {
    return keeps_numbers(used, slowdown) && some_send_alike(used) && routes_alike() && messages_alike(used) &&
           renaming_.complete() && keeps_meetings(used) && all_send_alike(used);
  }
  std::uint32_t next(std::uint32_t rank) const { return next_[rank]; }
  const Renaming& renaming() const { return renaming_; }

 private:
  bool keeps(const auto& values) const {
    for (std::uint32_t rank = 0; rank < values.size(); ++rank) {
      if (values[rank] != values[next_[rank]]) return false;
    }
    return true;
  }

  bool keeps_numbers(const std::vector<bool>& used, const Slowdown& slowdown) const {
    if (!keeps(program_.stage_of) || !keeps(slowdown.gpu)) return false;
    for (std::size_t e = 0; e < program_.exchanges.size(); ++e) {
      if (used[e] && !keeps_boxes(program_.exchanges[e], program_.ranks, rotation_)) return false;
    }
    return std::all_of(program_.loads.begin(), program_.loads.end(), [&](const auto& load) { return keeps(load); });
  }

  /// Whether those that come together are, next to where they were, together again.
  bool keeps_meetings(const std::vector<bool>& used) const {
    std::vector<std::uint32_t> there, back;
    for (std::size_t e = 0; e < program_.exchanges.size(); ++e) {
      const auto& together = program_.exchanges[e].together;
      if (!used[e] || !together) continue;
      there.assign(program_.ranks, kNone);
      back.assign(program_.ranks, kNone);
      for (std::uint32_t rank = 0; rank < program_.ranks; ++rank) {
        const std::uint32_t from = together(rank), to = together(next_[rank]);
        if (there[from] == kNone && back[to] == kNone) {
          there[from] = to;
          back[to] = from;
        }
        if (there[from] != to) return false;
      }
    }
    return true;
  }

  /// Calls use(exchange, rank) for a few ranks of every exchange until it says no.
  template <class Use>
  bool for_samples(const std::vector<bool>& used, Use&& use) {
    for (std::size_t e = 0; e < program_.exchanges.size(); ++e) {
      for (std::uint32_t i = 0; used[e] && i <= kSampledRanks; ++i) {
        const auto rank = static_cast<std::uint32_t>(i == 0 ? 0 : mix(e * 64 + i) % program_.ranks);
        if (!use(program_.exchanges[e], rank)) return false;
      }
    }
    return true;
  }

  bool some_send_alike(const std::vector<bool>& used) {
    return for_samples(used, [&](const Exchange& exchange, std::uint32_t rank) { return sends_alike(exchange, rank); });
  }

  /// Looks at all ranks where the exchange does not declare it.
  bool all_send_alike(const std::vector<bool>& used) {
    for (std::size_t e = 0; e < program_.exchanges.size(); ++e) {
      const Exchange& exchange = program_.exchanges[e];
      if (!used[e] || is_declared(exchange.likeness, program_.ranks, rotation_)) continue;
      for (std::uint32_t rank = 0; rank < program_.ranks; ++rank) {
        if (!sends_alike(exchange, rank)) return false;
      }
    }
    return true;
  }

  /// Whether the next rank sends what `rank` does, to the ranks next to those. Not where a message is wrong, which is
  /// told when it is read.
  bool sends_alike(const Exchange& exchange, std::uint32_t rank) {
    const auto sum = [&](std::uint32_t from, auto&& rename) {
      messages_.clear();
      exchange.sends(from, messages_);
      std::uint64_t all = 0;
      for (const Message& m : messages_) {
        if (m.from != from || m.to >= next_.size() || (m.from == m.to) != (m.leg != Leg::whole)) return mix(from);
        const std::uint64_t rest = std::uint64_t{m.channel} << 2 | static_cast<std::uint64_t>(m.leg);
        all += mix(bits(m.bytes.value()) + rest * 0x9E3779B97F4A7C15u + rename(m.to) * 0xD1342543DE82EF95u);
      }
      return all;
    };
    const std::uint64_t after = sum(next_[rank], [](std::uint32_t r) { return std::uint64_t{r}; });
    return sum(rank, [&](std::uint32_t r) { return std::uint64_t{next_[r]}; }) == after;
  }

  bool messages_alike(const std::vector<bool>& used) {
    return for_samples(used, [&](const Exchange& exchange, std::uint32_t rank) {
      messages_.clear();
      exchange.sends(rank, messages_);
      return std::all_of(messages_.begin(), messages_.end(), [&](const Message& m) { return follow(m); });
    });
  }

  /// From every rank to the next one, to one about half way round and to one anywhere.
  bool routes_alike() {
    const std::uint32_t n = program_.ranks;
    for (std::uint32_t rank = 0; rank < n; ++rank) {
      const std::uint32_t others[] = {(rank + 1) % n, (rank + n / 2 + rank % 2) % n,
                                      static_cast<std::uint32_t>(mix(rank) % n)};
      for (const std::uint32_t other : others) {
        if (other != rank && !follow({rank, other, Bytes{}})) return false;
      }
    }
    return true;
  }

  /// Renames the links of a message along those of the message between the next ranks.
  bool follow(const Message& m) {
    if (m.leg != Leg::whole) {
      const auto before = router_.switch_link(m.from, m.leg), after = router_.switch_link(next_[m.from], m.leg);
      return before && after && renaming_.set_link(*before, *after);
    }
    before_.begin.resize(1);
    after_.begin.resize(1);
    before_.items.clear();
    after_.items.clear();
    if (router_.routing() == Routing::spray) {
      router_.add_paths(m.from, m.to, m.channel, before_);
      router_.add_paths(next_[m.from], next_[m.to], m.channel, after_);
    } else {
      router_.add_path(m.from, m.to, m.channel, before_.items);
      router_.add_path(next_[m.from], next_[m.to], m.channel, after_.items);
    }
    if (before_.begin != after_.begin || before_.items.size() != after_.items.size()) return false;
    for (std::size_t i = 0; i < before_.items.size(); ++i) {
      if (!renaming_.set_link(before_.items[i], after_.items[i])) return false;
    }
    return true;
  }

  const Program& program_;
  const Router& router_;
  Rotation rotation_;
  Renaming renaming_;
  std::vector<std::uint32_t> next_;  ///< by rank
  std::vector<Message> messages_;
  IndexRows before_, after_;
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
  const std::vector<bool> used = used_exchanges(program);
  const std::vector<std::uint32_t> steps = divisors(program.ranks);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    for (std::size_t j = steps.size(); j-- > i + 1;) {
      if (steps[j] % steps[i] != 0) continue;
      Trial trial(program, router, {steps[i], steps[j] / steps[i]});
      if (!trial.succeeds(used, slowdown)) continue;
      for (std::uint32_t rank = 0; rank < program.ranks; ++rank) ranks.join(rank, trial.next(rank));
      for (std::uint32_t k = 0; k < link_count; ++k) {
        if (trial.renaming().link(k) == kNone) {
          unknown[k] = 1;
        } else {
          links.join(k, trial.renaming().link(k));
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
  for (std::uint32_t k = 0; k < link_count; ++k) {
    char& of_class = uncertain[orbits.of_link[k]];
    of_class = std::max(of_class, unknown[k]);
  }
  for (std::uint32_t k = 0; k < link_count; ++k) orbits.uncertain.push_back(uncertain[orbits.of_link[k]]);
  return orbits;
}

}  // namespace ithaca
