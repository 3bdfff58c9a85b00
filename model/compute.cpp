#include "model/compute.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace ithaca {
namespace {

constexpr std::array<double, GemmCurve::kTileSizes> kTileArea{256 * 128, 128 * 128, 128 * 64, 64 * 64};

/// Rows of queries that one block of FlashAttention works on.
constexpr double kQueryBlock = 128;

constexpr std::int64_t ceil_shift(std::int64_t value, int shift) { return (value + (1LL << shift) - 1) >> shift; }

std::size_t index(Dtype dtype) { return static_cast<std::size_t>(dtype); }

/// bf16 and fp16 run on the same units: what was measured for one holds for the other.
FlopPerSecond sustained_rate(const Gpu& gpu, Dtype dtype) {
  const FlopPerSecond peak = gpu.peak[index(dtype)];
  FlopPerSecond best = gpu.sustained[index(dtype)];
  if (dtype == Dtype::bf16 || dtype == Dtype::fp16)
    best = std::max(gpu.sustained[index(Dtype::bf16)], gpu.sustained[index(Dtype::fp16)]);
  return best.value() > 0 ? std::min(best, peak) : peak;
}

/// The half-precision type that the GPU multiplies in.
Dtype half_type(const Gpu& gpu) { return gpu.peak[index(Dtype::bf16)].value() > 0 ? Dtype::bf16 : Dtype::fp16; }

Seconds streaming_time(const Gpu& gpu, Bytes moved) { return moved / (gpu.memory_rate * gpu.memory_efficiency); }

Seconds above_floors(const Gpu& gpu, Seconds launch, Seconds curve, Flop work, Seconds memory, Dtype dtype) {
  return std::max(launch + std::max(curve, memory), work / sustained_rate(gpu, dtype));
}

/// Output tiles of each size of GemmCurve::Rates::tile, the way round that needs fewer: with more of one size nothing
/// is sooner.
std::array<std::int64_t, GemmCurve::kTileSizes> tile_counts(const Gemm& g) {
  const std::int64_t m256 = ceil_shift(g.m, 8), m128 = ceil_shift(g.m, 7), m64 = ceil_shift(g.m, 6);
  const std::int64_t n256 = ceil_shift(g.n, 8), n128 = ceil_shift(g.n, 7), n64 = ceil_shift(g.n, 6);
  return {g.batch * std::min(m256 * n128, m128 * n256), g.batch * m128 * n128,
          g.batch * std::min(m128 * n64, m64 * n128), g.batch * m64 * n64};
}

/// Time on the multiprocessors with the best tile, at `faster` times the curve's rates.
double tiled_time(const GemmCurve::Rates& rates, const Gemm& g, int sms, double faster) {
  const double k = static_cast<double>(g.k);
  const double per_sm = 1.0 / sms;
  const double share = faster * (g.batch > 1 ? rates.batched : 1);
  const auto counts = tile_counts(g);
  double best = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const std::int64_t tiles = counts[i];
    const double start = rates.wave.value() * (kTileArea[i] / kTileArea[0]);
    const double multiply = 2 * kTileArea[i] * sms * k / (rates.tile[i].value() * share);
    const double one = start + multiply;
    if (2 * tiles <= sms) {
      const double parts = 4 * tiles <= sms ? 4 : 2;
      best = std::min({best, one, start + multiply / parts + rates.split.value()});
    } else {
      // ceil(tiles / sms): the half keeps the product's rounding away from whole numbers.
      const auto waves = static_cast<std::int64_t>((static_cast<double>(tiles) - 0.5) * per_sm) + 1;
      best = std::min(best, static_cast<double>(waves) * one);
    }
  }
  return best;
}

double attention_area(const AttentionCall& c) {
  const double q = static_cast<double>(c.queries), k = static_cast<double>(c.keys);
  if (!c.causal) return q * k;
  return q <= k ? q * k - q * q / 2 : k * k / 2;
}

/// Elements of Q and O together, and of K and V, over the batch.
struct AttentionElements {
  double query_output, key_value;
};
AttentionElements elements(const AttentionCall& c) {
  const double width = static_cast<double>(c.batch * (c.head_dim + c.value_head()));
  return {width * static_cast<double>(c.queries * c.heads), width * static_cast<double>(c.keys * c.kv_heads)};
}

