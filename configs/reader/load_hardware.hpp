#pragma once
// GPU and cluster profiles: schemas gpu/1 and cluster/1 of hw_profiles, from the catalogue or from a person's own file.

#include <string>
#include <string_view>
#include <vector>

#include "configs/reader/diagnostic.hpp"
#include "model/cluster.hpp"
#include "model/fabric.hpp"
#include "model/gpu.hpp"
#include "model/known_errors.hpp"
#include "model/result.hpp"

namespace ithaca {

/// One figure of a profile, for `--explain` and provenance.
struct FigureSource {
  std::string figure;  ///< "gpu.memory_rate", "scale_up.achieved", "domain 1.peak"
  std::string value;   ///< as written; what the loader derived is printed exactly
  Mark mark = Mark::datasheet;
  std::string source;
};

/// A FlashAttention implementation whose curve the GPU has.
struct AttentionChoice {
  std::string kernel;  ///< fa1, fa2, fa3, cudnn
  AttentionCurve curve;
  Mark mark = Mark::extrapolated;
  CurveError error{};  ///< of the curve
};

struct LoadedGpu {
  Gpu gpu;
  std::vector<AttentionChoice> attention;  ///< the first one is in `gpu`
  std::string description;
  std::vector<FigureSource> sources;
  Uncertainty uncertainty{};  ///< of the curves, but for attention's
};

struct LoadedCluster {
  Cluster cluster;
  std::string file;                        ///< where it was read: hw_profiles/clusters/dgx-h100.yaml
  std::vector<AttentionChoice> attention;  ///< of its GPU; the first one is in `cluster.gpu`
  std::string description;
  std::string price_date;  ///< when the default price was read: 2026, 2026-10 or 2026-10-06
  std::vector<FigureSource> sources;
  FabricSpec fabric;  ///< its `fabric:` section; ideal where it has none
  std::vector<std::string> fabric_notices;
  Uncertainty uncertainty{};  ///< but for attention, which each choice has
};

/// A catalogue name or a file. A file names its GPU and kernel curves by catalogue name or by a path beside itself.
/// What nobody measured is derived and marked extrapolated: sustained rates from the share of its peak that the GPU of
/// the GEMM curves reaches, and curves of another GPU by rescale() of model/compute.hpp.
Result<LoadedGpu, Diagnostics> load_gpu(std::string_view name_or_path);
Result<LoadedCluster, Diagnostics> load_cluster(std::string_view name_or_path);

}  // namespace ithaca
