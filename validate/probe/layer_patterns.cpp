#include "validate/probe/layer_patterns.hpp"

#include <algorithm>
#include <numeric>

#include "model/heads.hpp"

namespace ithaca {
namespace {

std::size_t size(std::int64_t count) { return static_cast<std::size_t>(count); }
std::size_t sum(const std::vector<std::size_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::size_t{0});
}

std::size_t sent(const PatternStep& s, std::size_t ranks) {
  if (s.op == Op::all_to_all) return sum(s.sent);
  return s.op == Op::reduce_scatter ? s.count * ranks : s.count;
}
std::size_t received(const PatternStep& s, std::size_t ranks) {
  if (s.op == Op::all_to_all) return sum(s.received);
  return s.op == Op::all_gather ? s.count * ranks : s.count;
}

}  // namespace

std::size_t LayerPattern::most_sent(int ranks) const {
  std::size_t most = 0;
  for (const PatternStep& step : steps) most = std::max(most, sent(step, size(ranks)));
  return most;
}
std::size_t LayerPattern::most_received(int ranks) const {
  std::size_t most = 0;
  for (const PatternStep& step : steps) most = std::max(most, received(step, size(ranks)));
  return most;
}

LayerPattern ulysses_pattern(const Transformer& model, std::int64_t tokens, int ranks, int rank) {
  const std::int64_t slice = (tokens + ranks - 1) / ranks;
  const auto elements = [&](std::int64_t heads) { return size(slice * heads * model.head_dim); };
  const RankHeads own = rank_heads(model.heads, model.kv_heads, ranks, rank);
  PatternStep in{Op::all_to_all, {}, {}, 0}, out{Op::all_to_all, {}, {}, 0};
  for (int other = 0; other < ranks; ++other) {
    const RankHeads theirs = rank_heads(model.heads, model.kv_heads, ranks, other);
    in.sent.push_back(elements(theirs.query + 2 * theirs.kv));
    in.received.push_back(elements(own.query + 2 * own.kv));
    out.sent.push_back(elements(own.query));
    out.received.push_back(elements(theirs.query));
  }
  return {"ulysses", {std::move(in), std::move(out)}, 1};
}

LayerPattern megatron_sp_pattern(const Transformer& model, std::int64_t tokens, int ranks) {
  const std::size_t block = size((tokens + ranks - 1) / ranks * model.hidden);
  const PatternStep gather{Op::all_gather, {}, {}, block}, scatter{Op::reduce_scatter, {}, {}, block};
  return {"megatron_sp", {gather, scatter, gather, scatter}, 0};
}

Bytes sent_bytes(const LayerPattern& pattern, int ranks, int rank) {
  constexpr double kElement = 2;
  double elements = 0;
  for (const PatternStep& s : pattern.steps) {
    const bool exchange = s.op == Op::all_to_all;
    elements += static_cast<double>(exchange ? sum(s.sent) - s.sent[size(rank)] : s.count * size(ranks - 1));
  }
  return Bytes{kElement * elements};
}

}  // namespace ithaca
