#include "sim/refine.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "sim/lower_messages.hpp"
#include "sim/message_counts.hpp"
#include "sim/message_table.hpp"
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
      if (!program_.stage_of.empty()) key = mix(key ^ program_.stage(rank));
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

  FlowColours flow_colours(const Exchange& exchange) const {
    return {lowest_met(exchange, colours_.rank), colours_.link};
  }

  /// Whether any colour split; none where a message stood in the way.
  std::optional<bool> split_once() {
    std::vector<std::uint64_t> ends(orbits_.rank.size(), 0), crossed(orbits_.of_link.size(), 0);
    for (std::size_t e = 0; e < program_.exchanges.size(); ++e) {
      if (used_[e] && !add_signatures(program_.exchanges[e], mix(e + 1), ends, crossed)) return std::nullopt;
    }
    std::vector<std::uint64_t> rank_keys(orbits_.rank.size()), link_keys(orbits_.link.size(), 0);
    for (std::size_t k = 0; k < crossed.size(); ++k) link_keys[orbits_.of_link[k]] += crossed[k];
    for (std::size_t o = 0; o < link_keys.size(); ++o) link_keys[o] = mix(link_keys[o] ^ mix(link_colour_[o]));
    for (std::size_t o = 0; o < rank_keys.size(); ++o) rank_keys[o] = mix(mix(rank_colour_[o]) ^ ends[o]);
    return paint(rank_keys, link_keys);
  }

  /// Adds what tells the messages of an exchange to the keys of those that wait for them and of the links that they
  /// cross. False where a message stood in the way.
  bool add_signatures(const Exchange& exchange, std::uint64_t salt, std::vector<std::uint64_t>& ends,
                      std::vector<std::uint64_t>& crossed) {
    const FlowColours colours = flow_colours(exchange);
    Signature signature(colours);
    std::vector<std::uint64_t> brought(exchange.together ? ends.size() : 0, 0);  // by orbit of ranks, to its meeting
    const bool good = for_each_flow(exchange, [&](const WireFlow& flow, std::uint64_t count) {
      const std::uint64_t hash = signature(flow) ^ salt;
      for (const std::uint32_t k : flow.route) crossed[k] += hash * count;
      if (exchange.together) {
        brought[orbits_.of_rank[flow.from]] += mix(hash);
      } else {
        ends[orbits_.of_rank[flow.from]] += mix(hash) * count;
        ends[orbits_.of_rank[flow.to]] += mix(hash + 1) * count;
      }
    });
    if (good && exchange.together) add_meetings(exchange, salt, brought, ends);
    return good;
  }

  /// Adds, by orbit of ranks, what tells those that its first rank comes together with and what they bring.
  void add_meetings(const Exchange& exchange, std::uint64_t salt, const std::vector<std::uint64_t>& brought,
                    std::vector<std::uint64_t>& keys) const {
    std::vector<std::uint64_t> met(program_.ranks, 0);
    for (std::uint32_t rank = 0; rank < program_.ranks; ++rank)
      met[exchange.together(rank)] += mix(mix(salt) ^ colours_.rank[rank]) + brought[orbits_.of_rank[rank]];
    for (std::size_t o = 0; o < keys.size(); ++o) keys[o] += mix(met[exchange.together(orbits_.rank[o])]);
  }

  /// Those who come together: their colours in order, and how many messages of each class they send.
  struct Meeting {
    std::vector<std::uint32_t> colours;
    std::map<std::uint32_t, std::uint64_t> messages;
    bool operator==(const Meeting&) const = default;
  };

  /// Whether every colour comes together with the same colours always, and these send the same.
  bool meet_alike(const Exchange& exchange, const MessageCounts::Rows& rows) const {
    std::vector<Meeting> meetings(program_.ranks);  // by the rank that stands for it
    for (std::uint32_t rank = 0; rank < program_.ranks; ++rank) {
      Meeting& meeting = meetings[exchange.together(rank)];
      meeting.colours.push_back(colours_.rank[rank]);
      for (const auto& [key, count] : rows[orbits_.of_rank[rank]])
        meeting.messages[static_cast<std::uint32_t>(key)] += count;
    }
    std::vector<const Meeting*> of_colour(colours_.ranks, nullptr);
    for (Meeting& meeting : meetings) {
      std::sort(meeting.colours.begin(), meeting.colours.end());
      for (const std::uint32_t colour : meeting.colours) {
        if (of_colour[colour] == nullptr) of_colour[colour] = &meeting;
        if (of_colour[colour] != &meeting && *of_colour[colour] != meeting) return false;
      }
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
    const FlowColours colours = flow_colours(exchange);
    Signature signature(colours);
    MessageCounts counts(most_counts_);
    const auto ranks = static_cast<std::uint32_t>(orbits_.rank.size());
    const bool good = for_each_flow(exchange, [&](const WireFlow& flow, std::uint64_t count) {
      const std::uint32_t m = table.find(signature(flow), flow, colours);
      counts.add(orbits_.of_rank[flow.from], m, exchange.together ? 1 : count);
      if (!exchange.together) counts.add(ranks + orbits_.of_rank[flow.to], m, count);
      for (const std::uint32_t k : flow.route) counts.add(2 * ranks + orbits_.of_link[k], m, count);
    });
    if (!good || !counts.fit()) return false;
    const auto rows = counts.rows(2 * orbits_.rank.size() + orbits_.link.size());
    if (!(exchange.together ? meet_alike(exchange, rows) : ranks_are_even(rows)) || !links_are_even(rows)) return false;
    messages.messages = messages_;
    messages.from = table.classes().from;
    messages.to = table.classes().to;
    messages.bytes = table.classes().bytes;
    messages.delay = table.classes().delay;
    return set_usage(table.classes().route, rows, messages);
  }

  /// Whether orbits of one colour have the same counts.
  bool ranks_are_even(const MessageCounts::Rows& rows) const {
    return is_even(rows, 0, rank_colour_) && is_even(rows, orbits_.rank.size(), rank_colour_);
  }
  bool links_are_even(const MessageCounts::Rows& rows) const {
    return is_even(rows, 2 * orbits_.rank.size(), link_colour_);
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
        messages.usage.push_back(static_cast<double>(count) / static_cast<double>(links));
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
