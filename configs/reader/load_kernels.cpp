#include "configs/reader/load_kernels.hpp"

#include <array>

#include "configs/reader/catalogue.hpp"
#include "configs/reader/fields.hpp"
#include "configs/reader/nearest.hpp"

namespace ithaca {
namespace {

Parsed<Seconds> parse_measured_seconds(std::string_view text) {
  const auto number = parse_number(text);
  if (!number) return number.error();
  if (*number <= 0) return UnitError{"'" + std::string(text) + "' is no time that a kernel takes", "write more than 0"};
  return Seconds{*number};
}

template <class T>
struct Word {
  const char* text;
  T value;
};
/// One of a closed set of words.
template <class T, std::size_t N>
Parsed<T> parse_word(std::string_view text, const std::array<Word<T>, N>& words) {
  std::vector<std::string> names;
  for (const Word<T>& word : words) {
    if (text == word.text) return word.value;
    names.emplace_back(word.text);
  }
  return UnitError{"'" + std::string(text) + "' is unknown here", suggestion(text, names)};
}

using Op = KernelSample::Op;
constexpr std::array<Word<Op>, 16> kKernelOps{{{"gemm", Op::gemm},
                                               {"attention_forward", Op::attention_forward},
                                               {"attention_backward", Op::attention_backward},
                                               {"attention_forward_backward", Op::attention_forward_backward},
                                               {"rms_norm", Op::rms_norm},
                                               {"layer_norm", Op::layer_norm},
                                               {"swiglu", Op::swiglu},
                                               {"gelu", Op::gelu},
                                               {"residual", Op::residual},
                                               {"pack", Op::pack},
                                               {"unpack", Op::unpack},
                                               {"copy", Op::copy},
                                               {"gemm_beside", Op::gemm_beside},
                                               {"norm", Op::norm},
                                               {"activation", Op::activation},
                                               {"permute", Op::permute}}};
using Layout = KernelSample::Layout;
constexpr std::array<Word<Layout>, 3> kLayouts{{{"tn", Layout::tn}, {"nn", Layout::nn}, {"nt", Layout::nt}}};
using Path = KernelSample::Path;
constexpr std::array<Word<Path>, 3> kPaths{
    {{"to_device", Path::to_device}, {"to_host", Path::to_host}, {"within_device", Path::within_device}}};
constexpr std::array<Word<Dtype>, 3> kTypes{{{"bf16", Dtype::bf16}, {"fp16", Dtype::fp16}, {"fp32", Dtype::fp32}}};
constexpr std::array<Word<Mark>, 4> kMarks{{{"measured", Mark::measured},
                                            {"calibrated", Mark::calibrated},
                                            {"datasheet", Mark::datasheet},
                                            {"extrapolated", Mark::extrapolated}}};
template <class T, std::size_t N>
std::string_view name_of(T value, const std::array<Word<T>, N>& words) {
  for (const Word<T>& word : words)
    if (word.value == value) return word.text;
  return "";
}

Parsed<Layout> parse_layout(std::string_view text) { return parse_word(text, kLayouts); }
Parsed<Path> parse_path(std::string_view text) { return parse_word(text, kPaths); }
Parsed<Op> parse_kernel_op(std::string_view text) { return parse_word(text, kKernelOps); }
Parsed<Dtype> parse_dtype(std::string_view text) { return parse_word(text, kTypes); }
Parsed<Mark> parse_kernel_mark(std::string_view text) { return parse_word(text, kMarks); }

class KernelReader {
 public:
  KernelReader(const Document& document, Diagnostics& diagnostics) : document_(document), diagnostics_(diagnostics) {}

