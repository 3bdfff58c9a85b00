#include "validate/attention_errors.hpp"

#include <algorithm>
#include <cmath>

namespace ithaca {
namespace {

constexpr double kTie = 0.03;

Transformer one_layer(const AttentionSetting& s) {
  Transformer m;
  m.name = "attention";
  m.layers = 1;
  m.heads = s.heads;
  m.kv_heads = s.kv_heads;
  m.head_dim = s.head_dim;
  m.hidden = s.heads * s.head_dim;
  return m;
}

Workload work_of(const AttentionSetting& s) {
  Workload work;
  work.seq_len = Tokens{s.seq};
  work.micro_batch = work.global_batch = s.batch;
  work.causal = s.causal;
  return work;
}

AttentionLayer operator+(const AttentionLayer& a, const AttentionLayer& b) {
  return {a.attention + b.attention, a.streaming + b.streaming, a.comm + b.comm, a.exposed + b.exposed,
          a.bound + b.bound};
}

AttentionLayer predict(const AttentionCase& c, const Cluster& cluster) {
  const Transformer model = one_layer(c.setting);
  const Workload work = work_of(c.setting);
  const auto pass = [&](bool backward) { return attention_layer(model, work, cluster, c.layout, backward); };
  if (c.setting.pass == AttentionPass::both) return pass(false) + pass(true);
  return pass(c.setting.pass == AttentionPass::backward);
}

void slow_down(AttentionCurve& curve, double share) {
  for (AttentionCurve::Pass* pass : {&curve.forward, &curve.backward})
    for (AttentionCurve::Points* points : {&pass->full, &pass->causal})
      for (AttentionCurve::Point& point : *points) point.rate = point.rate * share;
}

void add(std::vector<AttentionSummary>& summary, const AttentionRow& row) {
  if (!row.judges_time()) return;
  const AttentionCase& c = row.measured;
  const auto same = [&](const AttentionSummary& s) { return s.pass == c.setting.pass && s.held_out == c.held_out; };
  auto found = std::find_if(summary.begin(), summary.end(), same);
  if (found == summary.end()) found = summary.insert(summary.end(), {.pass = c.setting.pass, .held_out = c.held_out});
  ++found->count;
  found->mean += std::abs(row.error);
  found->bias += row.error;
  found->max = std::max(found->max, std::abs(row.error));
}

/// Pairs of one setting that the measurements tell apart, and how many of them the model has the right way round.
void compare_pair(const AttentionRow& a, const AttentionRow& b, int& pairs, int& right) {
  const Seconds fast = min(a.measured.time, b.measured.time), slow = max(a.measured.time, b.measured.time);
  if (slow / fast - 1 < kTie || a.measured.layout == b.measured.layout) return;
  ++pairs;
  const bool faster = a.measured.time < b.measured.time;
  right += faster ? a.layer.time() < b.layer.time() : b.layer.time() < a.layer.time();
}

AttentionOrder order_of(const std::vector<AttentionRow>& rows, bool forward_only) {
  AttentionOrder order;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].setting != i) continue;  // the first row of each setting stands for it
    if (forward_only && rows[i].measured.setting.pass != AttentionPass::forward) continue;
    int pairs = 0, right = 0;
    for (std::size_t a = i; a < rows.size(); ++a)
      for (std::size_t b = a + 1; b < rows.size(); ++b)
        if (rows[a].setting == i && rows[b].setting == i && rows[a].measured.doubt.empty() &&
            rows[b].measured.doubt.empty())
          compare_pair(rows[a], rows[b], pairs, right);
    order.settings += pairs > 0;
    order.right += pairs > 0 && right == pairs;
    order.pairs += pairs;
    order.right_pairs += right;
  }
  return order;
}

}  // namespace

Result<AttentionErrors, std::string> attention_errors(const AttentionCases& cases, const LoadedCluster& machine) {
  const auto& choices = machine.attention;
  const auto chosen = std::find_if(choices.begin(), choices.end(),
                                   [&](const AttentionChoice& choice) { return choice.kernel == cases.kernel; });
  if (chosen == choices.end()) return "no curve of the kernel '" + cases.kernel + "' for " + machine.cluster.gpu.name;
  Cluster cluster = machine.cluster;
  cluster.gpu.attention = chosen->curve;
  slow_down(cluster.gpu.attention, cases.kernel_share);

  AttentionErrors errors;
  errors.mark = worst(chosen->mark, cluster.link_mark);
  for (const AttentionCase& c : cases.cases) {
    AttentionRow row{c, errors.rows.size(), predict(c, cluster), {}, 0};
    row.predicted = row.layer.time() + cases.call;
    row.error = row.predicted / c.time - 1;
    for (std::size_t i = errors.rows.size(); i-- > 0;) {
      const AttentionCase& other = errors.rows[i].measured;
      if (other.setting == c.setting && other.layout.gpus() == c.layout.gpus()) row.setting = errors.rows[i].setting;
    }
    add(errors.summary, row);
    errors.rows.push_back(row);
  }
  for (AttentionSummary& s : errors.summary) {
    s.mean /= s.count;
    s.bias /= s.count;
  }
  errors.forward = order_of(errors.rows, true);
  errors.all = order_of(errors.rows, false);
  return errors;
}

}  // namespace ithaca
