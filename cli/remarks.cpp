#include "cli/remarks.hpp"

#include <fmt/format.h>

#include <cmath>

#include "cli/text.hpp"
#include "model/frameworks.hpp"
#include "model/units.hpp"

namespace ithaca {
namespace {

/// Relative difference of two step times.
constexpr double kWorthRemark = 0.05;

std::string layout_flags(const Layout& layout) {
  std::string flags;
  const auto add = [&](std::string_view flag, int degree) {
    if (degree > 1) flags += fmt::format("{}{} {}", flags.empty() ? "" : " ", flag, degree);
  };
  add("--tp", layout.tp);
  add("--ulysses", layout.ulysses);
  add("--ring", layout.ring);
  add("--dp", layout.dp);
  return flags;
}

/// Why the split itself takes no more GPUs.
std::string head_limit(const Question& q, const Layout& layout) {
  const std::int64_t cut = static_cast<std::int64_t>(layout.tp) * layout.ulysses;
  if (layout.ring > 1 || cut * 2 <= q.model.heads) return "";
  return fmt::format(" ({} query heads allow no more)", q.model.heads);
}

/// A row of a strategy with a ring that leaves fewer GPUs idle.
const Row* ring_user(const Report& report, const Row& idle) {
  const Row* found = nullptr;
  for (const Row& row : report.rows) {
    const bool ring = row.estimate && row.layout.ring > 1 && row.idle_gpus < idle.idle_gpus;
    if (ring && (found == nullptr || row.strategy == Strategy::usp)) found = &row;
  }
  return found;
}

std::string copied_kv(const Question& q, const Row& row) {
  const Layout& l = row.layout;
  if (l.tp > q.model.kv_heads) {
    return fmt::format(
        "{}: tp {} is above the {} KV heads, so each KV head's weights, gradients and work exist {} times (counted)",
        name(row.strategy), l.tp, q.model.kv_heads, l.tp / q.model.kv_heads);
  }
  if (static_cast<std::int64_t>(l.tp) * l.ulysses > q.model.kv_heads) {
    return fmt::format("{}: ulysses {} is above the {} KV heads, so K and V are sent to more than one rank (counted)",
                       name(row.strategy), l.ulysses, q.model.kv_heads / l.tp);
  }
  return "";
}

std::string padding(const Question& q, const Row& row) {
  const std::int64_t added = row.estimate->padded_seq.count - q.work.seq_len.count;
  if (added == 0) return "";
  return fmt::format("{}: the sequence is padded by {} to {} tokens ({} %, paid for)", name(row.strategy),
                     grouped(added), grouped(row.estimate->padded_seq.count),
                     significant(100.0 * static_cast<double>(added) / static_cast<double>(q.work.seq_len.count)));
}

std::string waiting(const Question& q, const Row& row) {
  const double share = row.estimate->parts.imbalance / row.estimate->step.time;
  if (share < 0.005) return "";
  const std::string_view reason = q.work.packing != nullptr                   ? "packed documents of unequal length"
                                  : row.layout.ring > 1 && !row.layout.zigzag ? "the causal mask without zigzag"
                                                                              : "uneven heads";
  return fmt::format("{}: {} % of the step is waiting for the slowest rank ({})", name(row.strategy),
                     significant(100 * share), reason);
}

std::string faster_split(const Row& row) {
  if (!row.faster) return "";
  return fmt::format("{}: {} would be faster ({} against {} a step) but sends more or leaves more GPUs idle: {}",
                     name(row.strategy), layout_words(*row.faster), print(row.faster_time),
                     print(row.estimate->step.time), layout_flags(*row.faster));
}

std::string engine_difference(const Row& row) {
  const double more = row.estimate->step.time / row.closed_form_time - 1;
  if (!row.by_event_engine || std::abs(more) <= kWorthRemark) return "";
  return fmt::format("{}: {} a step by the event engine, {} by the closed form ({}{} %)", name(row.strategy),
                     print(row.estimate->step.time), print(row.closed_form_time), more > 0 ? "+" : "",
                     significant(100 * more));
}

}  // namespace

std::string row_words(const Row& row) {
  const std::string layout = layout_words(row.layout);
  const bool named = layout.rfind(name(row.strategy), 0) == 0;
  return named ? layout : fmt::format("{} ({})", name(row.strategy), layout);
}

std::string idle_remark(const Report& report, const Row& row) {
  if (!row.estimate || row.idle_gpus == 0) return "";
  const Question& q = report.question;
  const int replica = row.estimate->active_gpus / row.layout.dp, replicas = q.gpus / replica;
  const std::string text = fmt::format("{}: {} of {} GPUs are idle{} and paid for", name(row.strategy), row.idle_gpus,
                                       q.gpus, head_limit(q, row.layout));
  std::vector<std::string> users;
  if (replicas > row.layout.dp) {
    users.push_back(
        fmt::format("--global-batch {} (dp {}) uses {}", replicas * q.work.micro_batch, replicas, replicas * replica));
  }
  if (const Row* ring = ring_user(report, row)) {
    users.push_back(fmt::format("{} uses {} as it is", row_words(*ring), ring->estimate->active_gpus));
  } else if (row.layout.ring == 1) {
    users.emplace_back("a ring around it uses more (--strategies usp)");
  }
  return users.empty() ? text : text + "; " + join_words(users, "or");
}

std::vector<std::string> remarks(const Report& report) {
  const Question& q = report.question;
  std::vector<std::string> all;
  for (std::size_t i = 0; i < report.rows.size(); ++i) {
    const Row& row = report.rows[i];
    if (!row.estimate) continue;
    const std::string idle = report.best == i ? "" : idle_remark(report, row);
    for (const std::string& text :
         {idle, copied_kv(q, row), padding(q, row), waiting(q, row), faster_split(row), engine_difference(row)}) {
      if (!text.empty()) all.push_back(text);
    }
  }
  return all;
}

std::vector<std::string> framework_remarks(const Report& report) {
  std::vector<std::string> all;
  for (const Row& row : report.rows) {
    if (!row.estimate) continue;
    std::vector<std::string> runs, refuses;
    for (const FrameworkAnswer& answer : frameworks(report.question.model, row.layout)) {
      if (answer.accepts) {
        runs.emplace_back(answer.framework);
      } else {
        refuses.push_back(fmt::format("{} ({})", answer.framework, answer.rule));
      }
    }
    std::string text = row_words(row) + ": ";
    if (!runs.empty()) text += "runs in " + join_words(runs);
    if (!refuses.empty()) text += (runs.empty() ? "not in " : "; not in ") + join_words(refuses);
    all.push_back(text);
  }
  return all;
}

}  // namespace ithaca