  Kernels read() {
    Fields fields(document_, document_.root, "kernel file", diagnostics_);
    check_schema(fields, "kernels");
    Kernels kernels;
    kernels.name = fields.text("name");
    kernels.gpu = fields.text("gpu");
    kernels.made_by = fields.text("made_by");
    kernels.source = fields.text("source");
    kernels.split = fields.text("split");
    curves(fields, kernels);
    if (!kernels.gemm && kernels.attention.empty() && !kernels.streaming && document_.root.kind == Node::Kind::map)
      fields.problem(document_.root, "no curve in this file", "", "give it 'gemm', 'attention' or both");
    fields.finish();
    return kernels;
  }

  void curves(Fields& fields, Kernels& kernels) {
    if (fields.has("gemm")) read_gemm(fields.map("gemm"), kernels);
    if (fields.has("attention"))
      for_each_map(document_, fields.sequence("attention"), "attention", diagnostics_,
                   [&](Fields& inside) { kernels.attention.push_back(attention(inside)); });
    if (fields.has("streaming")) inside(fields, "streaming", [&](Fields& f) { kernels.streaming = streaming(f); });
    if (fields.has("errors"))
      for_each_map(document_, fields.sequence("errors"), "error", diagnostics_,
                   [&](Fields& inside) { kernels.errors.push_back(error(inside)); });
  }

 private:
  /// Calls `read(Fields&)` on the map under `key`, if it is one.
  template <class Read>
  void inside(Fields& fields, std::string_view key, Read read) {
    const Node* map = fields.map(key);
    if (map == nullptr) return;
    Fields inner(document_, *map, "'" + std::string(key) + "'", diagnostics_);
    read(inner);
    inner.finish();
  }

  void read_gemm(const Node* map, Kernels& kernels) {
    if (map == nullptr) return;
    Fields fields(document_, *map, "'gemm'", diagnostics_);
    GemmCurve curve;
    kernels.gemm_mark = fields.need("mark", parse_kernel_mark);
    curve.launch = fields.need("launch", parse_seconds);
    inside(fields, "half", [&](Fields& f) { curve.half = rates(f); });
    inside(fields, "fp32", [&](Fields& f) { curve.fp32 = rates(f); });
    fields.finish();
    kernels.gemm = curve;
  }

  GemmCurve::Rates rates(Fields& fields) {
    GemmCurve::Rates r;
    inside(fields, "tiles", [&](Fields& f) {
      const std::array<const char*, GemmCurve::kTileSizes> sizes{"256x128", "128x128", "128x64", "64x64"};
      for (std::size_t i = 0; i < sizes.size(); ++i) r.tile[i] = f.need(sizes[i], parse_flop_rate);
    });
    r.wave = fields.need("wave", parse_seconds);
    r.split = fields.need("split", parse_seconds);
    r.batched = fields.need("batched", parse_share);
    return r;
  }

  static StreamingFit streaming(Fields& fields) {
    StreamingFit s;
    s.mark = fields.need("mark", parse_kernel_mark);
    s.efficiency = fields.need("efficiency", parse_share);
    s.host.forward_layer = fields.need("host_forward_layer", parse_seconds);
    s.host.backward_layer = fields.need("host_backward_layer", parse_seconds);
    return s;
  }

  AttentionKernel attention(Fields& fields) {
    AttentionKernel a;
    a.kernel = fields.text("kernel");
    a.mark = fields.need("mark", parse_kernel_mark);
    a.derived = fields.text_or("derived", "");
    a.curve.launch = fields.need("launch", parse_seconds);
    inside(fields, "forward", [&](Fields& f) { a.curve.forward = pass(f); });
    inside(fields, "backward", [&](Fields& f) { a.curve.backward = pass(f); });
    return a;
  }

  AttentionCurve::Pass pass(Fields& fields) {
    AttentionCurve::Pass p;
    p.full = points(fields, "full");
    p.causal = points(fields, "causal");
    return p;
  }

