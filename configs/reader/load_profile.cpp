#include "configs/reader/load_profile.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "configs/reader/catalogue.hpp"
#include "configs/reader/fields.hpp"
#include "configs/reader/known_errors.hpp"
#include "configs/reader/profile_figures.hpp"

namespace ithaca {
namespace {

template <class T>
Parsed<T> parse_name(std::string_view text, std::initializer_list<T> values) {
  std::string all;
  for (const T value : values) {
    if (name(value) == text) return value;
    all += (all.empty() ? "" : ", ") + std::string(name(value));
  }
  return UnitError{"'" + std::string(text) + "' is unknown here", "write one of " + all};
}
Parsed<Op> parse_fitted_op(std::string_view text) {
  return parse_name(text, {Op::all_gather, Op::reduce_scatter, Op::all_reduce, Op::all_to_all, Op::send_recv});
}
Parsed<Algorithm> parse_fitted_algorithm(std::string_view text) {
  return parse_name(text, {Algorithm::direct, Algorithm::ring, Algorithm::nvls, Algorithm::tree});
}
Parsed<Protocol> parse_protocol(std::string_view text) {
  return parse_name(text, {Protocol::ll, Protocol::ll128, Protocol::simple});
}
Parsed<bool> parse_level(std::string_view text) {
  if (text == "server") return false;
  if (text == "network") return true;
  return UnitError{"'" + std::string(text) + "' is no level", "write server or network"};
}
/// The deviation that the interval beside a figure tells; 0 where there is none.
double read_interval(Fields& fields, const std::string& key) {
  const double low = fields.maybe(key + "_low", parse_number).value_or(0);
  const double high = fields.maybe(key + "_high", parse_number).value_or(0);
  return interval_deviation(low, high);
}
void skip_list(Fields& fields, std::string_view key) {
  if (fields.has(key)) fields.sequence(key);
}

/// With the deviation of the straight line that large messages follow.
std::pair<CollectiveRegime, double> regime(Fields& f) {
  CollectiveRegime r;
  r.op = f.need("op", parse_fitted_op);
  r.algorithm = f.need("algorithm", parse_fitted_algorithm);
  r.protocol = f.need("protocol", parse_protocol);
  r.across_nodes = f.need("level", parse_level);
  r.latency = f.need("latency", parse_above_zero);
  r.transfer = f.need("transfer", parse_above_zero);
  read_interval(f, "latency");
  const double deviation = read_interval(f, "transfer");
  r.hop = f.maybe("hop", parse_above_zero).value_or(0);
  read_interval(f, "hop");
  if (r.hop > 0) r.held = Bytes{f.need("held_bytes", parse_above_zero)};
  f.maybe("samples", parse_size);
  return {r, deviation};
}

class ProfileReader {
 public:
  explicit ProfileReader(const Document& document)
      : document_(document), fields_(document, document.root, "profile", diagnostics_) {}

  Result<Profile, Diagnostics> read() {
    check_schema(fields_, "profile");
    profile_.file = document_.file;
    fields_.text("made_by");
    profile_.cluster = fields_.text_or("cluster", "");
    profile_.gpu = fields_.text_or("gpu", "");
    fields_.text_or("split", "");
    each(fields_, "inputs", "input", [&](Fields& f) {
      profile_.inputs.push_back({f.text("file"), f.text("hash"), static_cast<int>(f.need("samples", parse_size))});
    });
    each(fields_, "regimes", "regime", [&](Fields& f) { add(regime(f)); });
    each(fields_, "curves", "curve", [&](Fields& f) { profile_.collectives.curves.push_back(curve(f)); });
    sort_curves();
    read_kernel_curves(document_, fields_, profile_.kernels, diagnostics_);
    profile_.streaming_efficiency = fields_.maybe("streaming_efficiency", parse_share);
    profile_.streaming_deviation = read_interval(fields_, "streaming_efficiency");
    each(fields_, "kernel_intervals", "interval", [&](Fields& f) { add_kernel_interval(f); });
    for (const char* key : {"overlap", "outliers", "not_fitted"}) skip_list(fields_, key);
    fields_.finish();
    for (LinkError& link : profile_.links) link.error.own = collective_deviation(profile_.kernels.errors, link.op);
    if (!diagnostics_.empty()) return diagnostics_;
    return std::move(profile_);
  }

 private:
  template <class Read>
  void each(Fields& fields, std::string_view key, const char* what, Read read) {
    if (fields.has(key)) for_each_map(document_, fields.sequence(key), what, diagnostics_, read);
  }

  void add(const std::pair<CollectiveRegime, double>& read) {
    const auto& [r, deviation] = read;
    profile_.collectives.regimes.push_back(r);
    if (deviation == 0) return;
    for (LinkError& link : profile_.links) {
      if (link.op == r.op && link.across_nodes == r.across_nodes)
        return void(link.error.common = std::max(link.error.common, deviation));
    }
    profile_.links.push_back({r.op, r.across_nodes, {true, deviation, 0}});
  }

