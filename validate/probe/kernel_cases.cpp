#include "validate/probe/kernel_cases.hpp"

#include <algorithm>
#include <string>

#include "model/heads.hpp"

namespace ithaca {
namespace {

using Op = KernelSample::Op;
using Layout = KernelSample::Layout;
using Path = KernelSample::Path;
using Samples = std::vector<KernelSample>;

constexpr double kElement = element_bytes(Dtype::bf16);

std::int64_t share(std::int64_t whole, std::int64_t parts) { return (whole + parts - 1) / parts; }

void add(Samples& samples, const KernelSample& sample) {
  const auto same = [&](const KernelSample& s) {
    const bool same_gemm = s.gemm.m == sample.gemm.m && s.gemm.n == sample.gemm.n && s.gemm.k == sample.gemm.k;
    return s.op == sample.op && same_gemm && s.layout == sample.layout && s.attention == sample.attention &&
           s.rows == sample.rows && s.columns == sample.columns && s.ranks == sample.ranks && s.moved == sample.moved &&
           s.path == sample.path && s.beside == sample.beside;
  };
  if (std::none_of(samples.begin(), samples.end(), same)) samples.push_back(sample);
}

struct NamedGemm {
  const char* matrix;
  Gemm gemm;
};

/// Of `tokens` tokens with the matrices' inner widths divided by `parts`, as model/layer_compute.cpp has them.
std::vector<NamedGemm> layer_gemms(const Transformer& m, std::int64_t tokens, std::int64_t parts) {
  const std::int64_t query = m.query_width() / parts, kv = m.kv_width() / parts, ffn = m.ffn / parts;
  return {{"qkv", {tokens, query + 2 * kv, m.hidden, 1}},
          {"output", {tokens, m.hidden, query, 1}},
          {"up", {tokens, ffn * (m.gated_ffn ? 2 : 1), m.hidden, 1}},
          {"down", {tokens, m.hidden, ffn, 1}}};
}

KernelSample gemm_sample(const Transformer& model, const char* matrix, const char* pass, const Gemm& gemm,
                         Layout layout) {
  KernelSample s;
  s.op = Op::gemm;
  s.gemm = gemm;
  s.layout = layout;
  s.use = model.name + " " + matrix + " " + pass;
  return s;
}

void add_gemms(Samples& samples, const Transformer& model, std::int64_t tokens, std::int64_t parts) {
  for (const NamedGemm& named : layer_gemms(model, tokens, parts)) {
    const Gemm& g = named.gemm;
    add(samples, gemm_sample(model, named.matrix, "forward", g, Layout::tn));
    add(samples, gemm_sample(model, named.matrix, "input gradient", {g.m, g.k, g.n, 1}, Layout::nn));
    add(samples, gemm_sample(model, named.matrix, "weight gradient", {g.k, g.n, g.m, 1}, Layout::nt));
  }
}

Samples gemm_cases(const CaseRequest& r) {
  const Transformer& m = r.model;
  const bool splits = m.heads % r.gpus == 0 && m.kv_heads % r.gpus == 0 && m.ffn % r.gpus == 0;
  Samples samples;
  for (const std::int64_t length : r.lengths) {
    add_gemms(samples, m, share(length, r.gpus), 1);
    if (splits) add_gemms(samples, m, length, r.gpus);
  }
  return samples;
}

Samples attention_cases(const CaseRequest& r) {
  const RankHeads own = rank_heads(r.model.heads, r.model.kv_heads, r.gpus, 0);
  // Where a share cuts a group of query heads unevenly, its kernel sees one KV head for each query head.
  const std::int64_t kv = own.query % own.kv == 0 ? own.kv : own.query;
  Samples samples;
  for (const std::int64_t length : r.lengths)
    for (const bool causal : {true, false})
      for (const Op op : {Op::attention_forward, Op::attention_backward}) {
        KernelSample s;
        s.op = op;
        s.kernel = "cudnn";
        s.attention = {1, length, length, own.query, kv, r.model.head_dim, causal, true};
        s.use = r.model.name;
        add(samples, s);
      }
  return samples;
}

/// `streams`: how many times rows x columns are read or written.
KernelSample streaming(Op op, const Transformer& model, std::int64_t rows, std::int64_t columns, int streams) {
  KernelSample s;
  s.op = op;
  s.rows = rows;
  s.columns = columns;
  s.moved = Bytes{kElement * streams * real(rows) * real(columns)};
  s.use = model.name;
  return s;
}

Samples streaming_cases(const CaseRequest& r) {
  const Transformer& m = r.model;
  Samples samples;
  for (const std::int64_t length : r.lengths) {
    const std::int64_t tokens = share(length, r.gpus);
    add(samples, streaming(m.norm == Norm::rms ? Op::rms_norm : Op::layer_norm, m, tokens, m.hidden, 2));
    add(samples, streaming(m.gated_ffn ? Op::swiglu : Op::gelu, m, tokens, m.ffn, m.gated_ffn ? 3 : 2));
    add(samples, streaming(Op::residual, m, tokens, m.hidden, 3));
  }
  return samples;
}

Samples permute_cases(const CaseRequest& r) {
  Samples samples;
  const std::int64_t heads = share(r.model.heads, r.gpus) * r.gpus;  // uneven shares are padded
  for (const std::int64_t length : r.lengths)
    for (const Op op : {Op::pack, Op::unpack}) {
      KernelSample s = streaming(op, r.model, share(length, r.gpus), heads * r.model.head_dim, 2);
      s.ranks = r.gpus;
      add(samples, s);
    }
  return samples;
}

Samples copy_cases() {
  Samples samples;
  for (const Path path : {Path::to_device, Path::to_host, Path::within_device})
    for (double bytes = 64 << 10; bytes <= 256 << 20; bytes *= 16) {
      KernelSample s;
      s.op = Op::copy;
      s.path = path;
      s.moved = Bytes{bytes};
      add(samples, s);
    }
  return samples;
}

Samples overlap_cases(const CaseRequest& r) {
  Samples samples;
  for (const std::int64_t length : r.lengths) {
    const NamedGemm up = layer_gemms(r.model, share(length, r.gpus), 1)[2];
    for (const Path path : {Path::to_device, Path::to_host, Path::within_device}) {
      KernelSample s = gemm_sample(r.model, up.matrix, "forward", up.gemm, Layout::tn);
      s.op = Op::gemm_beside;
      s.path = path;
      s.beside = "copy " + std::string(name(path));
      add(samples, s);
    }
  }
  return samples;
}

}  // namespace

std::string_view name(Family family) {
  switch (family) {
    case Family::gemm: return "gemm";
    case Family::attention: return "attention";
    case Family::streaming: return "streaming";
    case Family::permute: return "permute";
    case Family::copy: return "copy";
    case Family::overlap: return "overlap";
  }
  return "";
}

Samples cases(Family family, const CaseRequest& request) {
  switch (family) {
    case Family::gemm: return gemm_cases(request);
    case Family::attention: return attention_cases(request);
    case Family::streaming: return streaming_cases(request);
    case Family::permute: return permute_cases(request);
    case Family::copy: return copy_cases();
    case Family::overlap: return overlap_cases(request);
  }
  return {};
}

}  // namespace ithaca
