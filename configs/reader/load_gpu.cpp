#include <algorithm>
#include <array>
#include <string>

#include "configs/reader/catalogue.hpp"
#include "configs/reader/known_errors.hpp"
#include "configs/reader/load_hardware.hpp"
#include "configs/reader/load_kernels.hpp"
#include "configs/reader/profile_figures.hpp"
#include "model/compute.hpp"

namespace ithaca {
namespace {

constexpr std::array<const char*, kDtypes> kDtypeNames{"bf16", "fp16", "fp32", "fp8"};
constexpr std::size_t kBf16 = 0, kFp16 = 1, kFp32 = 2, kFp8 = 3;

using Rate = Figure<FlopPerSecond>;

/// A GPU file without what it takes from others.
struct GpuFile {
  LoadedGpu loaded;
  std::string gemm_kernels, streaming_kernels;  ///< the last may be empty
  std::vector<std::string> attention_kernels;   ///< a later file's curve replaces an earlier one's of the same kernel
};

/// NCCL's generation; 0 where it has none.
Parsed<std::int64_t> parse_arch(std::string_view text) {
  auto arch = parse_count(text);
  if (arch && (arch.value() < 0 || arch.value() > 999))
    return UnitError{"'" + std::string(text) + "' is no generation", "70, 80, 90, 100, or 0 for others"};
  return arch;
}

void read_rates(const Document& document, Fields& fields, const Node* sources, Gpu& gpu,
                std::vector<FigureSource>& record, Diagnostics& diagnostics) {
  std::array<Rate, kDtypes> peaks;
  if (const Node* map = fields.map("peak")) {
    Fields inside(document, *map, "peak", diagnostics);
    Figures peak(inside, sources, "gpu.peak.", record);
    peaks[kBf16] = peak.maybe("bf16", parse_flop_rate);
    peaks[kFp16] = peak.need("fp16", parse_flop_rate);
    peaks[kFp32] = peak.need("fp32", parse_flop_rate);
    peaks[kFp8] = peak.maybe("fp8", parse_flop_rate);
    inside.finish();
  }
  for (std::size_t i = 0; i < kDtypes; ++i) gpu.peak[i] = peaks[i].value;
  if (!fields.has("sustained")) return;
  const Node* map = fields.map("sustained");
  if (map == nullptr) return;
  Fields inside(document, *map, "sustained", diagnostics);
  Figures sustained(inside, sources, "gpu.sustained.", record);
  for (std::size_t i = 0; i < kDtypes; ++i) {
    const Rate rate = sustained.maybe(kDtypeNames[i], parse_flop_rate);
    gpu.sustained[i] = rate.value;
    sustained.at_most("sustained", rate, "peak", peaks[i]);
    if (rate.node != nullptr && peaks[i].node == nullptr)
      inside.problem(*rate.node, std::string("a sustained rate in ") + kDtypeNames[i] + ", but no peak", "",
                     std::string("give 'peak' its ") + kDtypeNames[i]);
  }
  inside.finish();
}

void read_kernel_names(const Document& document, Fields& fields, GpuFile& file, Diagnostics& diagnostics) {
  const Node* node = fields.needed_node("kernels");
  if (node == nullptr) return;
  if (node->kind == Node::Kind::scalar) {
    file.gemm_kernels = beside(document, node->text);
    file.attention_kernels = {file.gemm_kernels};
    return;
  }
  const Node* map = fields.map("kernels");
  if (map == nullptr) return;
  Fields inside(document, *map, "kernels", diagnostics);
  file.gemm_kernels = beside(document, inside.text("gemm"));
  const Node* attention = inside.node("attention");
  if (attention != nullptr && attention->kind == Node::Kind::sequence) {
    for (const Node& name : inside.sequence("attention")->items)
      file.attention_kernels.push_back(beside(document, name.text));
  } else {
    file.attention_kernels = {beside(document, inside.text("attention"))};
  }
  if (inside.has("streaming")) file.streaming_kernels = beside(document, inside.text("streaming"));
  inside.finish();
}

Result<GpuFile, Diagnostics> read_gpu(const Document& document) {
  Diagnostics diagnostics;
  GpuFile file;
  Gpu& gpu = file.loaded.gpu;
  Fields fields(document, document.root, "GPU", diagnostics);
  check_schema(fields, "gpu");
  gpu.name = fields.text("name");
  file.loaded.description = fields.text_or("description", "");
  const Node* sources = fields.map("sources");
  Figures figures(fields, sources, "gpu.", file.loaded.sources);
  gpu.arch = static_cast<int>(fields.need("arch", parse_arch));
  gpu.sms = static_cast<int>(figures.need("sms", parse_devices).value);
  gpu.memory = figures.need("memory", parse_bytes).value;
  gpu.memory_rate = figures.need("memory_rate", parse_rate).value;
  gpu.memory_efficiency = figures.need("memory_efficiency", parse_share).value;
  read_rates(document, fields, sources, gpu, file.loaded.sources, diagnostics);
  gpu.host_link = figures.need("host_link", parse_rate).value;
  read_kernel_names(document, fields, file, diagnostics);
  fields.finish();
  if (!diagnostics.empty()) return diagnostics;
  return file;
}

Result<GpuFile, Diagnostics> open_gpu(std::string_view name_or_path) {
  const auto document = open_document(Kind::gpu, name_or_path);
  if (!document) return document.error();
  return read_gpu(*document);
}

/// The share of its peak that a GPU reaches; bf16 and fp16 run on the same units. Zero if nobody measured it.
double sustained_share(const Gpu& gpu, std::size_t dtype) {
  const auto share = [&](std::size_t i) {
    return gpu.peak[i].value() > 0 ? gpu.sustained[i].value() / gpu.peak[i].value() : 0;
  };
  if (dtype == kFp8 && share(kFp8) > 0) return share(kFp8);
  return dtype == kFp32 ? share(kFp32) : std::max(share(kBf16), share(kFp16));
}

/// Fills the sustained rates that the file does not have.
void derive_sustained(LoadedGpu& loaded, const Gpu& reference) {
  Gpu& gpu = loaded.gpu;
  for (std::size_t i = 0; i < kDtypes; ++i) {
    if (!(gpu.peak[i].value() > 0) || gpu.sustained[i].value() > 0) continue;
    const double own = sustained_share(gpu, i), other = sustained_share(reference, i);
    if (own <= 0 && other <= 0) continue;
    gpu.sustained[i] = gpu.peak[i] * (own > 0 ? own : other);
    const std::string origin = own > 0 ? "the share that its half-precision units reach"
                                       : "the share of its peak that " + reference.name + " reaches";
    loaded.sources.push_back({std::string("gpu.sustained.") + kDtypeNames[i], exact(gpu.sustained[i]),
                              own > 0 ? Mark::measured : Mark::extrapolated, origin});
  }
}

/// The kernel file behind a name and the GPU it was measured on, with what that GPU's file itself says.
struct Measured {
  Kernels kernels;
  LoadedGpu on;
};
Result<Measured, Diagnostics> open_kernels(const std::string& name, const LoadedGpu& self) {
  auto kernels = load_kernels(name);
  if (!kernels) return kernels.error();
  if (kernels->gpu == self.gpu.name) return Measured{*kernels, self};
  auto on = open_gpu(kernels->gpu);
  if (!on) return on.error();
  derive_sustained(on.value().loaded, on->loaded.gpu);
  return Measured{*kernels, on->loaded};
}

void record_curve(LoadedGpu& loaded, const std::string& figure, const std::string& what, Mark mark,
                  const Measured& measured) {
  const bool own = measured.on.gpu.name == loaded.gpu.name;
  loaded.sources.push_back(
      {figure, what, mark,
       measured.kernels.source + (own ? "" : " (measured on " + measured.kernels.gpu + ", rescaled)")});
}

/// What a kernel's curve owes to another measurement is no better than extrapolated.
void add_attention(LoadedGpu& loaded, const Measured& measured) {
  const bool own = measured.on.gpu.name == loaded.gpu.name;
  for (const AttentionKernel& kernel : measured.kernels.attention) {
    const Mark mark = own && kernel.derived.empty() ? kernel.mark : Mark::extrapolated;
    CurveError error = attention_error(measured.kernels.errors, kernel.kernel);
    if (!error.known) error = step_error(measured.kernels.errors);
    const AttentionChoice here{kernel.kernel, rescale(kernel.curve, measured.on.gpu, loaded.gpu), mark,
                               own ? error : carried_attention(error)};
    const auto same = [&](const AttentionChoice& k) { return k.kernel == kernel.kernel; };
    auto place = std::find_if(loaded.attention.begin(), loaded.attention.end(), same);
    if (place == loaded.attention.end()) place = loaded.attention.insert(place, here);
    *place = here;
    const std::string figure = "gpu.kernels.attention" + (place == loaded.attention.begin() ? "" : "." + kernel.kernel);
    std::erase_if(loaded.sources, [&](const FigureSource& s) { return s.figure == figure; });
    record_curve(loaded, figure, measured.kernels.name + " " + kernel.kernel, mark, measured);
  }
  loaded.gpu.attention = loaded.attention.front().curve;
  loaded.gpu.attention_mark = loaded.attention.front().mark;
}

/// Large copies reach more of the memory's rate than a layer's streaming kernels; another GPU's share is a guess.
void add_streaming(LoadedGpu& loaded, const Measured& measured) {
  const bool own = measured.on.gpu.name == loaded.gpu.name;
  const StreamingFit& fit = *measured.kernels.streaming;
  loaded.gpu.streaming_efficiency = fit.efficiency;
  loaded.gpu.host = fit.host;
  const CurveError steps = step_error(measured.kernels.errors);
  if (own) loaded.uncertainty.steps = steps.common;
  if (own) loaded.uncertainty.streaming = {steps.known, steps.common, 0};
  record_curve(loaded, "gpu.kernels.streaming", measured.kernels.name, own ? fit.mark : Mark::extrapolated, measured);
}

Diagnostics no_curve(const std::string& file, const char* which) {
  Diagnostic problem;
  problem.at.file = file;
  problem.what = std::string("these kernels have no ") + which + " curve";
  problem.next = "name kernels that have one, or run ithaca_fit_kernels on measurements of them";
  return {problem};
}

}  // namespace

Result<LoadedGpu, Diagnostics> load_gpu(std::string_view name_or_path) {
  const auto file = open_gpu(name_or_path);
  if (!file) return file.error();
  LoadedGpu loaded = file->loaded;
  const auto gemm = open_kernels(file->gemm_kernels, loaded);
  if (!gemm) return gemm.error();
  if (!gemm->kernels.gemm) return no_curve(file->gemm_kernels, "GEMM");

  derive_sustained(loaded, gemm->on.gpu);
  Gpu& gpu = loaded.gpu;
  gpu.gemm = rescale(*gemm->kernels.gemm, gemm->on.gpu, gpu);
  gpu.gemm_mark = gemm->on.gpu.name == gpu.name ? gemm->kernels.gemm_mark : Mark::extrapolated;
  record_curve(loaded, "gpu.kernels.gemm", gemm->kernels.name, gpu.gemm_mark, *gemm);
  take_gemm_errors(gemm->kernels.errors, loaded.uncertainty);
  for (CurveError* error : {&loaded.uncertainty.half_gemm, &loaded.uncertainty.fp32_gemm}) {
    if (!error->known) *error = step_error(gemm->kernels.errors);
    if (gpu.gemm_mark == Mark::extrapolated) *error = carried_gemm(*error);
  }
  for (const std::string& name : file->attention_kernels) {
    const auto attention = open_kernels(name, loaded);
    if (!attention) return attention.error();
    if (attention->kernels.attention.empty()) return no_curve(name, "attention");
    add_attention(loaded, *attention);
  }
  loaded.uncertainty.streaming = carried_streaming();
  if (file->streaming_kernels.empty()) return loaded;
  const auto streaming = open_kernels(file->streaming_kernels, loaded);
  if (!streaming) return streaming.error();
  if (!streaming->kernels.streaming) return no_curve(file->streaming_kernels, "streaming");
  add_streaming(loaded, *streaming);
  return loaded;
}

}  // namespace ithaca
