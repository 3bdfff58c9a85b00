#include "model/transformer_engine.hpp"

#include <algorithm>

#include "model/static_vector.hpp"

namespace ithaca {
namespace {

constexpr Bytes kMiB{1024.0 * 1024.0};
constexpr Bytes kTransformerEngine = kMiB * 32;  // get_cublas_workspace_size_bytes, from Hopper on
constexpr double kGroupedStreams = 4;            // num_cublas_streams in transformer_engine/pytorch/module/base.py
// PyTorch v2.10 aten/src/ATen/cuda/CUDABlas.cpp and CublasHandlePool.cpp: 32 MiB on sm90, else 2 x 4 MiB + 16 x 8 KiB.
constexpr Bytes kTorchHopper = kMiB * 32, kTorch = kMiB * 8.125;

struct Shape {
  std::int64_t rows = 0, columns = 0;
  friend bool operator==(const Shape&, const Shape&) = default;
};

class Shapes {
 public:
  void add(std::int64_t rows, std::int64_t columns) {
    const Shape shape{rows, columns};
    if (rows > 0 && std::find(seen_.begin(), seen_.end(), shape) == seen_.end()) seen_.push_back(shape);
  }
  double elements() const {
    double sum = 0;
    for (const Shape& s : seen_) sum += static_cast<double>(s.rows) * static_cast<double>(s.columns);
    return sum;
  }

 private:
  StaticVector<Shape, 16> seen_;
};

void add_attention(Shapes& shapes, const Transformer& m, const Layout& layout, const RankSplit& rank) {
  shapes.add(m.hidden, rank.heads * m.value_head());
  if (!m.is_latent()) {
    shapes.add(rank.heads * m.head_dim + rank.kv_heads * (m.head_dim + m.value_head()), m.hidden);
    return;
  }
  const LatentAttention& l = m.latent;
  const std::int64_t heads = m.heads / layout.tp;
  shapes.add(l.query_rank, m.hidden);
  shapes.add(heads * m.head_dim, l.query_rank > 0 ? l.query_rank : m.hidden);
  shapes.add(l.kv_rank + l.rope_dim, m.hidden);
  shapes.add(heads * (m.head_dim - l.rope_dim + m.value_head()), l.kv_rank);
}

void add_ffn(Shapes& shapes, const Transformer& m, std::int64_t width) {
  if (width == 0) return;
  shapes.add((m.gated_ffn ? 2 : 1) * width, m.hidden);
  shapes.add(m.hidden, width);
}

}  // namespace

Bytes placeholder_gradients(const Transformer& m, const Workload& work, const Layout& layout, const RankSplit& rank,
                            const Stage& stage) {
  if (work.lora_rank > 0) return {};  // frozen weights have no gradients
  Shapes shapes;
  if (stage.layers() > 0) add_attention(shapes, m, layout, rank);
  if (stage.dense > 0) add_ffn(shapes, m, rank.ffn);
  if (stage.moe > 0) {
    add_ffn(shapes, m, rank.shared_ffn);
    add_ffn(shapes, m, rank.expert_ffn);
  }
  if (stage.last) shapes.add(rank.vocab, m.hidden);
  return Bytes{element_bytes(work.dtype) * shapes.elements()};
}

Bytes gemm_workspaces(const Gpu& gpu, const Stage& stage) {
  const Bytes torch = (gpu.arch == 90 ? kTorchHopper : kTorch) * 2;
  return kTransformerEngine * (stage.moe > 0 ? 1 + kGroupedStreams : 1) +
         (stage.last || stage.moe > 0 ? torch : Bytes{});
}

}  // namespace ithaca
