#include "configs/reader/load_attention.hpp"

#include <algorithm>
#include <cmath>

#include "configs/reader/catalogue.hpp"
#include "configs/reader/fields.hpp"

namespace ithaca {
namespace {

Parsed<AttentionPass> parse_pass(std::string_view text) {
  for (const AttentionPass pass : {AttentionPass::forward, AttentionPass::backward, AttentionPass::both})
    if (name(pass) == text) return pass;
  return UnitError{"'" + std::string(text) + "' is no pass", "write forward, backward or both"};
}

Parsed<bool> parse_causal(std::string_view text) {
  if (text == "causal" || text == "full") return text == "causal";
  return UnitError{"'" + std::string(text) + "' is no mask", "write causal or full"};
}

Parsed<bool> parse_held_out(std::string_view text) {
  if (text == "held_out" || text == "fit") return text == "held_out";
  return UnitError{"'" + std::string(text) + "' is no part of a split", "write fit or held_out"};
}

Parsed<Strategy> parse_strategy(std::string_view text) {
  for (const Strategy s :
       {Strategy::ulysses, Strategy::ring, Strategy::usp, Strategy::cp_all_gather, Strategy::loongtrain})
    if (name(s) == text) return s;
  return UnitError{"'" + std::string(text) + "' splits no attention that can be timed alone",
                   "write ulysses, ring, usp, cp_all_gather or loongtrain"};
}

AttentionSetting read_setting(Fields& row) {
  AttentionSetting s;
  s.batch = row.need("batch", parse_size);
  s.seq = row.need("seq", parse_size);
  s.heads = row.need("heads", parse_size);
  s.kv_heads = row.need("kv_heads", parse_size);
  s.head_dim = row.need("head_dim", parse_size);
  s.causal = row.need("mask", parse_causal);
  s.pass = row.need("pass", parse_pass);
  s.variant = row.text_or("variant", "");
  return s;
}

/// Ranks that share a sequence: 1 to 2^15, so that the product of two of them is an int.
Parsed<std::int64_t> parse_ranks(std::string_view text) {
  auto count = parse_size(text);
  if (!count || *count <= (1 << 15)) return count;
  return UnitError{"'" + std::string(text) + "' is absurdly large", "give at most 32768"};
}

Layout read_layout(Fields& row) {
  Layout layout{.strategy = row.need("strategy", parse_strategy), .zero = 0};
  layout.ulysses = static_cast<int>(row.maybe("ulysses", parse_ranks).value_or(1));
  layout.ring = static_cast<int>(row.maybe("ring", parse_ranks).value_or(1));
  layout.inner_ring = static_cast<int>(row.maybe("inner_ring", parse_ranks).value_or(1));
  layout.zigzag = row.maybe("zigzag", parse_flag).value_or(true);
  return layout;
}

/// From whichever of the three figures is there; 0 if not exactly one is.
Seconds read_time(Fields& row, const AttentionCase& c) {
  const auto per_second = row.maybe("per_s", parse_above_zero);
  const auto rate = row.maybe("tflops_per_gpu", parse_above_zero);
  const auto time = row.maybe("time_s", parse_above_zero);
  if (per_second.has_value() + rate.has_value() + time.has_value() != 1) return {};
  if (per_second) return Seconds{1 / *per_second};
  if (rate) return counted_flops(c.setting) / FlopPerSecond{*rate * 1e12 * c.layout.gpus()};
  return Seconds{*time};
}

/// What one row says that no model could answer; empty if all is well.
std::string wrong_with(const AttentionCase& c) {
  const AttentionSetting& s = c.setting;
  if (s.heads % s.kv_heads != 0) return "the query heads are no multiple of the KV heads";
  if (c.layout.ulysses > s.heads) return "there are more Ulysses ranks than heads";
  if (c.layout.ring % c.layout.inner_ring != 0) return "'inner_ring' does not divide 'ring'";
  if (c.time == Seconds{}) return "it needs one of 'per_s', 'tflops_per_gpu' and 'time_s'";
  if (!std::isfinite(c.time.value())) return "its time is beyond any clock";
  return "";
}

}  // namespace

std::string_view name(AttentionPass pass) {
  switch (pass) {
    case AttentionPass::forward: return "forward";
    case AttentionPass::backward: return "backward";
    case AttentionPass::both: break;
  }
  return "both";
}

Flop counted_flops(const AttentionSetting& s) {
  const double n = static_cast<double>(s.seq), area = s.causal ? n * (n + 1) / 2 : n * n;
  const double passes = s.pass == AttentionPass::forward ? 1 : s.pass == AttentionPass::backward ? 2.5 : 3.5;
  return Flop{4 * area * real(s.batch) * real(s.heads) * real(s.head_dim) * passes};
}

Result<AttentionCases, Diagnostics> read_attention(const Document& document) {
  Diagnostics diagnostics;
  Fields fields(document, document.root, "the file", diagnostics);
  check_schema(fields, "attention");
  AttentionCases out;
  out.file = document.file;
  out.name = fields.text("name");
  out.source = fields.text("source");
  out.cluster = fields.text("cluster");
  out.kernel = fields.text("kernel");
  out.split = fields.text_or("split", "");
  out.kernel_share = fields.maybe("kernel_share", parse_above_zero).value_or(1);
  out.call = Seconds{fields.maybe("call_s", parse_not_negative).value_or(0)};
  for_each_map(document, fields.sequence("cases"), "case", diagnostics, [&](Fields& row) {
    AttentionCase c;
    c.setting = read_setting(row);
    c.method = row.text("method");
    c.layout = read_layout(row);
    c.held_out = row.maybe("split", parse_held_out).value_or(true);
    c.order_only = row.maybe("order_only", parse_flag).value_or(false);
    c.doubt = row.text_or("doubt", "");
    const std::size_t before = diagnostics.size();
    c.time = read_time(row, c);
    if (diagnostics.size() > before || c.setting.kv_heads == 0) return;
    if (const std::string wrong = wrong_with(c); !wrong.empty())
      row.problem(row.has("method") ? *row.needed_node("method") : row.whole(), wrong, "", "change the case");
    out.cases.push_back(c);
  });
  fields.finish();
  if (!diagnostics.empty()) return diagnostics;
  return out;
}

Result<AttentionCases, Diagnostics> load_attention(const std::string& path) {
  auto read = read_text(path);
  if (!read) return read.error();
  const auto document = parse_document(read->file, read->text);
  if (!document) return document.error();
  return read_attention(*document);
}

}  // namespace ithaca
