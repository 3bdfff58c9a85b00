#include "sim/flow_check.hpp"

#include <algorithm>
#include <cmath>

namespace ithaca {
namespace {

bool is_amount(double value) { return value >= 0 && std::isfinite(value); }

std::string link_name(std::size_t k) { return "link " + std::to_string(k); }
std::string flow_name(std::size_t f) { return "flow " + std::to_string(f); }

/// An array is there for everyone or for nobody.
bool fits(std::size_t have, std::size_t want) { return have == 0 || have == want; }

bool are_rows(const IndexRows& rows) {
  return !rows.begin.empty() && rows.begin.front() == 0 && rows.begin.back() == rows.items.size() &&
         std::is_sorted(rows.begin.begin(), rows.begin.end());
}

std::optional<std::string> check_shape(const FlowSystem& s) {
  const std::size_t flows = s.size.size();
  if (!fits(s.latency.size(), s.capacity.size())) return "latencies must be as many as links";
  if (!are_rows(s.route) || s.route.size() != flows) return "routes must be as many as flows";
  if (!fits(s.usage.size(), s.route.items.size())) return "usages must be as many as items of routes";
  if (!are_rows(s.after) || !fits(s.after.size(), flows)) return "rows of 'after' must be as many as flows";
  if (!fits(s.start.size(), flows) || !fits(s.delay.size(), flows) || !fits(s.rate_cap.size(), flows))
    return "start times, delays and rate caps must be as many as flows";
  return std::nullopt;
}

std::optional<std::string> check_links(const FlowSystem& s) {
  for (std::size_t k = 0; k < s.capacity.size(); ++k) {
    if (!is_amount(s.capacity[k].value()) || s.capacity[k].value() == 0)
      return link_name(k) + ": its capacity must be above zero and finite";
    if (!s.latency.empty() && !is_amount(s.latency[k].value()))
      return link_name(k) + ": its latency must be zero or more and finite";
  }
  return std::nullopt;
}

/// `seen[k]` is the last flow whose route held link k.
std::optional<std::string> check_route(const FlowSystem& s, std::uint32_t f, std::vector<std::uint32_t>& seen) {
  if (s.route[f].size() > 0xFFFF) return flow_name(f) + ": its route must not cross more than 65,535 links";
  for (const std::uint32_t k : s.route[f]) {
    if (k >= s.capacity.size()) return flow_name(f) + ": there is no link " + std::to_string(k);
    if (seen[k] == f) return flow_name(f) + ": its route crosses link " + std::to_string(k) + " twice";
    seen[k] = f;
  }
  for (std::uint32_t i = s.route.begin[f]; !s.usage.empty() && i < s.route.begin[f + 1]; ++i) {
    if (!is_amount(s.usage[i]) || s.usage[i] == 0)
      return flow_name(f) + ": its usage of link " + std::to_string(s.route.items[i]) +
             " must be above zero and finite";
  }
  return std::nullopt;
}

std::optional<std::string> check_flow(const FlowSystem& s, std::size_t f) {
  if (!is_amount(s.size[f].value())) return flow_name(f) + ": its size must be zero or more and finite";
  if (!s.start.empty() && !is_amount(s.start[f].value()))
    return flow_name(f) + ": its start must be zero or more and finite";
  if (!s.delay.empty() && !is_amount(s.delay[f].value()))
    return flow_name(f) + ": its delay must be zero or more and finite";
  if (!s.rate_cap.empty() && !is_amount(s.rate_cap[f].value()))
    return flow_name(f) + ": its rate cap must be above zero and finite, or 0 for none";
  return std::nullopt;
}

}  // namespace

std::optional<std::uint32_t> find_circle(const IndexRows& after) {
  std::vector<std::uint32_t> state(after.size(), 0),
      path;  // 0: not seen, n: n - 1 of its row looked at, done: the rest
  constexpr std::uint32_t kDone = 0xFFFFFFFF;
  for (std::uint32_t first = 0; first < after.size(); ++first) {
    if (state[first] != 0) continue;
    path.push_back(first);
    state[first] = 1;
    while (!path.empty()) {
      const std::uint32_t f = path.back();
      const auto row = after[f];
      if (state[f] > row.size()) {
        state[f] = kDone;
        path.pop_back();
        continue;
      }
      const std::uint32_t next = row[state[f]++ - 1];
      if (state[next] == kDone) continue;
      if (state[next] != 0) return next;
      state[next] = 1;
      path.push_back(next);
    }
  }
  return std::nullopt;
}

std::optional<std::string> check(const FlowSystem& s) {
  if (auto wrong = check_shape(s)) return wrong;
  if (auto wrong = check_links(s)) return wrong;
  std::vector<std::uint32_t> seen(s.capacity.size(), 0xFFFFFFFF);
  for (std::uint32_t f = 0; f < s.size.size(); ++f) {
    if (auto wrong = check_flow(s, f)) return wrong;
    if (auto wrong = check_route(s, f, seen)) return wrong;
  }
  bool for_earlier = true;
  for (std::size_t f = 0; f < s.after.size(); ++f) {
    for (const std::uint32_t other : s.after[f]) {
      for_earlier &= other < f;
      if (other >= s.size.size())
        return flow_name(f) + ": it waits for flow " + std::to_string(other) + ", which is not there";
    }
  }
  if (for_earlier) return std::nullopt;
  if (const auto f = find_circle(s.after)) return flow_name(*f) + ": it waits for itself, perhaps through others";
  return std::nullopt;
}

}  // namespace ithaca
