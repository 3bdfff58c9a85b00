#include "sim/refine.hpp"

#include <algorithm>
#include <unordered_map>

#include "sim/lower_messages.hpp"
#include "sim/message_counts.hpp"
#include "sim/mix.hpp"

namespace ithaca {
namespace {

constexpr int kMostRounds = 64;
constexpr double kMostLooked = 0x1p26;  ///< messages looked at a round: some ten seconds

/// Colours of ranks and links, numbered by first members.
struct Colours {
  std::vector<std::uint32_t> rank, link;
  std::uint32_t ranks = 0, links = 0;
};

/// Takes numbers for colours; returns how many colours there are.
std::uint32_t number(const std::vector<std::uint64_t>& keys, std::vector<std::uint32_t>& colours) {
  std::unordered_map<std::uint64_t, std::uint32_t> known;
  colours.resize(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i)
    colours[i] = known.try_emplace(keys[i], static_cast<std::uint32_t>(known.size())).first->second;
  return static_cast<std::uint32_t>(known.size());
}

/// The classes of an exchange's messages: equal bytes, delays, colours of ends, and colours of links in order.
class MessageTable {
 public:
  MessageTable() : slots_(64, kFree) {}

  std::uint32_t find(std::uint64_t hash, const WireFlow& flow, const Colours& colours) {
    std::size_t slot = hash & (slots_.size() - 1);
    for (; slots_[slot] != kFree; slot = (slot + 1) & (slots_.size() - 1)) {
      if (hashes_[slots_[slot]] == hash && is(slots_[slot], flow, colours)) return slots_[slot];
    }
    const auto added = static_cast<std::uint32_t>(classes_.size());
    slots_[slot] = added;
    hashes_.push_back(hash);
    classes_.from.push_back(colours.rank[flow.from]);
    classes_.to.push_back(colours.rank[flow.to]);
    classes_.bytes.push_back(flow.bytes);
    classes_.delay.push_back(flow.delay);
    for (const std::uint32_t k : flow.route) classes_.route.items.push_back(colours.link[k]);
    classes_.route.begin.push_back(static_cast<std::uint32_t>(classes_.route.items.size()));
    if (2 * hashes_.size() > slots_.size()) grow();
    return added;
  }
  std::size_t size() const { return classes_.size(); }
  const MessageClasses& classes() const { return classes_; }

 private:
  static constexpr std::uint32_t kFree = 0xFFFFFFFF;

  bool is(std::uint32_t m, const WireFlow& flow, const Colours& colours) const {
    const auto route = classes_.route[m];
    return classes_.bytes[m] == flow.bytes && classes_.delay[m] == flow.delay &&
           classes_.from[m] == colours.rank[flow.from] && classes_.to[m] == colours.rank[flow.to] &&
           std::equal(route.begin(), route.end(), flow.route.begin(), flow.route.end(),
                      [&](std::uint32_t colour, std::uint32_t k) { return colour == colours.link[k]; });
  }
  void grow() {
    slots_.assign(2 * slots_.size(), kFree);
    for (std::uint32_t m = 0; m < hashes_.size(); ++m) {
      std::size_t slot = hashes_[m] & (slots_.size() - 1);
      while (slots_[slot] != kFree) slot = (slot + 1) & (slots_.size() - 1);
      slots_[slot] = m;
    }
  }

  std::vector<std::uint32_t> slots_;
  std::vector<std::uint64_t> hashes_;
  MessageClasses classes_;
};

/// What tells a message: a hash of its bytes, delay and colours.
class Signature {
 public:
  explicit Signature(const Colours& colours) : colours_(colours) {}
  std::uint64_t operator()(const WireFlow& flow) {
    if (flow.bytes != bytes_ || flow.delay != delay_) {
      bytes_ = flow.bytes;
      delay_ = flow.delay;
      numbers_ = mix(mix(bits(bytes_)) + bits(delay_));
    }
    std::uint64_t hash = numbers_ ^ mix(std::uint64_t{colours_.rank[flow.from]} << 32 | colours_.rank[flow.to]);
    for (const std::uint32_t k : flow.route) {
      hash = (hash ^ colours_.link[k]) * 0x9E3779B97F4A7C15u;
      hash ^= hash >> 29;
    }
    return mix(hash);
  }

