// Tables of measured collectives, schema measurements/1: read and written.

#include <fmt/format.h>

#include "configs/reader/fields.hpp"
#include "configs/reader/load_collectives.hpp"
#include "configs/reader/profile_figures.hpp"

namespace ithaca {
namespace {

constexpr Op kOps[] = {Op::all_gather, Op::reduce_scatter, Op::all_reduce, Op::all_to_all, Op::send_recv};

Parsed<Op> parse_op(std::string_view text) {
  for (const Op op : kOps) {
    if (name(op) == text) return op;
  }
  return UnitError{"'" + std::string(text) + "' is no collective",
                   "write all_to_all, all_gather, reduce_scatter, all_reduce or send_recv"};
}

Parsed<Algorithm> parse_algorithm(std::string_view text) {
  for (int i = 0; i <= static_cast<int>(Algorithm::tree); ++i) {
    if (name(static_cast<Algorithm>(i)) == text) return static_cast<Algorithm>(i);
  }
  return UnitError{"'" + std::string(text) + "' is no algorithm",
                   "write ring, tree, nvls, direct, pairwise or another"};
}

std::optional<Seconds> seconds(Fields& row, std::string_view key) {
  const auto number = row.maybe(key, parse_above_zero);
  return number ? std::optional(Seconds{*number}) : std::nullopt;
}

/// Servers for `ranks` ranks, filled one after another.
int nodes_of(int ranks, std::int64_t per_node) { return static_cast<int>((ranks + per_node - 1) / per_node); }

CollectiveSample read_sample(Fields& row) {
  CollectiveSample s;
  s.op = row.need("op", parse_op);
  s.algorithm = row.maybe("algorithm", parse_algorithm);
  s.ranks = static_cast<int>(row.need("ranks", parse_devices));
  if (const auto per_node = row.maybe("ranks_per_node", parse_devices)) s.nodes = nodes_of(s.ranks, *per_node);
  s.message = Bytes{row.need("bytes", parse_above_zero)};
  s.time = Seconds{row.need("time_s", parse_above_zero)};
  s.in_place = row.maybe("in_place", parse_flag).value_or(false);
  s.wrong = row.maybe("wrong", parse_not_negative);
  s.fitted = row.maybe("fitted", parse_flag).value_or(false);
  s.estimate = seconds(row, "nccl_estimate_s");
  s.host_needs = seconds(row, "host_needs_s").value_or(Seconds{});
  s.host_adds = seconds(row, "host_adds_s").value_or(Seconds{});
  s.doubt = row.text_or("doubt", "");
  const auto mean = seconds(row, "mean_s"), p10 = seconds(row, "p10_s"), p90 = seconds(row, "p90_s");
  const auto error = row.maybe("error", parse_not_negative);
  if (const auto timings = row.maybe("timings", parse_size)) {
    s.spread = CollectiveSample::Spread{mean.value_or(s.time), p10.value_or(s.time), p90.value_or(s.time),
                                        static_cast<int>(*timings), error.value_or(0)};
  }
  return s;
}

PatternSample read_pattern(Fields& row) {
  PatternSample p;
  p.pattern = row.text("pattern");
  p.model = row.text("model");
  p.seq = row.need("seq", parse_size);
  p.ranks = static_cast<int>(row.need("ranks", parse_devices));
  p.sent = Bytes{row.need("sent_bytes", parse_not_negative)};
  p.time = Seconds{row.need("time_s", parse_above_zero)};
  p.mean = seconds(row, "mean_s").value_or(p.time);
  p.attention = seconds(row, "attention_s");
  p.doubt = row.text_or("doubt", "");
  return p;
}

void read_texts(const Document& document, Fields& fields, CollectiveSamples& out, Diagnostics& diagnostics) {
  if (fields.has("provenance")) {
    if (const Node* map = fields.map("provenance")) {
      for (const Entry& entry : map->entries) out.provenance.emplace_back(entry.key.text, entry.value.text);
    }
  }
  if (fields.has("left_out")) {
    if (const Node* list = fields.sequence("left_out")) {
      for (const Node& item : list->items) out.left_out.push_back(item.text);
    }
  }
  if (fields.has("patterns")) {
    for_each_map(document, fields.sequence("patterns"), "pattern", diagnostics,
                 [&](Fields& row) { out.patterns.push_back(read_pattern(row)); });
  }
}

/// In double quotes; control characters become spaces.
std::string yaml_string(std::string_view text) {
  std::string safe = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') safe += '\\';
    safe += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return safe + "\"";
}

/// Plain where that is safe.
std::string yaml_word(std::string_view text) {
  const bool plain = !text.empty() && text != "null" &&
                     text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") == text.npos;
  return plain ? std::string(text) : yaml_string(text);
}

std::string sample_line(const CollectiveSample& s) {
  std::string out = fmt::format("  - {{op: {}", name(s.op));
  if (s.algorithm) out += fmt::format(", algorithm: {}", name(*s.algorithm));
  out += fmt::format(", ranks: {}", s.ranks);
  if (s.nodes > 0) out += fmt::format(", ranks_per_node: {}", (s.ranks + s.nodes - 1) / s.nodes);
  out += fmt::format(", bytes: {}, time_s: {:.7g}", s.message.value(), s.time.value());
  if (s.spread) {
    out += fmt::format(", mean_s: {:.7g}, p10_s: {:.7g}, p90_s: {:.7g}, timings: {}, error: {:.4f}",
                       s.spread->mean.value(), s.spread->p10.value(), s.spread->p90.value(), s.spread->timings,
                       s.spread->error);
  }
  if (s.host_needs > Seconds{}) out += fmt::format(", host_needs_s: {:.7g}", s.host_needs.value());
  if (s.host_adds > Seconds{}) out += fmt::format(", host_adds_s: {:.7g}", s.host_adds.value());
  if (s.estimate) out += fmt::format(", nccl_estimate_s: {:.7g}", s.estimate->value());
  if (s.in_place) out += ", in_place: true";
  if (s.wrong) out += fmt::format(", wrong: {:g}", *s.wrong);
  if (s.fitted) out += ", fitted: true";
  if (!s.doubt.empty()) out += ", doubt: " + yaml_string(s.doubt);
  return out + "}\n";
}

std::string pattern_line(const PatternSample& p) {
  std::string out = fmt::format(
      "  - {{pattern: {}, model: {}, seq: {}, ranks: {}, sent_bytes: {}, time_s: {:.7g}, mean_s: {:.7g}",
      yaml_word(p.pattern), yaml_string(p.model), p.seq, p.ranks, p.sent.value(), p.time.value(), p.mean.value());
  if (p.attention) out += fmt::format(", attention_s: {:.7g}", p.attention->value());
  if (!p.doubt.empty()) out += ", doubt: " + yaml_string(p.doubt);
  return out + "}\n";
}

}  // namespace

Result<CollectiveSamples, Diagnostics> read_collective_table(const Document& document) {
  Diagnostics diagnostics;
  Fields fields(document, document.root, "the file", diagnostics);
  check_schema(fields, "measurements");
  CollectiveSamples out;
  out.file = document.file;
  out.source = fields.text_or("source", "");
  out.cluster = fields.text_or("cluster", "");
  out.gpu = fields.text_or("gpu", "");
  out.nccl = fields.text_or("nccl", "");
  read_texts(document, fields, out, diagnostics);
  for_each_map(document, fields.sequence("samples"), "sample", diagnostics,
               [&](Fields& row) { out.samples.push_back(read_sample(row)); });
  fields.finish();
  if (!diagnostics.empty()) return diagnostics;
  return out;
}

std::string collectives_yaml(const CollectiveSamples& table) {
  std::string out = "schema: measurements/1\n";
  const std::string source = table.file.empty() ? table.source : table.source + ": " + table.file;
  if (!source.empty()) out += "source: " + yaml_string(source) + "\n";
  if (!table.cluster.empty()) out += "cluster: " + yaml_string(table.cluster) + "\n";
  if (!table.gpu.empty()) out += "gpu: " + yaml_string(table.gpu) + "\n";
  if (!table.nccl.empty()) out += "nccl: " + yaml_string(table.nccl) + "\n";
  if (!table.provenance.empty()) out += "provenance:\n";
  for (const auto& [key, value] : table.provenance) out += "  " + yaml_word(key) + ": " + yaml_string(value) + "\n";
  if (!table.left_out.empty()) out += "left_out:\n";
  for (const std::string& reason : table.left_out) out += "  - " + yaml_string(reason) + "\n";
  if (!table.patterns.empty()) out += "patterns:\n";
  for (const PatternSample& p : table.patterns) out += pattern_line(p);
  out += table.samples.empty() ? "samples: []\n" : "samples:\n";
  for (const CollectiveSample& s : table.samples) out += sample_line(s);
  return out;
}

}  // namespace ithaca
