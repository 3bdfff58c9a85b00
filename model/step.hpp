#pragma once
// One optimizer step of (model, workload, cluster, layout): the main flow of the cost model. Pure and free of
// allocation: same inputs, same bits.

#include "model/memory.hpp"
#include "model/refusal.hpp"
#include "model/result.hpp"
#include "model/traffic.hpp"

namespace ithaca {

/// Times of the slowest GPU. time = compute + exposed_comm + bubble + optimizer; comm counts hidden traffic too. The
/// bubble is what the slowest stage of a pipeline waits while it fills and drains.
struct StepTime {
  Seconds time{};
  Seconds compute{};
  Seconds comm{};
  Seconds exposed_comm{};
  Seconds bubble{};
  Seconds optimizer{};
  Seconds bound{};  ///< the longer of executed FLOPs at peak and the layers' bytes at the wires' peak
};

/// Parts of `StepTime::compute`, for explaining.
struct ComputeParts {
  Seconds gemm{};
  Seconds attention{};
  Seconds memory_bound{};
  Seconds imbalance{};  ///< waiting for ranks with more heads or more of the causal triangle
};

struct StepEstimate {
  Layout layout{};
  int active_gpus = 0;
  Tokens padded_seq{};        ///< N rounded up to what the split divides; the difference is paid for
  double paper_elements = 0;  ///< the papers' per-link count of one layer's forward for one sequence
  LayerTraffic forward;       ///< one layer of the main kind, one micro-batch
  LayerTraffic backward;      ///< with what a full recompute repeats
  LayerTraffic parameters;    ///< ZeRO and data-parallel traffic of the whole step
  LayerTraffic pipeline;      ///< between stages, of the busiest stage's whole step
  StepTime step;
  ComputeParts parts;
  Flop model_flops{};  ///< of the step, whole job: backward = 2 x forward, causal attention halved
  Flop model_flops_full_attention{};
  Flop executed_flops{};  ///< with recomputation, padding and flash's backward
  MemoryLedger memory;
};

Result<StepEstimate, Refusal> estimate_step(const Transformer& model, const Workload& work, const Cluster& cluster,
                                            const Layout& layout, TrafficRule traffic = layer_traffic);

}  // namespace ithaca