 private:
  const Colours& colours_;
  double bytes_ = -1, delay_ = -1;
  std::uint64_t numbers_ = 0;
};

class Refinement {
 public:
  Refinement(const Program& program, const Router& router, const Slowdown& slowdown, const Orbits& orbits,
             std::size_t memory)
      : program_(program),
        router_(router),
        orbits_(orbits),
        used_(used_exchanges(program)),
        most_counts_(memory / 2 / MessageCounts::kBytes),
        reader_(program.ranks, router) {
    colour_by_numbers(slowdown);
  }

  Result<std::optional<ProgramClasses>, std::string> run() {
    if (are_too_many() || !split_until_stable()) return result(std::nullopt);
    ProgramClasses classes = name_classes();
    for (std::size_t e = 0; e < program_.exchanges.size(); ++e) {
      if (used_[e] && !count_messages(program_.exchanges[e], classes.exchanges[e])) return result(std::nullopt);
    }
    return result(std::move(classes));
  }

 private:
  Result<std::optional<ProgramClasses>, std::string> result(std::optional<ProgramClasses> classes) {
    if (wrong_) return std::move(*wrong_);
    return classes;
  }

  bool are_too_many() {
    double messages = 0;
    for (std::size_t e = 0; e < program_.exchanges.size(); ++e) {
      if (used_[e]) messages += reader_.count_all(program_.exchanges[e]);
    }
    return messages / program_.ranks * static_cast<double>(orbits_.rank.size()) > kMostLooked;
  }

  /// Calls use(flow, how many it stands for) for what the first ranks of orbits send. False where a message is wrong or
  /// crosses a link whose orbit is uncertain.
  template <class Use>
  bool for_each_flow(const Exchange& exchange, Use&& use) {
    bool certain = true;
    messages_ = 0;
    for (std::size_t o = 0; o < orbits_.rank.size() && certain; ++o) {
      const std::uint32_t count = orbits_.ranks[o];
      wrong_ = reader_.read(exchange, orbits_.rank[o], [&](const WireFlow& flow) {
        for (const std::uint32_t k : flow.route) certain &= orbits_.uncertain[k] == 0;
        use(flow, count);
      });
      if (wrong_) return false;
      messages_ += static_cast<double>(reader_.messages()) * count;
    }
    return certain;
  }

  void colour_by_numbers(const Slowdown& slowdown) {
    std::vector<std::uint64_t> rank_keys, link_keys;
    for (std::size_t o = 0; o < orbits_.rank.size(); ++o) {
      const std::uint32_t rank = orbits_.rank[o];
      std::uint64_t key = mix(orbits_.ranks[o]);
      if (!slowdown.gpu.empty()) key = mix(key ^ bits(slowdown.gpu[rank]));
      for (const auto& load : program_.loads) key = mix(key ^ bits(load[rank]));
      rank_keys.push_back(key);
    }
    for (std::size_t o = 0; o < orbits_.link.size(); ++o) {
      const FabricGraph::Link& link = router_.fabric().links()[orbits_.link[o]];
      link_keys.push_back(mix(mix(mix(orbits_.links[o]) ^ bits(link.capacity.value())) ^ bits(link.latency.value())));
    }
    paint(rank_keys, link_keys);
  }

  /// Colours by keys of orbits. False if there are as many colours as before.
  bool paint(const std::vector<std::uint64_t>& rank_keys, const std::vector<std::uint64_t>& link_keys) {
    const std::uint32_t before = colours_.ranks + colours_.links;
    colours_.ranks = number(rank_keys, rank_colour_);
    colours_.links = number(link_keys, link_colour_);
    colours_.rank.resize(orbits_.of_rank.size());
    colours_.link.resize(orbits_.of_link.size());
    for (std::size_t r = 0; r < orbits_.of_rank.size(); ++r) colours_.rank[r] = rank_colour_[orbits_.of_rank[r]];
    for (std::size_t k = 0; k < orbits_.of_link.size(); ++k) colours_.link[k] = link_colour_[orbits_.of_link[k]];
    return colours_.ranks + colours_.links > before;
  }

