#pragma once
// Kernel files: efficiency curves (schema kernels/1, hw_profiles/kernels) and tables of measured kernels (schema
// measurements/1).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "configs/reader/diagnostic.hpp"
#include "configs/reader/document.hpp"
#include "configs/reader/fields.hpp"
#include "model/compute.hpp"
#include "model/result.hpp"

namespace ithaca {

/// How well a curve meets samples, in percent of the measured time; predicted above measured is positive.
struct FitError {
  std::string of;
  bool held_out = false;
  int samples = 0;
  double mean = 0;  ///< of absolute errors
  double bias = 0;  ///< mean of signed errors
  double max = 0;   ///< of absolute errors
};

struct AttentionKernel {
  std::string kernel;  ///< fa1, fa2, fa3
  AttentionCurve curve;
  Mark mark = Mark::extrapolated;
  std::string derived;  ///< what follows from another measurement by a ratio; empty if nothing does
};

/// Beside GEMMs and attention, as training runs show it.
struct StreamingFit {
  double efficiency = 0;  ///< share of the memory's rate that a layer's streaming kernels reach
  Host host;
  Mark mark = Mark::extrapolated;
};

/// What was fitted for one GPU. The first attention kernel is the one that training uses there by default.
struct Kernels {
  std::string name;
  std::string gpu;
  std::string made_by;
  std::string source;
  std::string split;  ///< which samples were held out
  std::optional<GemmCurve> gemm;
  Mark gemm_mark = Mark::extrapolated;
  std::vector<AttentionKernel> attention;
  std::optional<StreamingFit> streaming;
  std::vector<FitError> errors;
};

/// A kernel and the time that it took on one GPU.
struct KernelSample {
  enum class Op : std::uint8_t {
    gemm,
    attention_forward,
    attention_backward,
    attention_forward_backward,
    rms_norm,     ///< rows x columns in, the same out
    layer_norm,   ///< the same
    swiglu,       ///< rows x columns twice in, once out
    gelu,         ///< rows x columns in, the same out
    residual,     ///< rows x columns twice in, once out
    pack,         ///< [tokens, heads, d] to [ranks, tokens, heads / ranks, d]: rows = tokens, columns = heads x d
    unpack,       ///< back
    copy,         ///< of `moved` bytes
    gemm_beside,  ///< a GEMM while something else keeps the GPU busy
    norm,         ///< of any kind, by what it moves; as are the next two
    activation,
    permute,
  };
  enum class Layout : std::uint8_t { tn, nn, nt };                       ///< forward, input gradient, weight gradient
  enum class Path : std::uint8_t { to_device, to_host, within_device };  ///< of copies
  /// How far single timings lie apart.
  struct Spread {
    Seconds p10{}, p90{};
    int timings = 0;       ///< that the median is taken of
    int marked = 0;        ///< timings whose clock had fallen, which are left out
    double error = 0;      ///< half the 95 % confidence interval of the median over the median
    double clock_mhz = 0;  ///< of the multiprocessors, 0 where it could not be read
  };

  Op op = Op::gemm;
  Dtype dtype = Dtype::bf16;
  Gemm gemm;
  Layout layout = Layout::tn;
  AttentionCall attention;
  std::string kernel;  ///< attention: fa1, fa2, fa3, cudnn, standard
  std::int64_t rows = 0, columns = 0, ranks = 1;
  Bytes moved{};  ///< read and written together; of a copy what is copied
  Path path = Path::to_device;
  std::string beside;  ///< gemm_beside: what ran beside it
  Seconds alone{};     ///< gemm_beside: the same GEMM with the GPU to itself
  Seconds time{};
  std::optional<Seconds> launched;  ///< of a single call, where `time` is without the launch
  std::optional<Spread> spread;
  std::string use;    ///< "llama3-8b qkv forward, 8192 tokens"; may be empty
  std::string doubt;  ///< why nothing should be fitted to it; empty if nothing speaks against it
};
constexpr bool is_attention(KernelSample::Op op) {
  return op == KernelSample::Op::attention_forward || op == KernelSample::Op::attention_backward ||
         op == KernelSample::Op::attention_forward_backward;
}
/// As files write it.
std::string_view name(KernelSample::Op op);
std::string_view name(KernelSample::Layout layout);
std::string_view name(KernelSample::Path path);

/// A table of measured kernels of one GPU.
struct KernelSamples {
  std::string source;  ///< the file where it says none
  std::string gpu;     ///< empty where it does not say
  /// What a measurement ran on, by name: device, driver, cuda, date, ... Empty for tables of others' figures.
  std::vector<std::pair<std::string, std::string>> provenance;
  std::vector<KernelSample> samples;
  std::vector<std::string> left_out;  ///< what was asked for and could not be measured, each with its reason
  std::string cluster{};              ///< empty where it does not say
};

/// `name_or_path` as in open_document.
Result<Kernels, Diagnostics> load_kernels(std::string_view name_or_path);
Result<KernelSamples, Diagnostics> load_kernel_samples(std::string_view path);

Result<Kernels, Diagnostics> read_kernels(const Document& document);
/// The curves and errors among the keys of a larger file: gemm, attention, errors.
void read_kernel_curves(const Document& document, Fields& fields, Kernels& kernels, Diagnostics& diagnostics);
Result<KernelSamples, Diagnostics> read_kernel_samples(const Document& document);

}  // namespace ithaca
