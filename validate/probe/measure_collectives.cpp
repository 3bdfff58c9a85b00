#include "validate/probe/measure_collectives.hpp"

#include "model/units.hpp"
#include "validate/probe/collective_cases.hpp"
#include "validate/probe/layer_patterns.hpp"

namespace ithaca {
namespace {

std::string words(const CollectiveCase& c) { return std::string(name(c.op)) + " of " + print(c.message()); }

struct Buffers {
  std::shared_ptr<void> from, to;
};

Result<Buffers, std::string> take(Accelerator& accelerator, std::size_t from_bytes, std::size_t to_bytes) {
  auto from = accelerator.take(Bytes{static_cast<double>(from_bytes)});
  if (!from) return from.error();
  auto to = accelerator.take(Bytes{static_cast<double>(to_bytes)});
  if (!to) return to.error();
  return Buffers{*from, *to};
}

Trouble enqueue(NcclGroup& group, const CollectiveCase& c, const Buffers& b) {
  const auto type = nccl::kFloat32;
  switch (c.op) {
    case Op::all_gather: return group.all_gather(b.from.get(), b.to.get(), c.count, type);
    case Op::reduce_scatter: return group.reduce_scatter(b.from.get(), b.to.get(), c.count, type);
    case Op::all_reduce: return group.all_reduce(b.from.get(), b.to.get(), c.count, type);
    case Op::all_to_all: return group.all_to_all(b.from.get(), b.to.get(), c.count, type);
    case Op::send_recv: return group.shift(b.from.get(), b.to.get(), c.count, type);
  }
  return "no such collective";
}

Trouble enqueue(NcclGroup& group, const PatternStep& s, const Buffers& b) {
  const auto type = nccl::kBfloat16;
  if (s.op == Op::all_gather) return group.all_gather(b.from.get(), b.to.get(), s.count, type);
  if (s.op == Op::reduce_scatter) return group.reduce_scatter(b.from.get(), b.to.get(), s.count, type);
  return group.all_to_all(b.from.get(), s.sent, b.to.get(), s.received, type);
}

class Campaign {
 public:
  Campaign(const Ensemble& ensemble, const CollectivePlan& plan, const RowSetting& setting, CollectiveSamples& table)
      : e_(ensemble), plan_(plan), setting_(setting), table_(table) {}

  /// Trouble only where nothing can follow; what fails for itself is left out with its reason.
  Trouble measure_case(const CollectiveCase& c) {
    auto buffers = take(e_.accelerator, 4 * c.sent(), 4 * c.received());
    RankReport ready;
    if (!buffers) ready.trouble = buffers.error();
    if (buffers) ready.trouble = e_.accelerator.write(buffers->from.get(), brought(c, e_.mesh.rank()));
    if (const auto all = summarise(e_.mesh, ready); !all) return leave_out(words(c), all.error());
    const auto wrong = check(c, *buffers);
    if (!wrong) return stop(words(c), wrong.error());
    if (*wrong > 0) {
      table_.left_out.push_back(words(c) + ": elements that are wrong: " + std::to_string(static_cast<long>(*wrong)));
      return std::nullopt;
    }
    return time_case(c, *buffers);
  }

  Trouble measure_pattern(const LayerPattern& pattern, std::int64_t tokens, const MakeAttention& make_attention) {
    const int ranks = e_.mesh.ranks();
    const std::string what = pattern.name + " of " + std::to_string(tokens) + " tokens";
    auto buffers = take(e_.accelerator, 2 * pattern.most_sent(ranks), 2 * pattern.most_received(ranks));
    RankReport ready;
    if (!buffers) ready.trouble = buffers.error();
    Attention attention;
    if (buffers && pattern.attention_after > 0 && make_attention) {
      auto made = make_attention(tokens);
      if (made) attention = *made;
      if (!made) ready.trouble = made.error();
    }
    if (const auto all = summarise(e_.mesh, ready); !all) return leave_out(what, all.error());
    return time_pattern(pattern, tokens, *buffers, attention, what);
  }

 private:
  Trouble leave_out(const std::string& what, const Setback& setback) {
    if (setback.is_lost) return stop(what, setback.why);
    table_.left_out.push_back(what + ": " + setback.why);
    return std::nullopt;
  }
  static Trouble stop(const std::string& what, const std::string& why) { return what + ": " + why; }