  bool split_until_stable() {
    for (int round = 0; round < kMostRounds; ++round) {
      if (program_.ranks > 2 && 2 * colours_.ranks > program_.ranks) return false;
      const auto split = split_once();
      if (!split) return false;
      if (!*split) return true;
    }
    return false;
  }

  /// Whether any colour split; none where a message stood in the way.
  std::optional<bool> split_once() {
    std::vector<std::uint64_t> sends(orbits_.rank.size(), 0), receives(orbits_.rank.size(), 0),
        crossed(orbits_.of_link.size(), 0);
    for (std::size_t e = 0; e < program_.exchanges.size(); ++e) {
      Signature signature(colours_);
      const std::uint64_t salt = mix(e + 1);
      const bool good =
          !used_[e] || for_each_flow(program_.exchanges[e], [&](const WireFlow& flow, std::uint64_t count) {
            const std::uint64_t hash = signature(flow) ^ salt;
            const std::uint64_t end = mix(hash) * count;
            sends[orbits_.of_rank[flow.from]] += end;
            receives[orbits_.of_rank[flow.to]] += end;
            for (const std::uint32_t k : flow.route) crossed[k] += hash * count;
          });
      if (!good) return std::nullopt;
      if (used_[e] && program_.exchanges[e].together) add_meetings(program_.exchanges[e], salt, sends);
    }
    std::vector<std::uint64_t> rank_keys(orbits_.rank.size()), link_keys(orbits_.link.size(), 0);
    for (std::size_t k = 0; k < crossed.size(); ++k) link_keys[orbits_.of_link[k]] += crossed[k];
    for (std::size_t o = 0; o < link_keys.size(); ++o) link_keys[o] = mix(link_keys[o] ^ mix(link_colour_[o]));
    for (std::size_t o = 0; o < rank_keys.size(); ++o)
      rank_keys[o] = mix(mix(mix(rank_colour_[o]) ^ sends[o]) ^ receives[o]);
    return paint(rank_keys, link_keys);
  }

  /// Adds, by orbit of ranks, what tells those that its first rank comes together with.
  void add_meetings(const Exchange& exchange, std::uint64_t salt, std::vector<std::uint64_t>& keys) const {
    std::vector<std::uint64_t> met(program_.ranks, 0);
    for (std::uint32_t rank = 0; rank < program_.ranks; ++rank)
      met[exchange.together(rank)] += mix(mix(salt) ^ colours_.rank[rank]);
    for (std::size_t o = 0; o < keys.size(); ++o) keys[o] += mix(met[exchange.together(orbits_.rank[o])]);
  }

  /// Whether the first ranks of orbits of one colour come together with equally many of each colour.
  bool meet_alike(const Exchange& exchange) const {
    if (!exchange.together) return true;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> met;  // who stands for a meeting, and the colour of who comes
    for (std::uint32_t rank = 0; rank < program_.ranks; ++rank)
      met.emplace_back(exchange.together(rank), colours_.rank[rank]);
    std::sort(met.begin(), met.end());
    const auto meeting = [&](std::uint32_t rank) {
      return std::equal_range(met.begin(), met.end(), std::pair{exchange.together(rank), 0u},
                              [](const auto& a, const auto& b) { return a.first < b.first; });
    };
    std::vector<std::uint32_t> first;  // colours are numbered by first members
    for (std::size_t o = 0; o < orbits_.rank.size(); ++o) {
      if (rank_colour_[o] == first.size()) first.push_back(orbits_.rank[o]);
      const auto [a, a_end] = meeting(first[rank_colour_[o]]);
      const auto [b, b_end] = meeting(orbits_.rank[o]);
      if (a != b && !std::equal(a, a_end, b, b_end, [](const auto& x, const auto& y) { return x.second == y.second; }))
        return false;
    }
    return true;
  }