  /// "gemm half 256x128, TFLOPS", "fa3 forward causal 128, TFLOPS": the widest stands for the curve.
  void add_kernel_interval(Fields& f) {
    const std::string of = f.text("of"), kernel = of.substr(0, of.find(' '));
    f.need("value", parse_number);
    const double deviation = read_interval(f, "value");
    if (!of.ends_with(", TFLOPS")) return;
    if (kernel == "gemm") {
      profile_.gemm_deviation = std::max(profile_.gemm_deviation, deviation);
      return;
    }
    for (auto& [name, widest] : profile_.attention_deviations) {
      if (name == kernel) return void(widest = std::max(widest, deviation));
    }
    profile_.attention_deviations.emplace_back(kernel, deviation);
  }

  CollectiveCurve curve(Fields& f) {
    CollectiveCurve c;
    c.op = f.need("op", parse_fitted_op);
    c.algorithm = f.need("algorithm", parse_fitted_algorithm);
    c.across_nodes = f.need("level", parse_level);
    c.ranks = static_cast<int>(f.need("ranks", parse_devices));
    const Node* list = f.sequence("points");
    for_each_map(document_, list, "point", diagnostics_, [&](Fields& p) {
      c.points.push_back({p.need("bytes", parse_above_zero), p.need("factor", parse_above_zero)});
      read_interval(p, "factor");
    });
    const auto falls = [](const auto& a, const auto& b) { return a.bytes >= b.bytes; };
    if (list != nullptr &&
        (c.points.empty() || std::adjacent_find(c.points.begin(), c.points.end(), falls) != c.points.end()))
      f.problem(*list, "the points of a curve must rise by bytes", "", "give one or more, sorted");
    return c;
  }

  void sort_curves() {
    std::stable_sort(profile_.collectives.curves.begin(), profile_.collectives.curves.end(),
                     [](const CollectiveCurve& a, const CollectiveCurve& b) { return a.ranks < b.ranks; });
  }

  const Document& document_;
  Diagnostics diagnostics_;
  Fields fields_;
  Profile profile_;
};

Diagnostics refuse(const Profile& profile, const std::string& of, const std::string& instead) {
  return {Diagnostic{Place{profile.file, 0, 0, 1, ""},
                     "this profile is of " + of + ", not of " + instead,
                     "",
                     "calibrate with measurements of that machine",
                     {}}};
}

/// The GPU's name at the end of a path or as it is.
bool names(const std::string& given, const std::string& name) {
  return given == name || given.ends_with("/" + name + ".yaml") || given.find('/') != std::string::npos;
}

CurveError attention_error(const Profile& profile, const std::string& kernel) {
  CurveError error = attention_error(profile.kernels.errors, kernel);
  for (const auto& [name, deviation] : profile.attention_deviations) {
    if (name == kernel) error.common = std::max(error.common, deviation);
  }
  return error;
}

void apply_kernels(const Profile& profile, Gpu& gpu, std::vector<AttentionChoice>& attention, Uncertainty& errors) {
  if (profile.kernels.gemm) {
    gpu.gemm = *profile.kernels.gemm;
    gpu.gemm_mark = profile.kernels.gemm_mark;
    take_gemm_errors(profile.kernels.errors, errors);
    errors.half_gemm.common = std::max(errors.half_gemm.common, profile.gemm_deviation);
    errors.steps = 0;  // those were of other curves
  }
  if (profile.streaming_efficiency) {
    gpu.streaming_efficiency = *profile.streaming_efficiency;
    errors.streaming = {profile.streaming_deviation > 0, profile.streaming_deviation, 0};
  }
  if (profile.kernels.attention.empty()) return;
  attention.clear();
  errors.steps = 0;
  for (const AttentionKernel& k : profile.kernels.attention)
    attention.push_back({k.kernel, k.curve, k.mark, attention_error(profile, k.kernel)});
  gpu.attention = attention.front().curve;
  gpu.attention_mark = attention.front().mark;
}

}  // namespace

Result<Profile, Diagnostics> load_profile(const std::string& path) {
  const auto document = read_document(path);
  if (!document) return document.error();
  return read_profile(*document);
}

Result<Profile, Diagnostics> read_profile(const Document& document) { return ProfileReader(document).read(); }

Diagnostics apply(const Profile& profile, LoadedGpu& gpu) {
  if (!profile.gpu.empty() && !names(profile.gpu, gpu.gpu.name)) return refuse(profile, profile.gpu, gpu.gpu.name);
  apply_kernels(profile, gpu.gpu, gpu.attention, gpu.uncertainty);
  return {};
}

Diagnostics apply(const Profile& profile, LoadedCluster& cluster) {
  const std::string& name = cluster.cluster.name;
  if (!profile.cluster.empty() && !names(profile.cluster, name)) return refuse(profile, profile.cluster, name);
  const std::string& gpu = cluster.cluster.gpu.name;
  if (!profile.gpu.empty() && !names(profile.gpu, gpu)) return refuse(profile, profile.gpu, gpu);
  cluster.cluster.measured = profile.collectives;
  cluster.uncertainty.links = profile.links;
  apply_kernels(profile, cluster.cluster.gpu, cluster.attention, cluster.uncertainty);
  return {};
}

std::string text_hash(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return fmt::format("{:016x}", hash);
}

}  // namespace ithaca