/// Time of one score (a query with a key in one head), start-up and burst at a head size between or beyond the points:
/// smaller ones on the first line (the softmax does not shrink), larger ones at the last point's rate.
struct ScoreTime {
  double seconds, start_up, burst;
};
ScoreTime score_time(const AttentionCurve::Points& points, double head_dim, double flops_per_dim) {
  const auto time = [&](std::size_t i) { return flops_per_dim * points[i].head_dim / points[i].rate.value(); };
  const std::size_t last = points.size() - 1;
  if (last == 0 || head_dim >= points[last].head_dim)
    return {time(last) * head_dim / points[last].head_dim, points[last].start_up, points[last].burst};
  std::size_t i = 1;
  while (points[i].head_dim < head_dim) ++i;
  const auto &a = points[i - 1], &b = points[i];
  const double x = (head_dim - a.head_dim) / (b.head_dim - a.head_dim);
  const double inside = std::max(x, 0.0);
  return {time(i - 1) + x * (time(i) - time(i - 1)), a.start_up + inside * (b.start_up - a.start_up),
          a.burst + inside * (b.burst - a.burst)};
}

/// Scores' worth of time, start-up included, that passes until the last block of queries is done, each multiprocessor
/// working on one at a time. Under a mask the heads come one after the other; the blocks of the last one end it: they
/// grow forward, so that the longest comes half a block late, and shrink backward.
double scores_in_waves(const AttentionCall& c, int sms, double start_up, bool is_forward) {
  const double heads = static_cast<double>(c.batch * c.heads), keys = static_cast<double>(c.keys);
  const double blocks = std::ceil(static_cast<double>(c.queries) / kQueryBlock);
  const double waves = std::ceil(heads * blocks / sms);
  double full_waves = waves;  // of blocks that see all keys
  if (c.causal) {
    const double of_head = blocks * attention_area(c) / (static_cast<double>(c.queries) * keys) / sms;
    full_waves = std::min(waves, (heads - 1) * of_head + std::max(1.0, of_head + (is_forward ? 0.5 : 0)));
  }
  return kQueryBlock * sms * (keys * full_waves + start_up * waves);
}

Seconds flash_time(const Gpu& gpu, bool is_forward, const AttentionCall& c, Dtype dtype, Bytes moved) {
  const AttentionCurve::Pass& pass = is_forward ? gpu.attention.forward : gpu.attention.backward;
  const double flops_per_dim = is_forward ? 4 : 10;  // of one score, over d
  const double rows = static_cast<double>(c.batch * c.heads * c.queries);
  const double d = static_cast<double>(c.head_dim + c.value_head()) / 2;
  const double scores = static_cast<double>(c.batch * c.heads) * attention_area(c);
  const Flop work{flops_per_dim * d * scores};
  const AttentionCurve::Points& points = c.causal ? pass.causal : pass.full;
  Seconds curve{};
  if (!points.empty()) {
    const ScoreTime per = score_time(points, d, flops_per_dim);
    const double slower = sustained_rate(gpu, half_type(gpu)) / sustained_rate(gpu, dtype);
    double counted = scores + per.start_up * rows;
    if (per.burst > 0)
      counted = std::max(counted, scores_in_waves(c, gpu.sms, per.start_up, is_forward) / per.burst);
    else
      counted /= std::min(1.0, rows / (kQueryBlock * gpu.sms));
    curve = Seconds{per.seconds * counted * slower};
  }
  return above_floors(gpu, gpu.attention.launch, curve, work, streaming_time(gpu, moved), dtype);
}

/// A pass that touches each score `accesses` times.
Seconds score_passes(const Gpu& gpu, const AttentionCall& c, Dtype dtype, int accesses) {
  const double scores = static_cast<double>(c.batch * c.heads) * static_cast<double>(c.queries * c.keys);
  return gpu.gemm.launch + streaming_time(gpu, Bytes{element_bytes(dtype) * accesses * scores});
}

double half_ratio(const Gpu& from, const Gpu& to) {
  const Dtype a = half_type(from), b = half_type(to);
  return std::min(to.peak[index(b)] / from.peak[index(a)], sustained_rate(to, b) / sustained_rate(from, a));
}
double fp32_ratio(const Gpu& from, const Gpu& to) {
  const Dtype t = Dtype::fp32;
  return std::min(to.peak[index(t)] / from.peak[index(t)], sustained_rate(to, t) / sustained_rate(from, t));
}

void scale(GemmCurve::Rates& rates, double rate, double wave) {
  for (FlopPerSecond& tile : rates.tile) tile = tile * rate;
  rates.wave = rates.wave * wave;
}

}  // namespace

Flop attention_flops(const AttentionCall& call) {
  const std::int64_t width = call.head_dim + call.value_head();
  return Flop{2.0 * static_cast<double>(call.batch * call.heads * width) * attention_area(call)};
}