  ProgramClasses name_classes() const {
    ProgramClasses classes;
    classes.class_of_rank = colours_.rank;
    classes.class_of_link = colours_.link;
    for (std::size_t o = 0; o < rank_colour_.size(); ++o) {
      if (rank_colour_[o] == classes.rank.size()) classes.rank.push_back(orbits_.rank[o]);
    }
    for (std::size_t o = 0; o < link_colour_.size(); ++o) {
      if (link_colour_[o] == classes.link.size()) classes.link.push_back(orbits_.link[o]);
    }
    classes.exchanges.resize(program_.exchanges.size());
    return classes;
  }

  /// False where members of a class differ after all, or there is too much to count.
  bool count_messages(const Exchange& exchange, MessageClasses& messages) {
    MessageTable table;
    Signature signature(colours_);
    MessageCounts counts(most_counts_);
    const auto ranks = static_cast<std::uint32_t>(orbits_.rank.size());
    const bool good = for_each_flow(exchange, [&](const WireFlow& flow, std::uint64_t count) {
      const std::uint32_t m = table.find(signature(flow), flow, colours_);
      counts.add(orbits_.of_rank[flow.from], m, count);
      counts.add(ranks + orbits_.of_rank[flow.to], m, count);
      for (const std::uint32_t k : flow.route) counts.add(2 * ranks + orbits_.of_link[k], m, count);
    });
    if (!good || !counts.fit() || !meet_alike(exchange)) return false;
    const auto rows = counts.rows(2 * orbits_.rank.size() + orbits_.link.size());
    if (!are_even(rows)) return false;
    messages.messages = messages_;
    messages.from = table.classes().from;
    messages.to = table.classes().to;
    messages.bytes = table.classes().bytes;
    messages.delay = table.classes().delay;
    return set_usage(table.classes().route, rows, messages);
  }

  /// Whether orbits of one colour have the same counts.
  bool are_even(const MessageCounts::Rows& rows) const {
    const std::size_t ranks = orbits_.rank.size();
    return is_even(rows, 0, rank_colour_) && is_even(rows, ranks, rank_colour_) &&
           is_even(rows, 2 * ranks, link_colour_);
  }

  static bool is_even(const MessageCounts::Rows& rows, std::size_t begin, const std::vector<std::uint32_t>& colour) {
    std::vector<std::size_t> first;  // colours are numbered by first members
    for (std::size_t o = 0; o < colour.size(); ++o) {
      if (colour[o] == first.size()) first.push_back(begin + o);
      if (!std::ranges::equal(rows[first[colour[o]]], rows[begin + o])) return false;
    }
    return true;
  }

  /// Routes with each class of links once, and how many messages cross one of its links: a whole number.
  bool set_usage(const IndexRows& routes, const MessageCounts::Rows& rows, MessageClasses& messages) const {
    std::vector<std::uint32_t> first(colours_.links), route;
    for (std::uint32_t o = static_cast<std::uint32_t>(link_colour_.size()); o-- > 0;) first[link_colour_[o]] = o;
    for (std::uint32_t m = 0; m < routes.size(); ++m) {
      route.assign(routes[m].begin(), routes[m].end());
      std::sort(route.begin(), route.end());
      route.erase(std::unique(route.begin(), route.end()), route.end());
      for (const std::uint32_t c : route) {
        const std::uint64_t count = rows.count(2 * orbits_.rank.size() + first[c], m), links = orbits_.links[first[c]];
        if (count % links != 0) return false;
        messages.usage.push_back(static_cast<double>(count / links));
      }
      messages.route.add(route);
    }
    return true;
  }

  const Program& program_;
  const Router& router_;
  const Orbits& orbits_;
  std::vector<bool> used_;
  std::size_t most_counts_;
  MessageReader reader_;
  std::optional<std::string> wrong_;
  double messages_ = 0;  ///< that the last for_each_flow() told of
  Colours colours_;
  std::vector<std::uint32_t> rank_colour_, link_colour_;  ///< by orbit
};

}  // namespace

Result<std::optional<ProgramClasses>, std::string> refine(const Program& program, const Router& router,
                                                          const Slowdown& slowdown, const Orbits& orbits,
                                                          std::size_t memory) {
  return Refinement(program, router, slowdown, orbits, memory).run();
}

}  // namespace ithaca
