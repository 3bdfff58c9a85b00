#include "validate/probe/layer_check.hpp"

#include <algorithm>
#include <cmath>

#include "configs/reader/load_hardware.hpp"
#include "model/traffic.hpp"
#include "validate/small_layer.hpp"

namespace ithaca {
namespace {

struct Shape {
  Strategy strategy{};
  std::int64_t heads = 0, kv_heads = 0;
  bool causal = true;
};

Transformer transformer(const Shape& shape, int ranks) {
  Transformer m;
  m.name = "small";
  m.layers = 1;
  m.heads = shape.heads;
  m.kv_heads = shape.kv_heads;
  m.head_dim = 4;
  m.hidden = 16;
  m.ffn = 8LL * ranks;
  m.vocab = 8;
  m.gated_ffn = false;
  return m;
}

/// For any number of ranks P: MHA of 2P heads; GQA of 4P heads with copies (one KV head for all, for Ulysses alone one
/// more); 2P + 1 heads, which do not divide.
std::vector<Shape> shapes(int ranks) {
  const std::int64_t p = ranks;
  std::vector<Shape> all;
  for (const bool causal : {true, false}) {
    for (const Strategy strategy : {Strategy::ulysses, Strategy::megatron_sp}) {
      all.push_back({strategy, 2 * p, 2 * p, causal});
      all.push_back({strategy, 4 * p, 2 * p, causal});
      all.push_back({strategy, 4 * p, 1, causal});
    }
    all.push_back({Strategy::ulysses, 2 * p + 1, 2 * p + 1, causal});
  }
  return all;
}

double model_bytes(const Cluster& cluster, const Transformer& model, std::int64_t tokens, const Layout& layout) {
  Workload work;
  work.seq_len = Tokens{tokens};
  work.dtype = Dtype::fp32;
  return layer_traffic(model, work, cluster, layout, split_rank(model, work, layout), place_groups(cluster, layout))
      .forward.sent.value();
}

/// Of the rank's slice, over the largest value.
double difference(const Matrix& slice, const Matrix& whole, int rank) {
  double worst = 0, largest = 0;
  const std::size_t first = static_cast<std::size_t>(rank) * slice.values.size();
  for (const float value : whole.values) largest = std::max(largest, std::abs(static_cast<double>(value)));
  for (std::size_t i = 0; i < slice.values.size(); ++i)
    worst =
        std::max(worst, std::abs(static_cast<double>(slice.values[i]) - static_cast<double>(whole.values[first + i])));
  return worst / largest;
}

Matrix slice_of(const Matrix& tokens, int rank, int ranks) {
  Matrix slice = zeros(tokens.rows / static_cast<std::size_t>(ranks), tokens.columns);
  std::copy_n(tokens.values.begin() + static_cast<std::ptrdiff_t>(slice.values.size()) * rank, slice.values.size(),
              slice.values.begin());
  return slice;
}

Result<LayerResult, std::string> check(Communicator& group, const Mesh& mesh, const Cluster& cluster,
                                       const Shape& shape) {
  const int ranks = group.ranks();
  const std::int64_t tokens = 4LL * ranks;
  const Transformer model = transformer(shape, ranks);
  const SmallLayer layer = random_layer(model, shape.causal, 7);
  const Matrix all = random_matrix(static_cast<std::size_t>(tokens), static_cast<std::size_t>(model.hidden), 11);
  const bool ulysses = shape.strategy == Strategy::ulysses;
  const double before = group.sent_bytes();
  const auto own = (ulysses ? run_ulysses : run_megatron_sp)(group, layer, slice_of(all, group.rank(), ranks));
  RankReport off, sent;
  if (!own) off.trouble = own.error();
  if (own) off.time = difference(*own, run_layer(layer, all), group.rank());
  sent.time = group.sent_bytes() - before;
  const auto worst = summarise(mesh, off);
  if (!worst) return worst.error().why;
  const auto most = summarise(mesh, sent);
  if (!most) return most.error().why;
  const Layout layout{.strategy = shape.strategy, .tp = ulysses ? 1 : ranks, .ulysses = ulysses ? ranks : 1};
  return LayerResult{std::string(ulysses ? "ulysses" : "megatron_sp") + ", " + std::to_string(shape.heads) +
                         " heads, " + std::to_string(shape.kv_heads) + " KV heads" + (shape.causal ? ", causal" : ""),
                     worst->slowest, most->slowest, model_bytes(cluster, model, tokens, layout)};
}

}  // namespace

Result<std::vector<LayerResult>, std::string> check_layers(Communicator& group, const Mesh& mesh) {
  const auto cluster = load_cluster("dgx-h100");  // bytes do not depend on it
  if (!cluster) return print(cluster.error());
  std::vector<LayerResult> results;
  for (const Shape& shape : shapes(group.ranks())) {
    const auto result = check(group, mesh, cluster->cluster, shape);
    if (!result) return result.error();
    results.push_back(*result);
  }
  return results;
}

}  // namespace ithaca