  /// Elements that came out wrong, over all ranks.
  Result<double, std::string> check(const CollectiveCase& c, const Buffers& b) {
    RankReport report;
    std::vector<float> got(c.received());
    {
      const auto step = e_.watchdog.watch("checking " + words(c));
      report.trouble = e_.accelerator.write(b.to.get(), std::vector<float>(got.size(), -5000));  // no sum of one rank
      if (!report.trouble) report.trouble = enqueue(e_.group, c, b);
      if (!report.trouble) report.trouble = e_.group.wait();
      if (!report.trouble) report.trouble = e_.accelerator.read(b.to.get(), got);
    }
    if (!report.trouble) report.time = static_cast<double>(count_wrong(c, e_.mesh.rank(), got));
    const auto all = summarise(e_.mesh, report);
    if (!all) return all.error().why;
    return all->mean * e_.mesh.ranks();
  }

  Trouble time_case(const CollectiveCase& c, const Buffers& b) {
    const auto run = [&] { return enqueue(e_.group, c, b); };
    GroupStopwatch stopwatch(e_, words(c), run);
    const auto m = measure_with(stopwatch);
    if (!m) return stop(words(c), m.error());
    CollectiveSample s;
    s.op = c.op;
    s.ranks = c.ranks;
    s.nodes = setting_.nodes;
    s.message = c.message();
    s.time = m->median;
    s.wrong = 0;
    s.spread = CollectiveSample::Spread{stopwatch.mean(m->timings + m->marked), m->p10, m->p90, m->timings, m->error};
    s.doubt = setting_.doubt.empty() ? m->doubt : setting_.doubt;
    // NCCL has no model for what it sends and receives one by one.
    if (c.op != Op::all_to_all && c.op != Op::send_recv) s.estimate = e_.group.estimate(run);
    table_.samples.push_back(s);
    return std::nullopt;
  }

  Trouble time_pattern(const LayerPattern& pattern, std::int64_t tokens, const Buffers& b, const Attention& attention,
                       const std::string& what) {
    GroupStopwatch stopwatch(e_, what, [&] {
      Trouble trouble;
      for (std::size_t i = 0; i < pattern.steps.size() && !trouble; ++i) {
        trouble = enqueue(e_.group, pattern.steps[i], b);
        if (!trouble && attention && i + 1 == pattern.attention_after) trouble = attention();
      }
      return trouble;
    });
    const auto m = measure_with(stopwatch);
    if (!m) return stop(what, m.error());
    PatternSample p{pattern.name, plan_.model->name, tokens, e_.mesh.ranks(), {}, m->median, {}, {}, setting_.doubt};
    p.mean = stopwatch.mean(m->timings + m->marked);
    if (p.doubt.empty()) p.doubt = m->doubt;
    const auto sent = summarise(e_.mesh, {.time = sent_bytes(pattern, p.ranks, e_.mesh.rank()).value()});
    if (!sent) return stop(what, sent.error().why);
    p.sent = Bytes{sent->slowest};
    if (attention) {
      GroupStopwatch alone(e_, "attention of " + std::to_string(tokens) + " tokens", attention);
      const auto kernel = measure_with(alone);
      if (!kernel) return stop(what, kernel.error());
      p.attention = kernel->median;
    }
    table_.patterns.push_back(p);
    return std::nullopt;
  }

  Result<Measurement, std::string> measure_with(GroupStopwatch& stopwatch) {
    if (const Trouble trouble = stopwatch.prepare()) return *trouble;
    return measure(stopwatch, plan_.rule);
  }

  const Ensemble& e_;
  const CollectivePlan& plan_;
  const RowSetting& setting_;
  CollectiveSamples& table_;
};

}  // namespace

Trouble measure_collectives(const Ensemble& ensemble, const CollectivePlan& plan, const RowSetting& setting,
                            const MakeAttention& make_attention, CollectiveSamples& table,
                            const std::function<void()>& save) {
  Campaign campaign(ensemble, plan, setting, table);
  const int ranks = ensemble.mesh.ranks(), rank = ensemble.mesh.rank();
  for (const CollectiveCase& c : collective_cases(plan.ops, plan.sizes, ranks)) {
    if (Trouble trouble = campaign.measure_case(c)) return trouble;
    save();
  }
  for (const std::int64_t tokens : plan.model ? plan.lengths : std::vector<std::int64_t>{}) {
    std::vector<LayerPattern> patterns{megatron_sp_pattern(*plan.model, tokens, ranks)};
    if (ranks <= plan.model->heads) patterns.push_back(ulysses_pattern(*plan.model, tokens, ranks, rank));
    for (const LayerPattern& pattern : patterns) {
      if (Trouble trouble = campaign.measure_pattern(pattern, tokens, make_attention)) return trouble;
      save();
    }
  }
  return std::nullopt;
}

}  // namespace ithaca