  AttentionCurve::Points points(Fields& fields, const char* key) {
    AttentionCurve::Points points;
    const Node* list = fields.sequence(key);
    if (list == nullptr) return points;
    if (list->items.empty() || list->items.size() > AttentionCurve::kMaxHeadSizes) {
      fields.problem(*list, "'" + std::string(key) + "' has " + std::to_string(list->items.size()) + " head sizes", "",
                     "give it 1 to " + std::to_string(AttentionCurve::kMaxHeadSizes));
      return points;
    }
    for_each_map(document_, list, key, diagnostics_, [&](Fields& f) {
      AttentionCurve::Point point;
      point.head_dim = static_cast<double>(f.need("head_dim", parse_size));
      point.rate = f.need("rate", parse_flop_rate);
      point.start_up = f.need("start_up", parse_not_negative);
      point.burst = f.maybe("burst", parse_not_negative).value_or(0);
      const Node* size = f.node("head_dim");
      if (size != nullptr && !points.empty() && !(points[points.size() - 1].head_dim < point.head_dim))
        f.problem(*size, "head sizes must rise", "", "sort the list");
      points.push_back(point);
    });
    return points;
  }

  static FitError error(Fields& fields) {
    FitError e;
    e.of = fields.text("of");
    e.held_out = fields.need("held_out", parse_flag);
    e.samples = static_cast<int>(fields.need("samples", parse_size));
    e.mean = fields.need("mean_percent", parse_not_negative);
    e.bias = fields.need("bias_percent", parse_number);
    e.max = fields.need("max_percent", parse_not_negative);
    return e;
  }

