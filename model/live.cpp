#include "model/live.hpp"

#include <algorithm>
#include <utility>

#include "model/around.hpp"

namespace ithaca {
namespace {

constexpr LiveField kFields[] = {
    {"layout.ulysses", [](const Question&, const Row& r) -> double { return r.layout.ulysses; }},
    {"layout.ring", [](const Question&, const Row& r) -> double { return r.layout.ring; }},
    {"layout.tp", [](const Question&, const Row& r) -> double { return r.layout.tp; }},
    {"layout.pp", [](const Question&, const Row& r) -> double { return r.layout.pp; }},
    {"layout.dp", [](const Question&, const Row& r) -> double { return r.layout.dp; }},
    {"layout.zero", [](const Question&, const Row& r) -> double { return r.layout.zero; }},
    {"active_gpus", [](const Question&, const Row& r) -> double { return r.estimate->active_gpus; }},
    {"idle_gpus", [](const Question&, const Row& r) -> double { return r.idle_gpus; }},
    {"padded_seq_len", [](const Question&, const Row& r) { return real(r.estimate->padded_seq.count); }},
    {"layer.forward.paper_elements", [](const Question&, const Row& r) { return r.estimate->paper_elements; }},
    {"layer.forward.sent_bytes", [](const Question&, const Row& r) { return r.estimate->forward.sent.value(); }},
    {"layer.forward.nic_bytes", [](const Question&, const Row& r) { return r.estimate->forward.nic.value(); }},
    {"layer.forward.time_s", [](const Question&, const Row& r) { return r.estimate->forward.time.value(); }},
    {"layer.backward.sent_bytes", [](const Question&, const Row& r) { return r.estimate->backward.sent.value(); }},
    {"layer.backward.time_s", [](const Question&, const Row& r) { return r.estimate->backward.time.value(); }},
    {"step.time_s", [](const Question&, const Row& r) { return r.estimate->step.time.value(); }},
    {"step.compute_s", [](const Question&, const Row& r) { return r.estimate->step.compute.value(); }},
    {"step.comm_s", [](const Question&, const Row& r) { return r.estimate->step.comm.value(); }},
    {"step.exposed_comm_s", [](const Question&, const Row& r) { return r.estimate->step.exposed_comm.value(); }},
    {"step.bubble_s", [](const Question&, const Row& r) { return r.estimate->step.bubble.value(); }},
    {"step.optimizer_s", [](const Question&, const Row& r) { return r.estimate->step.optimizer.value(); }},
    {"step.bound_s", [](const Question&, const Row& r) { return r.estimate->step.bound.value(); }},
    {"step.tokens_per_s", [](const Question&, const Row& r) { return r.tokens_per_s.value(); }},
    {"step.mfu", [](const Question&, const Row& r) { return r.mfu; }},
    {"step.hfu", [](const Question&, const Row& r) { return r.hfu; }},
    {"usd_per_million_tokens", [](const Question&, const Row& r) { return r.per_million_tokens.value(); }},
    {"memory.peak_bytes", [](const Question&, const Row& r) { return r.estimate->memory.peak().value(); }},
    {"memory.capacity_bytes", [](const Question&, const Row& r) { return r.estimate->memory.capacity.value(); }},
    {"memory.host_bytes", [](const Question&, const Row& r) { return r.estimate->memory.host().value(); }},
    {"memory.fits", [](const Question&, const Row& r) -> double { return r.estimate->memory.fits() ? 1 : 0; }},
    {"max_seq_len", [](const Question&, const Row& r) { return real(r.max_seq_len.count); }},
};

class AnswerWriter {
 public:
  LiveAnswer answer;

  void number(double value) { answer.numbers.push_back(value); }
  void place(const std::optional<std::size_t>& of) { number(of ? static_cast<double>(*of) : -1); }

  void word(std::string_view text) {
    auto& words = answer.words;
    const auto found = std::find(words.begin(), words.end(), text);
    number(static_cast<double>(found - words.begin()));
    if (found == words.end()) words.emplace_back(text);
  }

  /// Memory terms of a row that is drawn by itself alone.
  void row(const Question& q, const Row& row, bool with_terms = false) {
    number(static_cast<double>(row.strategy));
    number(row.refused ? 1 : 0);
    if (row.refused) {
      for (const int degree : {row.layout.tp, row.layout.ulysses, row.layout.ring, row.layout.dp, row.layout.pp})
        number(degree);
      word(name(*row.refused));
      word(why(*row.refused));
      word(instead(*row.refused));
      return;
    }
    for (const LiveField& field : kFields) number(field.get(q, row));
    number(with_terms ? static_cast<double>(row.estimate->memory.terms.size()) : 0);
    for (const MemoryTerm& term : row.estimate->memory.terms) {
      if (!with_terms) break;
      number(term.bytes.value());
      word(term.name);
      word(term.formula);
      word(term.source);
    }
  }
};

}  // namespace

std::span<const LiveField> live_fields() { return kFields; }

LiveAnswer live_rows(const Question& question) {
  AnswerWriter writer;
  const std::vector<Row> rows = compare(question);
  writer.number(real(parameter_count(question.model)));
  writer.place(best_row(rows));
  writer.number(static_cast<double>(rows.size()));
  for (const Row& row : rows) writer.row(question, row, true);
  return std::move(writer.answer);
}

LiveAnswer live_curves(const Question& question) {
  AnswerWriter writer;
  const std::vector<CommCurve> curves = comm_curves(question);
  writer.number(static_cast<double>(curves.size()));
  for (const CommCurve& curve : curves) {
    writer.number(static_cast<double>(curve.strategy));
    writer.number(static_cast<double>(curve.points.size()));
    for (const CommCurve::Point& point : curve.points) {
      writer.number(point.gpus);
      writer.row(question, point.row);
    }
  }
  return std::move(writer.answer);
}

LiveAnswer live_winners(const Question& question) {
  AnswerWriter writer;
  const WinnerMap map = winner_map(question);
  writer.number(static_cast<double>(map.gpus.size()));
  for (const int gpus : map.gpus) writer.number(gpus);
  writer.number(static_cast<double>(map.lengths.size()));
  for (const Tokens length : map.lengths) writer.number(real(length.count));
  for (const WinnerCell& cell : map.cells) {
    writer.place(cell.best);
    for (const Row& row : cell.rows) writer.row(question, row);
  }
  return std::move(writer.answer);
}

}  // namespace ithaca