Seconds gemm_time(const Gpu& gpu, const Gemm& g, Dtype dtype) {
  const Flop work = flops(g);
  if (work.value() <= 0) return Seconds{};
  const double m = static_cast<double>(g.m), n = static_cast<double>(g.n), k = static_cast<double>(g.k);
  const double operand = dtype == Dtype::fp8 ? 1 : element_bytes(dtype);
  const Bytes moved{static_cast<double>(g.batch) * (operand * (m * k + k * n) + element_bytes(dtype) * m * n)};
  const GemmCurve::Rates& rates = dtype == Dtype::fp32 ? gpu.gemm.fp32 : gpu.gemm.half;
  const double faster = dtype == Dtype::fp8 ? sustained_rate(gpu, dtype) / sustained_rate(gpu, half_type(gpu)) : 1;
  const bool fitted = rates.tile[0].value() > 0;
  const Seconds curve{fitted ? tiled_time(rates, g, gpu.sms, faster) : 0};
  // At the whole rate: 2 x 256 x 4096 x 4096 on an H100 (hw_profiles/kernels) reaches 98 % of it.
  return above_floors(gpu, gpu.gemm.launch, curve, work, moved / gpu.memory_rate, dtype);
}

Seconds attention_forward_time(const Gpu& gpu, const AttentionCall& c, Dtype of_layer) {
  const Dtype dtype = of_layer == Dtype::fp8 ? Dtype::bf16 : of_layer;
  if (attention_flops(c).value() <= 0) return Seconds{};
  if (!c.flash) {
    // Scale, mask and softmax are one kernel that reads and writes the scores; dropout or a cast is another.
    const Seconds scores = gemm_time(gpu, {c.queries, c.keys, c.head_dim, c.batch * c.heads}, dtype);
    const Seconds values = gemm_time(gpu, {c.queries, c.value_head(), c.keys, c.batch * c.heads}, dtype);
    return scores + values + score_passes(gpu, c, dtype, 4);
  }
  // Q and O of all heads, K and V of the KV heads; the row sums are one float a query and head.
  const AttentionElements size = elements(c);
  const double sums = 4.0 * static_cast<double>(c.batch * c.heads * c.queries);
  const Bytes moved{element_bytes(dtype) * (size.query_output + size.key_value) + sums};
  return flash_time(gpu, true, c, dtype, moved);
}

Seconds attention_backward_time(const Gpu& gpu, const AttentionCall& c, Dtype of_layer) {
  const Dtype dtype = of_layer == Dtype::fp8 ? Dtype::bf16 : of_layer;
  if (attention_flops(c).value() <= 0) return Seconds{};
  if (!c.flash) {
    // dP and dQ, dK and dV; dropout's backward reads and writes, softmax's reads P and dP and writes dS.
    const std::int64_t heads = c.batch * c.heads;
    const Seconds to_scores = gemm_time(gpu, {c.queries, c.keys, c.value_head(), heads}, dtype);
    const Seconds to_queries = gemm_time(gpu, {c.queries, c.head_dim, c.keys, heads}, dtype);
    const Seconds to_keys = gemm_time(gpu, {c.keys, c.head_dim, c.queries, heads}, dtype);
    const Seconds to_values = gemm_time(gpu, {c.keys, c.value_head(), c.queries, heads}, dtype);
    return to_scores + to_queries + to_keys + to_values + score_passes(gpu, c, dtype, 5);
  }
  // Q, O, dO and dQ; K, V, dK and dV; row sums of softmax and of dO x O.
  const AttentionElements size = elements(c);
  const double sums = 2 * 4.0 * static_cast<double>(c.batch * c.heads * c.queries);
  const Bytes moved{element_bytes(dtype) * 2 * (size.query_output + size.key_value) + sums};
  return flash_time(gpu, false, c, dtype, moved);
}

Seconds memory_time(const Gpu& gpu, Bytes moved, int kernels) {
  if (moved <= Bytes{}) return {};
  const double share = gpu.streaming_efficiency > 0 ? gpu.streaming_efficiency : gpu.memory_efficiency;
  return gpu.gemm.launch * kernels + moved / (gpu.memory_rate * share);
}

GemmCurve rescale(const GemmCurve& curve, const Gpu& from, const Gpu& to) {
  GemmCurve scaled = curve;
  const double wave = (from.memory_rate / to.memory_rate) * (static_cast<double>(to.sms) / from.sms);
  scale(scaled.half, half_ratio(from, to), wave);
  scale(scaled.fp32, fp32_ratio(from, to), wave);
  return scaled;
}

AttentionCurve rescale(const AttentionCurve& curve, const Gpu& from, const Gpu& to) {
  AttentionCurve scaled = curve;
  const double ratio = half_ratio(from, to);
  for (AttentionCurve::Pass* pass : {&scaled.forward, &scaled.backward})
    for (AttentionCurve::Points* points : {&pass->full, &pass->causal})
      for (AttentionCurve::Point& point : *points) point.rate = point.rate * ratio;
  return scaled;
}

}  // namespace ithaca