  const Document& document_;
  Diagnostics& diagnostics_;
};

void read_spread(Fields& fields, KernelSample& s) {
  s.launched = fields.maybe("launched_s", parse_measured_seconds);
  s.use = fields.text_or("use", "");
  s.doubt = fields.text_or("doubt", "");
  const auto timings = fields.maybe("timings", parse_size);
  const auto p10 = fields.maybe("p10_s", parse_measured_seconds), p90 = fields.maybe("p90_s", parse_measured_seconds);
  const auto error = fields.maybe("error", parse_not_negative), clock = fields.maybe("clock_mhz", parse_not_negative);
  const auto marked = fields.maybe("marked", parse_count);
  if (!timings) return;
  s.spread = KernelSample::Spread{.p10 = p10.value_or(s.time),
                                  .p90 = p90.value_or(s.time),
                                  .timings = static_cast<int>(*timings),
                                  .marked = static_cast<int>(marked.value_or(0)),
                                  .error = error.value_or(0),
                                  .clock_mhz = clock.value_or(0)};
}

void read_gemm_sample(Fields& fields, KernelSample& s) {
  s.gemm.m = fields.need("m", parse_size);
  s.gemm.n = fields.need("n", parse_size);
  s.gemm.k = fields.need("k", parse_size);
  s.gemm.batch = fields.maybe("batch", parse_size).value_or(1);
  s.layout = fields.maybe("layout", parse_layout).value_or(Layout::tn);
  if (s.op != Op::gemm_beside) return;
  s.beside = fields.text("beside");
  s.alone = fields.need("alone_s", parse_measured_seconds);
}

void read_attention_sample(Fields& fields, KernelSample& s) {
  AttentionCall& a = s.attention;
  s.kernel = fields.text_or("kernel", "");
  a.queries = a.keys = fields.need("seq", parse_size);
  a.heads = fields.need("heads", parse_size);
  a.kv_heads = fields.need("kv_heads", parse_size);
  a.head_dim = fields.need("head_dim", parse_size);
  a.batch = fields.need("batch", parse_size);
  a.causal = fields.need("causal", parse_flag);
  a.flash = s.kernel != "standard";
}

void read_memory_sample(Fields& fields, KernelSample& s) {
  s.moved = Bytes{static_cast<double>(fields.need("bytes", parse_size))};
  if (s.op == Op::copy) {
    s.path = fields.maybe("path", parse_path).value_or(Path::within_device);
    return;
  }
  if (s.op == Op::norm || s.op == Op::activation || s.op == Op::permute) return;
  s.rows = fields.need("rows", parse_size);
  s.columns = fields.need("columns", parse_size);
  if (s.op == Op::pack || s.op == Op::unpack) s.ranks = fields.need("ranks", parse_size);
}

KernelSample sample(Fields& fields) {
  KernelSample s;
  s.op = fields.need("op", parse_kernel_op);
  const bool by_type = s.op == Op::gemm || s.op == Op::gemm_beside || is_attention(s.op);
  s.dtype = by_type ? fields.need("dtype", parse_dtype) : fields.maybe("dtype", parse_dtype).value_or(Dtype::bf16);
  s.time = fields.need("time_s", parse_measured_seconds);
  if (s.op == Op::gemm || s.op == Op::gemm_beside) {
    read_gemm_sample(fields, s);
  } else if (is_attention(s.op)) {
    read_attention_sample(fields, s);
  } else {
    read_memory_sample(fields, s);
  }
  read_spread(fields, s);
  return s;
}

/// A map of texts, whatever its keys.
void read_provenance(Fields& fields, KernelSamples& table) {
  if (!fields.has("provenance")) return;
  const Node* map = fields.map("provenance");
  if (map == nullptr) return;
  for (const Entry& entry : map->entries) {
    if (entry.value.kind != Node::Kind::scalar) {
      fields.problem(entry.value, "'" + entry.key.text + "' is no text", "", "write one line of text");
      continue;
    }
    table.provenance.emplace_back(entry.key.text, entry.value.text);
  }
}

void read_left_out(Fields& fields, KernelSamples& table) {
  if (!fields.has("left_out")) return;
  const Node* list = fields.sequence("left_out");
  if (list == nullptr) return;
  for (const Node& item : list->items) {
    if (item.kind == Node::Kind::scalar) {
      table.left_out.push_back(item.text);
    } else {
      fields.problem(item, "an item of 'left_out' is no text", "", "write one line of text");
    }
  }
}

}  // namespace

std::string_view name(KernelSample::Op op) { return name_of(op, kKernelOps); }
std::string_view name(KernelSample::Layout layout) { return name_of(layout, kLayouts); }
std::string_view name(KernelSample::Path path) { return name_of(path, kPaths); }

Result<Kernels, Diagnostics> load_kernels(std::string_view name_or_path) {
  const auto document = open_document(Kind::kernels, name_or_path);
  if (!document) return document.error();
  return read_kernels(*document);
}

Result<KernelSamples, Diagnostics> load_kernel_samples(std::string_view path) {
  const auto document = open_document(Kind::kernels, path);
  if (!document) return document.error();
  return read_kernel_samples(*document);
}

Result<Kernels, Diagnostics> read_kernels(const Document& document) {
  Diagnostics diagnostics;
  Kernels kernels = KernelReader(document, diagnostics).read();
  if (!diagnostics.empty()) return diagnostics;
  return kernels;
}

void read_kernel_curves(const Document& document, Fields& fields, Kernels& kernels, Diagnostics& diagnostics) {
  KernelReader(document, diagnostics).curves(fields, kernels);
}

Result<KernelSamples, Diagnostics> read_kernel_samples(const Document& document) {
  Diagnostics diagnostics;
  Fields fields(document, document.root, "table", diagnostics);
  check_schema(fields, "measurements");
  KernelSamples table;
  table.source = fields.text_or("source", document.file);
  table.gpu = fields.text_or("gpu", "");
  table.cluster = fields.text_or("cluster", "");
  read_provenance(fields, table);
  read_left_out(fields, table);
  for_each_map(document, fields.sequence("samples"), "sample", diagnostics,
               [&](Fields& inside) { table.samples.push_back(sample(inside)); });
  fields.finish();
  if (!diagnostics.empty()) return diagnostics;
  return table;
}

}  // namespace ithaca
