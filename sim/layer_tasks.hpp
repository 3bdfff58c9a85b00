#pragma once
// A layer's kernels and collectives as tasks, forward and backward.

#include <array>
#include <string>
#include <string_view>

#include "sim/step_inputs.hpp"
#include "sim/task_list.hpp"

namespace ithaca {

/// Labels of the kernels that end a layer's forward and its backward; each comes once a layer and micro-batch.
inline constexpr std::string_view kLastOfForward = "mlp";
inline constexpr std::string_view kLastOfBackward = "qkv weight gradient";

/// Writes layers of either kind into lists of tasks.
class LayerTasks {
 public:
  /// `heads` is the load of attention.
  LayerTasks(const StepInputs& inputs, const LayoutExchanges& exchanges, std::uint32_t heads);

  void forward(TaskList& tasks, LayerKind kind, bool again = false) const;
  void backward(TaskList& tasks, LayerKind kind, bool repeat) const;

 private:
  struct Kernels {
    LayerKernels layer;
    GemmTimes forward, backward;
  };

  /// A product of what a tp group gathers or reduces: `whole` is its kernel with what is fused to it.
  struct Product {
    std::string what;
    Seconds product, whole;
  };

  const Kernels& kernels(LayerKind kind) const { return kernels_[static_cast<std::size_t>(kind)]; }
  void gather_into(TaskList& tasks, const std::string& gather, const Product& p) const;
  void gather_again_beside(TaskList& tasks, const std::string& gather, const Product& p) const;
  void reduce_behind(TaskList& tasks, const Product& p, const std::string& reduce) const;
  void mlp_forward(TaskList& tasks, const Kernels& k, Seconds shared, const std::string& suffix) const;
  void mlp_backward(TaskList& tasks, LayerKind kind) const;
  void attention_backward(TaskList& tasks, const Kernels& k) const;
  void ring_forward(TaskList& tasks, const Kernels& k, const std::string& attention, const std::string& hop) const;
  void by_chunks(TaskList& tasks, const std::string& in, const std::string& what, const std::string& out,
                 const Rounds& there, const Rounds& back, Seconds attention) const;
  void ring_backward(TaskList& tasks, const Kernels& k) const;
  void all_hops(TaskList& tasks, const std::string& what) const;
  /// Whether the tp group's exchanges run in chunks beside their products.
  bool in_chunks() const { return !x_.tp_chunked.gather.empty(); }
  double one_chunk() const { return 1.0 / in_.layout.tp; }
  double other_chunks() const { return (in_.layout.tp - 1.0) / in_.layout.tp; }
  bool gathers() const { return !x_.kv_gather.empty() || !x_.tensor_hop.empty(); }
  /// Hop s of the ring; of two rings, the outer one's after every round of the inner one.
  bool is_outer(int s) const { return !x_.outer_kv_hop.empty() && s % in_.layout.inner_ring == 0; }
  const Rounds& kv_hop(int s) const { return is_outer(s) ? x_.outer_kv_hop : x_.kv_hop; }
  const Rounds& gradient_hop(int s) const { return is_outer(s) ? x_.outer_kv_gradient_hop : x_.kv_gradient_hop; }
  Seconds own_block(const KernelTimes& k) const { return k.attention - k.attention_hop * (in_.layout.ring - 1); }

  StepInputs in_;
  const LayoutExchanges& x_;
  std::array<Kernels, kLayerKinds> kernels_;
  std::uint32_t heads_;
};

}  // namespace ithaca
